//! A database that cannot be used when a call is settled.

use std::time::Duration;

use local::postgrest::Fault;
use local::upstash::Engine;
use serde_json::json;
use shared::credits::hold::Hold;
use shared::credits::settle::{drain_outbox, settle};
use tests::answer::Answer;
use tests::deadline::late_enough;
use tests::watch::Watch;
use tests::wire::WIRES;
use tests::world::{MODEL, World, hello, nanos, read, send};
use tokio::time::Instant;
use uuid::Uuid;

use super::{CREDIT, waiting_settles};

#[tokio::test]
async fn a_settle_is_tried_again_and_charged_once() {
    let world = World::start().await;
    let mut spent = 0;
    let account = world.account(CREDIT).await;
    let watch = Watch::new(&world);
    for (fault, times) in [
        (Fault::Refuse, 1),
        // Committed, but we did not hear of it.
        (Fault::DropAnswer, 1),
        (Fault::DropAnswer, 2),
        (Fault::Raise("40P01".to_owned()), 2),
        (Fault::Answer { status: 401, content_type: "text/html".to_owned(), body: "<html>".to_owned() }, 1),
    ] {
        let case = format!("{fault:?}");
        watch.clear();
        world.platform.postgrest.control().fail(Some("finish_request"), Some(times), fault);
        let (status, answer) = read(send(world.chat(&account.key, &hello(&json!({})))).await).await;
        assert_eq!(status, 200, "{case}: {answer}");
        spent += nanos(&answer["usage"]["cost"]);
        tests::watch::poll("the settle", || async { watch.functions().len() >= times + 2 }).await;
        world.settled().await;
        let settles = watch.functions().iter().filter(|function| *function == "finish_request").count();
        assert_eq!(settles, times + 1, "{case}");
        assert_eq!(world.money(account.id).await, (CREDIT - spent, 0, 0), "{case}");
        assert_eq!(waiting_settles(&world).await, 0, "{case}");
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn so_is_one_of_a_call_that_was_cut_at_its_deadline() {
    late_enough(async |deadline, _| {
        let world = World::with(Engine::InProcess, deadline).await;
        let account = world.account(CREDIT).await;
        let providers = world.platform.providers.control();
        providers.set("openrouter", Some("hang")).expect("a behaviour");
        providers.record(true);
        world.platform.postgrest.control().fail(Some("finish_request"), Some(1), Fault::Refuse);
        let answer = Answer::to(world.chat(&account.key, &hello(&json!({})))).await;
        if providers.requests().is_empty() {
            return None;
        }
        assert_eq!(answer.status, 504, "{}", answer.text);
        let stored = || async { world.money(account.id).await.1 == 0 || waiting_settles(&world).await > 0 };
        tests::watch::poll("the settle", stored).await;
        assert_eq!((world.money(account.id).await, waiting_settles(&world).await), ((CREDIT, 0, 0), 0));
        Some(())
    })
    .await;
}

#[tokio::test]
async fn one_whose_turn_does_not_come_waits_in_the_outbox() {
    let world = World::start().await;
    let account = world.account(CREDIT).await;
    let call_id = Uuid::now_v7();
    let begin = json!({
        "caller": {"key_hashes": [world.hash(&account.key)], "request_id": "r"},
        "call": {"call_id": call_id, "model": MODEL, "providers": ["openrouter"], "allowed": ["openrouter"],
                 "prompt_bound": 50, "images": 0, "tools": false, "modalities": [], "choices": 1, "output_limit": 100,
                 "hold_seconds": 60, "markup": 10_000}});
    let hold: Hold =
        serde_json::from_value(world.value(&format!("select public.begin_request('{begin}')::jsonb")).await)
            .expect("a hold");
    let settlement = tests::facts::settlement(call_id, Some(hold.facts(Some("openrouter"), None, None, 0)));
    let app = world.platform.gateway().expect("an app");
    // Two are at the database, and stay there.
    let later = Instant::now() + Duration::from_secs(60);
    let taken = [app.turns.settle(account.id, later).await, app.turns.settle(account.id, later).await];
    assert!(taken.iter().all(Option::is_some));
    let charged = settle(&app, &settlement, Instant::now() + Duration::from_millis(20)).await;
    assert_eq!((charged.stored, waiting_settles(&world).await), (false, 1));
    assert_eq!(drain_outbox(&app).await, 1);
    let (balance, held, _) = world.money(account.id).await;
    assert!(balance < CREDIT && held == 0, "{balance} {held}");
    world.assert_ledger_clean().await;
}

/// The database takes nothing of what is said in a call.
const SPEECHLESS: &str = "
    create function gateway.refuse_words() returns trigger language plpgsql as $$
    begin
      perform gateway.refuse(gateway.refusal(400, 'invalid_request'));
      return null;
    end $$;
    create trigger speechless before insert on gateway.idempotent_calls
      for each row when (new.ciphertext is not null) execute function gateway.refuse_words();
    create trigger speechless before insert on gateway.chat_messages for each row execute function gateway.refuse_words();
    create trigger speechless before insert on gateway.stored_responses for each row execute function gateway.refuse_words()";

#[tokio::test]
async fn a_call_is_charged_though_what_was_said_in_it_is_not_taken() {
    let world = World::start().await;
    let account = world.account(CREDIT).await;
    let made = Answer::to(world.post("/v1/chat/sessions", &account.key, &json!({ "title": "t" }))).await.success();
    world.sql(SPEECHLESS).await;
    let (chat, responses) = (&WIRES[0], WIRES.iter().find(|wire| wire.name == "responses").expect("a wire"));
    let turn = format!("{}?session_id={}", chat.path(), made["id"].as_str().expect("an id"));
    let mut left = CREDIT;
    for (wire, path, key) in [(chat, chat.path(), "k"), (chat, turn.as_str(), ""), (responses, responses.path(), "")] {
        world.serves(wire, "standin/normal").await;
        let mut request = world.post(path, &account.key, &wire.say("Hello", &json!({})));
        if !key.is_empty() {
            request = request.header("idempotency-key", key);
        }
        left -= nanos(&wire.usage(&Answer::to(request).await.success())["cost"]);
        world.settled().await;
        assert_eq!(world.money(account.id).await, (left, 0, 0), "{path}");
        assert_eq!(waiting_settles(&world).await, 0, "{path}");
    }
    world.assert_ledger_clean().await;
}
