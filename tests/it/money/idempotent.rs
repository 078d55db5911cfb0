//! A plain call with an Idempotency-Key is charged once: who comes with it again gets the same answer.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::certain;
use tests::scripted::{Script, Scripted};
use tests::watch::poll;
use tests::whole::WHOLES;
use tests::wire::{WIRES, Wire};
use tests::world::{Account, CREDIT, Deployment, Route, World, nanos};

async fn ask(world: &World, wire: &Wire, account: &Account, text: &str, key: &str) -> Answer {
    let request = world.post(wire.path(), &account.key, &wire.say(text, &json!({})));
    Answer::to(request.header("idempotency-key", key)).await
}

/// Of a call's answer in any format.
fn cost(answer: &Answer) -> i64 {
    nanos(&answer.json()["usage"]["cost"])
}

async fn kept(world: &World) -> Value {
    world.value("select count(*) from gateway.idempotent_calls").await
}

#[tokio::test]
async fn the_same_request_gets_the_same_answer_and_is_charged_once() {
    let world = World::start().await;
    for wire in &WIRES {
        world.serves(wire, "standin/normal").await;
        let account = world.account(CREDIT).await;
        let first = ask(&world, wire, &account, "a secret question", "k").await;
        assert_eq!((first.status, first.header("idempotent-replayed")), (200, ""), "{}", wire.name);
        world.settled().await;
        // Whatever has become of the account's credit since.
        world.change_account(&account, "rate_limits = '{\"requests_per_month\": 1}'").await;
        let again = ask(&world, wire, &account, "a secret question", "k").await;
        assert_eq!((again.status, &again.text), (200, &first.text), "{}", wire.name);
        assert_eq!(again.header("idempotent-replayed"), "true");
        assert!(!again.header("x-ratelimit-limit-requests").is_empty() && !again.header("server-timing").is_empty());
        world.settled().await;
        assert_eq!(world.money(account.id).await, (CREDIT - cost(&first), 0, 0), "{}", wire.name);
        assert_eq!(world.leases().await, 0);
        // What was answered is nowhere to be read.
        assert!(!world.is_stored(&wire.text(&first.json())).await, "{}", wire.name);
    }
    world.assert_ledger_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_requests_at_the_same_time_one_runs_and_the_others_are_told_to_wait() {
    let Some(world) = World::concurrent("one key at the same time").await else { return };
    for wire in &WIRES {
        world.serves(wire, "standin/normal").await;
        let account = world.account(CREDIT).await;
        let gate = world.platform.providers.control().gate();
        let release = async {
            gate.wait_for(1).await;
            let refused = ask(&world, wire, &account, "Hello", "k").await;
            assert_eq!((refused.header("retry-after"), refused.header("x-should-retry")), ("1", "true"));
            refused.refused(409, "idempotency_in_progress");
            ask(&world, wire, &account, "another", "k").await.refused(409, "idempotency_conflict");
            gate.release();
        };
        let (answers, ()) = tokio::join!(join_all((0..4).map(|_| ask(&world, wire, &account, "Hello", "k"))), release);
        let (served, waiting): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 200);
        // Some may have come when it was over.
        assert!(served.iter().all(|answer| answer.text == served[0].text), "{}", wire.name);
        let ran = served.iter().filter(|answer| answer.header("idempotent-replayed").is_empty());
        assert_eq!(ran.count(), 1, "{}", wire.name);
        for refused in waiting {
            refused.refused(409, "idempotency_in_progress");
        }
        world.settled().await;
        assert_eq!(ask(&world, wire, &account, "Hello", "k").await.text, served[0].text);
        world.settled().await;
        assert_eq!(world.money(account.id).await, (CREDIT - cost(&served[0]), 0, 0), "{}", wire.name);
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_key_is_its_accounts_own_and_bound_to_its_body_and_path() {
    let world = World::start().await;
    let (chat, texts) = (&WIRES[0], &WIRES[1]);
    world.serves(chat, "standin/normal").await;
    let (one, other) = (world.account(CREDIT).await, world.account(CREDIT).await);
    let first = ask(&world, chat, &one, "Hello", "k").await;
    world.settled().await;
    let theirs = ask(&world, chat, &other, "Hello", "k").await;
    assert_eq!((theirs.status, theirs.header("idempotent-replayed")), (200, ""));
    ask(&world, chat, &one, "other words", "k").await.refused(409, "idempotency_conflict");
    ask(&world, texts, &one, "Hello", "k").await.refused(409, "idempotency_conflict");
    for none in ["", &"k".repeat(256)] {
        ask(&world, chat, &one, "Hello", none).await.refused(400, "invalid_request");
    }
    // A revoked key gets no answer, whatever was paid for before.
    let further = world.another_key(&one, "*").await;
    assert_eq!(ask(&world, chat, &further, "Hello", "k").await.text, first.text);
    world.change_key(&further, "revoked_at = gateway.now()").await;
    ask(&world, chat, &further, "Hello", "k").await.refused(401, "api_key_revoked");
    world.settled().await;
    assert_eq!(world.money(one.id).await, (CREDIT - cost(&first), 0, 0));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn what_failed_is_not_remembered_and_a_stream_is_a_new_call_each_time() {
    let world = World::start().await;
    for wire in &WIRES {
        let account = world.account(CREDIT).await;
        world.serves(wire, "standin/status?code=500").await;
        assert_eq!(ask(&world, wire, &account, "Hello", "k").await.status, 502, "{}", wire.name);
        world.settled().await;
        world.serves(wire, "standin/normal").await;
        let answered = ask(&world, wire, &account, "Hello", "k").await;
        assert_eq!((answered.status, answered.header("idempotent-replayed")), (200, ""), "{}", wire.name);
        world.settled().await;
        let remembered = kept(&world).await;
        for _ in 0..2 {
            let request = world.post(wire.path(), &account.key, &wire.hello(&json!({"stream": true})));
            let stream = Answer::to(request.header("idempotency-key", "s")).await;
            assert_eq!((stream.status, stream.header("idempotent-replayed")), (200, ""), "{}", wire.name);
        }
        world.settled().await;
        assert_eq!(kept(&world).await, remembered);
    }
}

#[tokio::test]
async fn two_streams_under_one_key_run_at_the_same_time_and_both_are_charged() {
    let world = World::start().await;
    for wire in &WIRES {
        world.serves(wire, "standin/normal").await;
        let account = world.account(CREDIT).await;
        let gate = world.platform.providers.control().gate();
        let stream = || {
            let request = world.post(wire.path(), &account.key, &wire.hello(&json!({"stream": true})));
            tokio::spawn(Answer::to(request.header("idempotency-key", "s")))
        };
        let first = stream();
        certain("the first stream at its provider", gate.wait_for(1)).await;
        let second = stream();
        certain("the second one beside it", gate.wait_for(2)).await;
        // Both are at the gate, so neither is on record yet.
        let calls = world.recorded_calls().await;
        gate.release();
        for answer in [first, second] {
            let answer = answer.await.expect("no panic");
            assert_eq!((answer.status, answer.header("idempotent-replayed")), (200, ""), "{}", wire.name);
        }
        world.settled().await;
        assert_eq!(world.recorded_calls().await, calls + 2, "{}", wire.name);
    }
    assert_eq!(kept(&world).await, json!(0));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn without_a_keyring_there_is_nothing_to_seal_an_answer_with_and_nobody_is_asked() {
    let world = World::start().await;
    let bare = world.another_gateway_with(&[("ENCRYPTION_KEYS", "")]).await;
    let control = world.platform.providers.control();
    control.record(true);
    for wire in &WIRES {
        world.serves(wire, "standin/normal").await;
        let account = world.account(CREDIT).await;
        let ask = |name: &str| {
            let request = world.http.post(format!("{bare}{}", wire.path())).bearer_auth(&account.key);
            let request = request.header("content-type", "application/json").header(name, "k");
            Answer::to(request.body(wire.hello(&json!({})).to_string()))
        };
        control.clear();
        ask("idempotency-key").await.refused(503, "not_configured");
        world.settled().await;
        assert_eq!((control.requests().len(), world.money(account.id).await), (0, (CREDIT, 0, 0)), "{}", wire.name);
        // Whoever does not ask for it needs none.
        ask("x-other").await.success();
        world.settled().await;
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_form_is_another_request_each_time_that_it_is_written() {
    let world = World::start().await;
    for whole in WHOLES.iter().filter(|whole| whole.form) {
        world.offers(whole, &[Route::new(whole.provider, "standin/normal")]).await;
        let account = world.account(10 * CREDIT).await;
        let mut left = world.money(account.id).await.0;
        for _ in 0..2 {
            let request = world.request(whole, &account.key, &whole.hello(&json!({})));
            let answer = Answer::to(request.header("idempotency-key", "k")).await;
            whole.given(&answer);
            assert_eq!(answer.header("idempotent-replayed"), "", "{}", whole.name);
            world.settled().await;
            let before = std::mem::replace(&mut left, world.money(account.id).await.0);
            assert!(left < before, "{}: each is charged", whole.name);
        }
    }
    assert_eq!(kept(&world).await, json!(0));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn an_answer_that_is_too_large_to_be_kept_is_made_again() {
    let wire = &WIRES[0];
    let (world, provider) = Scripted::world(&Deployment::new().await, wire, &[]).await;
    let account = world.account(CREDIT).await;
    for (length, replayed) in [(1_000, "true"), (128 * 1024, "")] {
        let mut answer = wire.upstream_answer(&"x".repeat(length));
        answer["usage"] = json!({ "prompt_tokens": 9, "completion_tokens": 9 });
        provider.answers(Script::whole(&answer));
        let before = world.money(account.id).await.0;
        let key = length.to_string();
        let first = ask(&world, wire, &account, "Hello", &key).await;
        world.settled().await;
        let again = ask(&world, wire, &account, "Hello", &key).await;
        world.settled().await;
        assert_eq!((again.status, again.header("idempotent-replayed")), (200, replayed), "{length}");
        let charged = if replayed.is_empty() { 2 } else { 1 };
        assert_eq!(world.money(account.id).await.0, before - charged * cost(&first), "{length}");
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn an_answer_lasts_ten_minutes_and_goes_with_its_account() {
    let world = World::start().await;
    let chat = &WIRES[0];
    world.serves(chat, "standin/normal").await;
    let account = world.account(CREDIT).await;
    ask(&world, chat, &account, "Hello", "k").await;
    ask(&world, chat, &account, "Hello", "k2").await;
    world.settled().await;
    world
        .sql("update gateway.idempotent_calls set expires_at = expires_at - interval '10 minutes' where key = 'k'")
        .await;
    assert_eq!(ask(&world, chat, &account, "other words", "k").await.header("idempotent-replayed"), "");
    world.settled().await;
    world
        .sql("update gateway.idempotent_calls set expires_at = expires_at - interval '10 minutes' where key = 'k'")
        .await;
    world.sql("select public.sweep_holds()").await;
    assert_eq!(kept(&world).await, json!(1));
    let deletion = world.http.delete(format!("{}/user/account", world.base_url));
    let deletion = deletion.bearer_auth(&account.key).json(&json!({"confirmation": "DELETE_ACCOUNT"}));
    assert_eq!(Answer::to(deletion).await.status, 200);
    assert_eq!(kept(&world).await, json!(0));
}

/// The gateway dies between begin and settle: the key stays with the call as long as its hold does, and no longer.
#[tokio::test]
async fn a_call_that_nobody_settles_gives_its_key_back() {
    let world = World::start().await;
    let chat = &WIRES[0];
    world.serves(chat, "standin/normal").await;
    let account = world.account(CREDIT).await;
    let call = json!({"call_id": uuid::Uuid::now_v7(), "model": tests::world::MODEL, "kind": "chat", "providers": [chat.provider],
        "allowed": [], "prompt_bound": 50, "images": 0, "tools": false, "modalities": [], "choices": 1, "output_limit": 100,
        "hold_seconds": 60, "markup": 10_000, "idempotency": {"key": "k", "fingerprint": "f"}});
    let begin = json!({"caller": {"key_hashes": [world.hash(&account.key)]}, "call": call});
    let app = world.platform.gateway().expect("an app");
    let begun: Value = app.supabase().expect("configured").rpc("begin_request", &begin).await.expect("an answer");
    assert!(begun["held"].is_number(), "{begun}");
    ask(&world, chat, &account, "Hello", "k").await.refused(409, "idempotency_conflict");
    world.sql("update gateway.idempotent_calls set expires_at = gateway.now()").await;
    assert_eq!(ask(&world, chat, &account, "Hello", "k").await.status, 200);
    let kept = "select count(*) from gateway.idempotent_calls where ciphertext is not null";
    poll("the answer is kept", || async { world.value(kept).await == json!(1) }).await;
    // The settle of the first one comes all the same; it takes nothing from the second.
    let late = json!({"call_id": call["call_id"], "outcome": "failed", "provider": chat.provider,
        "hold": tests::facts::facts(&begun, chat.provider), "idempotency": call["idempotency"]});
    let _: Value = app.supabase().expect("configured").rpc("finish_request", &late).await.expect("an answer");
    assert_eq!(ask(&world, chat, &account, "Hello", "k").await.header("idempotent-replayed"), "true");
    world.settled().await;
    world.assert_ledger_clean().await;
}
