//! A store may close a connection that was kept at any time, also while a request is on its way: that is nobody's failure.

use local::postgrest::Fault;
use local::upstash;
use serde_json::json;
use tests::answer::Answer;
use tests::world::{Account, World, hello, send};

use super::begin::assert_untouched;
use super::{CREDIT, assert_unavailable};

/// A world whose gateway keeps connections to both stores.
async fn warm() -> (World, Account) {
    let world = World::start().await;
    let account = world.account(CREDIT).await;
    world.completion(&account.key, &hello(&json!({}))).await;
    world.settled().await;
    (world, account)
}

#[tokio::test]
async fn a_call_begins_over_a_new_connection_and_is_charged_once() {
    let (world, account) = warm().await;
    world.platform.providers.control().record(true);
    world.platform.postgrest.control().fail(Some("begin_request"), Some(1), Fault::Refuse);
    world.completion(&account.key, &hello(&json!({}))).await;
    world.settled().await;
    assert_eq!(world.platform.providers.control().requests().len(), 1);
    let used = format!("select requests_used from gateway.api_keys where id = '{}'", account.key_id);
    assert_eq!(world.value(&used).await, json!(2));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_begin_that_was_carried_out_before_it_is_asked_again_is_undone() {
    let world = World::start().await;
    let account = world.account(CREDIT).await;
    // Connections are kept that no call has used.
    Answer::to(world.get("/user/balance", &account.key)).await.success();
    world.platform.providers.control().record(true);
    world.platform.postgrest.control().fail(Some("begin_request"), Some(1), Fault::DropAnswer);
    assert_unavailable(send(world.chat(&account.key, &hello(&json!({})))).await, "an answer that was lost").await;
    assert_untouched(&world, &account, "an answer that was lost").await;
}

#[tokio::test]
async fn what_only_reads_is_asked_again_and_what_changes_something_is_not() {
    let (world, account) = warm().await;
    let control = world.platform.postgrest.control();
    control.fail(Some("get_balance"), Some(1), Fault::Refuse);
    Answer::to(world.get("/user/balance", &account.key)).await.success();
    control.fail(Some("create_api_key"), Some(1), Fault::Refuse);
    let made = Answer::to(world.post("/user/api-keys", &account.key, &json!({"name": "one"}))).await;
    assert_eq!(made.status, 503, "{}", made.text);
}

#[tokio::test]
async fn redis_is_asked_again_and_no_call_is_served_without_it() {
    let (world, account) = warm().await;
    world.platform.upstash.control().fault_next(1, upstash::Fault::Refuse);
    let response = send(world.chat(&account.key, &hello(&json!({})))).await;
    assert_eq!(response.status(), 200);
    assert!(!response.headers().contains_key("x-ratelimit-degraded"), "{:?}", response.headers());
    world.settled().await;
    world.assert_ledger_clean().await;
}
