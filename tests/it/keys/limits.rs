//! How often a key may call, and how much it may spend in a period.

use serde_json::json;
use tests::answer::Answer;
use tests::wire::formats;
use tests::world::{World, hello};

/// What a call of `call()` reserves: the 5 bytes of Hello and 16 for the message, and its output.
const HOLD: i64 = 21 * 1_000 + 100 * 2_000;

fn call() -> serde_json::Value {
    hello(&json!({"max_tokens": 100}))
}

#[tokio::test]
async fn a_key_serves_as_many_requests_as_it_may_and_no_retry_helps_then() {
    let world = World::start().await;
    for wire in formats() {
        let account = world.account(1_000_000_000).await;
        let call = async |further| Answer::to(world.call(wire, &account.key, &wire.hello(&further))).await;
        world.change_key(&account, "max_requests = 3").await;
        // A call that is refused before a provider is asked uses none of them.
        call(json!({"model": "no/model"})).await.refused(404, "model_not_found");
        for _ in 0..3 {
            call(json!({})).await.success();
        }
        let refused = call(json!({})).await;
        refused.refused(429, "request_limit_reached");
        assert_eq!(refused.headers["x-should-retry"], "false");
        assert_eq!(Answer::to(world.get("/user/balance", &account.key)).await.status, 200);
        world.change_key(&account, "max_requests = 4").await;
        call(json!({})).await.success();
        call(json!({})).await.refused(429, "request_limit_reached");
    }
}

#[tokio::test]
async fn a_keys_spend_limit_ends_with_its_period_and_not_before() {
    let world = World::start().await;
    let wednesday = "2027-03-17 12:00Z";
    let periods = [
        ("day", "2027-03-17 00:00Z", "2027-03-17 23:59:59.999999Z", "2027-03-18 00:00Z"),
        ("week", "2027-03-15 00:00Z", "2027-03-21 23:59:59.999999Z", "2027-03-22 00:00Z"),
        ("month", "2027-03-01 00:00Z", "2027-03-31 23:59:59.999999Z", "2027-04-01 00:00Z"),
    ];
    for (period, began, last, next) in periods {
        world.set_clock(wednesday).await;
        let account = world.account(1_000_000_000).await;
        world
            .change_key(
                &account,
                &format!(
                    "spend_limit = {HOLD}, spent = {HOLD}, spend_period = '{period}', spend_period_start = '{began}'"
                ),
            )
            .await;
        for at in [wednesday, last] {
            world.set_clock(at).await;
            Answer::to(world.chat(&account.key, &call())).await.refused(402, "spend_limit_reached");
            assert_eq!(Answer::to(world.get("/user/balance", &account.key)).await.status, 200);
        }
        world.set_clock(next).await;
        world.completion(&account.key, &call()).await;
        world.settled().await;
        // What was spent before the new period is forgotten; what was spent in it counts.
        let key = format!("from gateway.api_keys where id = '{}'", account.key_id);
        assert_eq!(
            world.value(&format!("select spent = (select cost from gateway.requests where key_id = id) {key}")).await,
            json!(true),
            "{period}"
        );
        assert_eq!(world.value(&format!("select spend_period_start = '{next}' {key}")).await, json!(true), "{period}");
        // The limit holds in the new period too: beside what is spent, a whole hold does not fit.
        Answer::to(world.chat(&account.key, &call())).await.refused(402, "spend_limit_reached");
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_spend_limit_without_a_period_never_ends() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    world.change_key(&account, &format!("spend_limit = {HOLD}, spent = {HOLD}")).await;
    for at in ["2027-03-17 12:00Z", "2037-03-17 12:00Z"] {
        world.set_clock(at).await;
        Answer::to(world.chat(&account.key, &call())).await.refused(402, "spend_limit_reached");
    }
    world.change_key(&account, "spend_limit = null").await;
    world.completion(&account.key, &call()).await;
}

#[tokio::test]
async fn another_key_of_the_account_is_not_bound_by_a_keys_limits() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    let key = format!("gw_live_{}", "k".repeat(43));
    world
        .sql(&format!(
            "insert into gateway.api_keys (account_id, key_hash, prefix, last_four, name, environment)
               values ('{}', '{}', 'gw_live_', 'kkkk', 'other', 'live')",
            account.id,
            world.hash(&key)
        ))
        .await;
    world.change_key(&account, "max_requests = 1, requests_used = 1, spend_limit = 1, spent = 1").await;
    Answer::to(world.chat(&account.key, &call())).await.refused(429, "request_limit_reached");
    world.completion(&key, &call()).await;
}
