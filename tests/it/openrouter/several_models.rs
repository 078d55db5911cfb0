//! `models`: one call, held once at the dearest of them, answered and paid for as the first that can.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::certain;
use tests::world::{Account, Route, World, hello};
use tokio::sync::watch;

use super::{ask, refused};

/// The 5 bytes of Hello and 16 for the message, and 100 tokens of an answer, at [`Route::new`]'s prices.
const HOLD: i64 = 21 * 1_000 + 100 * 2_000;
/// What `standin/usage` reports, at these.
const COST: i64 = 80 * 1_000 + 20 * 500 + 50 * 2_000;

/// A route that is so many times as dear.
fn times(factor: i64, upstream: &'static str) -> Route<'static> {
    let one = Route::new("openrouter", upstream);
    Route { prompt: factor * one.prompt, cached: factor * one.cached, completion: factor * one.completion, ..one }
}

/// A world with models that fail (down: 2, refused: 7 times the usual price) and that answer (up: 3, dear: 5, usual: 1).
async fn world() -> World {
    let world = World::start().await;
    world.model("test/down", &[times(2, "standin/status?code=500")]).await;
    world.model("test/refused", &[times(7, "standin/status?code=503")]).await;
    world.model("test/up", &[times(3, "standin/usage")]).await;
    world.model("test/dear", &[times(5, "standin/usage")]).await;
    world.model("test/usual", &[times(1, "standin/usage")]).await;
    world.model("test/closed", &[]).await;
    world
}

/// Forgets which routes have failed.
async fn forget(world: &World) {
    world.platform.upstash.execute(&["DEL", "breaker"]).await.expect("DEL");
}

fn asked(models: &[&str], further: Value) -> Value {
    let mut body = hello(&json!({ "model": models[0], "models": models, "route": "fallback", "max_tokens": 100 }));
    body.as_object_mut().expect("an object").extend(further.as_object().expect("members").clone());
    body
}

async fn chat(world: &World, by: &Account, models: &[&str], further: Value) -> Answer {
    let answer = ask(world, Method::POST, "/chat/completions", by, &asked(models, further)).await;
    world.settled().await;
    answer
}

#[tokio::test]
async fn the_first_that_can_answers_and_the_one_call_is_held_at_the_dearest() {
    let world = world().await;
    let owner = world.account(1_000_000_000).await;
    for (calls, (models, stream, serves, attempted, dearest, factor)) in [
        (&["test/down", "test/up"][..], false, "test/up", &["test/down", "test/up"][..], 3, 3),
        (&["test/down", "test/up"], true, "test/up", &["test/down", "test/up"], 3, 3),
        // Who answers first is paid for, and the dearest behind it is held for all the same.
        (&["test/usual", "test/dear"], false, "test/usual", &["test/usual"], 5, 1),
        (
            &["test/refused", "test/down", "test/usual", "test/dear"],
            true,
            "test/usual",
            &["test/refused", "test/down", "test/usual"],
            7,
            1,
        ),
        // A model that nobody serves is left out.
        (&["test/closed", "test/up"], false, "test/up", &["test/up"], 3, 3),
        (&["test/down", "test/closed", "test/up"], false, "test/up", &["test/down", "test/up"], 3, 3),
        (&["test/up"], false, "test/up", &["test/up"], 3, 3),
    ]
    .into_iter()
    .enumerate()
    {
        forget(&world).await;
        let before = world.money(owner.id).await.0;
        let answer = chat(&world, &owner, models, json!({ "stream": stream })).await;
        let told = if stream { answer.events().pop().expect("chunks") } else { answer.success() };
        assert_eq!(told["model"], serves, "{told}");
        let record = world.newest_call().await;
        assert_eq!(
            (&record["model"], &record["held"], &record["cost"]),
            (&json!(serves), &json!(dearest * HOLD), &json!(factor * COST)),
            "{models:?}"
        );
        assert_eq!(before - world.money(owner.id).await.0, factor * COST);
        // One call, of the account's month and of its key, and one row, with all that were asked.
        assert_eq!(world.recorded_calls().await, i64::try_from(calls).expect("a number") + 1);
        let call = record["call_id"].as_str().expect("an id");
        let detail = Answer::to(world.get(&format!("/user/activity/log/{call}"), &owner.key)).await.success();
        let told: Vec<&Value> =
            detail["attempts"].as_array().expect("attempts").iter().map(|it| &it["model"]).collect();
        assert_eq!(told, attempted, "{detail}");
        let counted = format!("select month_requests from gateway.accounts where id = '{}'", owner.id);
        assert_eq!(world.value(&counted).await, json!(calls + 1));
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn what_the_caller_lacks_ends_the_list_and_is_told_where_all_before_it_fail() {
    let world = world().await;
    let owner = world.account(1_000_000_000).await;
    // The last failure is told.
    refused(&chat(&world, &owner, &["test/down", "test/refused"], json!({})).await, 502, "upstream_error");
    refused(&chat(&world, &owner, &["test/closed", "test/closed"], json!({})).await, 503, "model_not_priced");
    let record = world.newest_call().await;
    assert_eq!((&record["model"], &record["cost"]), (&json!("test/refused"), &json!(0)));
    for (allowed, first, behind, status, code) in [
        ("", "test/nothing", "test/up", 404, "model_not_found"),
        ("test/up", "test/down", "test/up", 403, "model_not_allowed"),
    ] {
        world.change_key(&owner, &format!("allowed_models = '{{{allowed}}}'")).await;
        // At the first place nobody is asked.
        refused(&chat(&world, &owner, &[first, behind], json!({})).await, status, code);
        // Behind one that answers it is not told of, and neither held for nor looked behind.
        world.change_key(&owner, "allowed_models = '{test/usual,test/down,test/up,test/nothing}'").await;
        let nowhere = if code == "model_not_allowed" { "test/dear" } else { first };
        let answer = chat(&world, &owner, &["test/usual", nowhere, "test/up"], json!({})).await.success();
        assert_eq!((&answer["model"], &world.newest_call().await["held"]), (&json!("test/usual"), &json!(HOLD)));
        forget(&world).await;
        refused(&chat(&world, &owner, &["test/down", nowhere, "test/up"], json!({})).await, status, code);
        assert_eq!(world.newest_call().await["held"], json!(2 * HOLD));
    }
    world.change_key(&owner, "allowed_models = '{}'").await;
    // So does a price: who can pay for the first ones has these.
    let poor = world.account(3 * HOLD).await;
    forget(&world).await;
    refused(&chat(&world, &poor, &["test/dear", "test/usual"], json!({})).await, 402, "insufficient_credits");
    refused(
        &chat(&world, &poor, &["test/down", "test/dear", "test/usual"], json!({})).await,
        402,
        "insufficient_credits",
    );
    assert_eq!(world.newest_call().await["held"], json!(2 * HOLD));
    let answer = chat(&world, &poor, &["test/down", "test/up", "test/dear"], json!({})).await.success();
    assert_eq!((&answer["model"], &world.newest_call().await["held"]), (&json!("test/up"), &json!(3 * HOLD)));
    assert_eq!(world.money(poor.id).await, (3 * HOLD - 3 * COST, 0, 0));
    // At OpenAI's base URL nobody knows of it.
    Answer::to(world.chat(&owner.key, &asked(&["test/up"], json!({})))).await.refused(400, "invalid_request");
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_prompt_that_is_too_long_for_one_is_asked_of_the_next_within_the_same_call() {
    let world = world().await;
    let owner = world.account(100_000_000_000).await;
    world.sql("update gateway.models set context_length = 100 where id in ('test/dear', 'test/usual')").await;
    let long = json!({ "messages": [{ "role": "user", "content": "word ".repeat(1000) }] });
    let answer = chat(&world, &owner, &["test/dear", "test/up", "test/usual"], long.clone()).await.success();
    assert_eq!((&answer["model"], world.recorded_calls().await), (&json!("test/up"), 1));
    // Behind one that has failed, too; and nobody has been charged where none has room.
    let answer = chat(&world, &owner, &["test/down", "test/usual", "test/up"], long.clone()).await.success();
    assert_eq!((&answer["model"], &world.newest_call().await["cost"]), (&json!("test/up"), &json!(3 * COST)));
    let before = world.money(owner.id).await;
    refused(&chat(&world, &owner, &["test/dear", "test/usual"], long).await, 400, "context_length_exceeded");
    assert_eq!((world.money(owner.id).await, world.leases().await), (before, 0));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn of_a_call_of_which_nothing_is_known_no_more_is_charged_than_its_own_model_may_cost() {
    let world = world().await;
    let owner = world.account(1_000_000_000).await;
    // It reasons, and its provider never says what it has used before the connection breaks.
    world.model("test/thinks", &[times(1, "standin/cut?after=2")]).await;
    world.sql("update gateway.models set reasoning = true where id = 'test/thinks'").await;
    let control = world.platform.providers.control();
    // The hold is lost on the way, as in a crash of the database: the settlement brings it back, as it was.
    let gate = control.gate();
    let body = asked(&["test/down", "test/up", "test/dear"], json!({}));
    let running = {
        let (base, key) = (format!("{}/api/v1/chat/completions", world.base_url), owner.key.clone());
        let request = world.http.post(base).bearer_auth(key).header("content-type", "application/json");
        tokio::spawn(Answer::to(request.body(body.to_string())))
    };
    certain("the call at its first model", gate.wait_for(1)).await;
    let held = world.value("select amount from gateway.holds where state = 'open'").await;
    assert_eq!(held, json!(5 * HOLD));
    world
        .sql(&format!(
            "delete from gateway.holds; update gateway.accounts set held = 0, month_requests = 0 where id = '{}'",
            owner.id
        ))
        .await;
    gate.release();
    let answer = running.await.expect("no panic").success();
    assert_eq!(answer["model"], "test/up");
    // No hold is left that would show whether it is settled; its record does.
    let recorded = async {
        while world.recorded_calls().await == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    certain("the record of the call", recorded).await;
    let record = world.newest_call().await;
    assert_eq!((&record["held"], &record["cost"]), (&json!(5 * HOLD), &json!(3 * COST)));
    assert_eq!(world.money(owner.id).await, (1_000_000_000 - 3 * COST, 0, 0));
    // What is charged where nobody knows is the hold of the model that was asked.
    let answer = chat(&world, &owner, &["test/thinks", "test/dear"], json!({ "stream": true })).await;
    assert!(answer.text.contains("error"), "{}", answer.text);
    let record = world.newest_call().await;
    let cost = record["cost"].as_i64().expect("a cost");
    assert!(cost <= HOLD && record["held"] == json!(5 * HOLD), "{record}");
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn own_keys_budgets_idempotency_and_the_cache_go_by_the_model_that_answers() {
    const OWN: &str = "sk-own-0123456789abcdef";
    let world = world().await;
    let owner = world.account(1_000_000_000).await;
    // An end user's budget covers the first two, and is charged once.
    let budget = json!({ "user": "ann", "budget": { "amount": 0.001 } });
    let set = world.http.put(format!("{}/user/end-users", world.base_url)).bearer_auth(&owner.key);
    Answer::to(set.header("content-type", "application/json").body(budget.to_string())).await.success();
    let answer = chat(&world, &owner, &["test/down", "test/up", "test/dear"], json!({ "user": "ann" })).await.success();
    assert_eq!((&answer["model"], &world.newest_call().await["held"]), (&json!("test/up"), &json!(3 * HOLD)));
    let spent = world.value("select spent from gateway.end_users where name = 'ann'").await;
    assert_eq!(spent, json!(3 * COST));
    forget(&world).await;
    let told = chat(&world, &owner, &["test/down", "test/dear"], json!({ "user": "ann" })).await;
    refused(&told, 402, "end_user_budget_reached");

    // The same key again gets the same answer, whichever model gave it.
    let mut answers = Vec::new();
    for _ in 0..2 {
        let request = world.http.post(format!("{}/api/v1/chat/completions", world.base_url)).bearer_auth(&owner.key);
        let request = request.header("content-type", "application/json").header("idempotency-key", "one");
        let answer = Answer::to(request.body(asked(&["test/down", "test/up"], json!({})).to_string())).await;
        world.settled().await;
        answers.push(answer.success());
    }
    assert_eq!((&answers[0]["id"], &answers[0]["model"]), (&answers[1]["id"], &json!("test/up")));

    // A cached answer is one of the model that has written it, for whoever may ask that one.
    let body = asked(&["test/down", "test/up"], json!({ "seed": 7 }));
    let cached = async |by: &Account| {
        forget(&world).await;
        let request = world.http.post(format!("{}/api/v1/chat/completions", world.base_url)).bearer_auth(&by.key);
        let request = request.header("content-type", "application/json").header("x-openrouter-cache", "true");
        let answer = Answer::to(request.body(body.to_string())).await;
        world.settled().await;
        answer
    };
    for status in ["MISS", "HIT"] {
        let answer = cached(&owner).await;
        assert_eq!((answer.header("x-openrouter-cache-status"), answer.status), (status, 200), "{}", answer.text);
        let record = world.newest_call().await;
        let cost = if status == "HIT" { 0 } else { 3 * COST };
        assert_eq!((&record["model"], &record["cost"]), (&json!("test/up"), &json!(cost)));
    }
    let narrow = world.another_key(&owner, "inference").await;
    world.change_key(&narrow, "allowed_models = '{test/down}'").await;
    refused(&cached(&narrow).await, 403, "model_not_allowed");

    // An own key serves its model for nothing; the next one is ours.
    let control = world.platform.providers.control();
    control.add_customer("chutes", OWN).expect("a provider");
    world.own_key(owner.id, "chutes", OWN).await;
    let own = |upstream| Route { provider: "chutes", ..times(1, upstream) };
    world.model("test/own", &[own("standin/usage")]).await;
    world.model("test/own-down", &[own("standin/status?code=500")]).await;
    for (first, serves, cost) in [("test/own", "test/own", 0), ("test/own-down", "test/up", 3 * COST)] {
        let answer = chat(&world, &owner, &[first, "test/up"], json!({})).await.success();
        let record = world.newest_call().await;
        assert_eq!((&answer["model"], &record["cost"]), (&json!(serves), &json!(cost)), "{first}");
        assert_eq!((&record["own_key"], &record["held"]), (&json!(cost == 0), &json!(3 * HOLD)), "{first}");
    }
    // One that its provider refuses is to be mended, and is not paid over for.
    world.own_key(owner.id, "chutes", "sk-own-that-nobody-knows").await;
    let told = chat(&world, &owner, &["test/own", "test/up"], json!({})).await;
    refused(&told, 401, "provider_key_rejected");
    world.assert_ledger_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_calls_at_once_exactly_those_are_let_in_whose_dearest_models_are_paid_for() {
    const CALLS: usize = 40;
    const SERVED: usize = 7;
    let Some(world) = World::concurrent("calls of several models at once").await else { return };
    world.model("test/usual", &[times(1, "standin/usage")]).await;
    world.model("test/dear", &[times(5, "standin/usage")]).await;
    let credit = i64::try_from(SERVED).expect("a number") * 5 * HOLD + HOLD / 2;
    let account = world.account(credit).await;
    let gate = world.platform.providers.control().gate();
    let answered = watch::Sender::new(0);
    // The dear one alone decides: the usual one behind it is not looked at where that cannot be paid.
    let body = asked(&["test/dear", "test/usual"], json!({}));
    let calls = (0..CALLS).map(|_| async {
        let answer = ask(&world, Method::POST, "/chat/completions", &account, &body).await;
        answered.send_modify(|count| *count += 1);
        answer
    });
    let all_decided = async {
        certain("those that are let in", gate.wait_for(SERVED)).await;
        let refused = answered.subscribe().wait_for(|count| *count == CALLS - SERVED).await.map(|count| *count);
        assert_eq!(refused.ok(), Some(CALLS - SERVED));
        gate.release();
    };
    let (answers, ()) = tokio::join!(join_all(calls), certain("every call's admission or refusal", all_decided));
    world.settled().await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), SERVED);
    for refusal in answers.iter().filter(|answer| answer.status != 200) {
        refused(refusal, 402, "credits_in_flight");
    }
    let paid = i64::try_from(SERVED).expect("a number") * 5 * COST;
    assert_eq!(world.money(account.id).await, (credit - paid, 0, 0));
    world.assert_ledger_clean().await;
}
