//! A database that cannot be used when a call begins.

use std::time::Duration;

use local::postgrest::Fault;
use local::upstash::Engine;
use serde_json::json;
use tests::certain;
use tests::watch::{Watch, poll};
use tests::world::{Account, World, hello, send};

use super::{CREDIT, NOWHERE, always, answer, assert_unavailable, database_faults};

/// Nothing is held, spent or counted, and no provider was asked.
pub async fn assert_untouched(world: &World, account: &Account, case: &str) {
    let counted = format!(
        "select jsonb_build_array(k.requests_used, a.held, a.month_requests)
           from gateway.api_keys k join gateway.accounts a on a.id = k.account_id where k.id = '{}'",
        account.key_id
    );
    // The undo follows the answer.
    poll("the end of the undo", || async { world.value(&counted).await == json!([0, 0, 0]) }).await;
    world.settled().await;
    assert_eq!(world.money(account.id).await, (CREDIT, 0, 0), "{case}");
    assert!(world.platform.providers.control().requests().is_empty(), "{case}");
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_database_that_cannot_be_used_is_a_503_and_leaves_nothing() {
    let world = World::start().await;
    world.platform.providers.control().record(true);
    let account = world.account(CREDIT).await;
    // JSON, but not what begin_request answers.
    let strange =
        ["null", "[]", "{}", r#"{"held":-1}"#, r#"{"refused":null}"#].map(|body| answer(200, "application/json", body));
    for (turn, fault) in database_faults().into_iter().chain(strange).enumerate() {
        let case = format!("{fault:?}");
        let stream = turn % 2 == 1;
        let control = always(&world, "begin_request", fault);
        assert_unavailable(send(world.chat(&account.key, &hello(&json!({ "stream": stream })))).await, &case).await;
        assert_untouched(&world, &account, &case).await;
        control.clear();
    }
    world.completion(&account.key, &hello(&json!({}))).await;
    world.settled().await;
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_database_that_cannot_be_connected_to_is_a_503() {
    let world = World::start().await;
    let account = world.account(CREDIT).await;
    let gateway = world.another_gateway_with(&[("SUPABASE_URL", NOWHERE)]).await;
    let url = format!("{gateway}/v1/chat/completions");
    let request = world.http.post(url).bearer_auth(&account.key).header("content-type", "application/json");
    assert_unavailable(send(request.body(hello(&json!({})).to_string())).await, "a closed port").await;
}

/// A world whose gateway soon gives a slow database up.
async fn impatient() -> (World, Account) {
    let world = World::with(Engine::InProcess, &[("DATABASE_TIMEOUT_MS", "1500")]).await;
    let account = world.account(CREDIT).await;
    world.completion(&account.key, &hello(&json!({}))).await;
    world.settled().await;
    world.platform.providers.control().record(true);
    (world, account)
}

#[tokio::test]
async fn a_begin_that_commits_after_it_was_given_up_leaves_no_hold() {
    let (world, account) = impatient().await;
    let money = world.money(account.id).await;
    let gate = world.platform.postgrest.control().gate(Some("begin_request"));
    assert_unavailable(send(world.chat(&account.key, &hello(&json!({})))).await, "a slow begin").await;
    // Whoever gives a begin up says so to the database, before the begin has come that far.
    let tombstones = "select count(*) from gateway.holds where state = 'tombstone'";
    poll("the tombstone", || async { world.value(tombstones).await == json!(1) }).await;
    let watch = Watch::new(&world);
    gate.open();
    poll("the late begin", || async { watch.functions().contains(&"begin_request".to_owned()) }).await;
    assert_eq!(watch.rpcs()[0].status, Some(200));
    world.settled().await;
    assert_eq!(world.money(account.id).await, money);
    let used = format!("select requests_used from gateway.api_keys where id = '{}'", account.key_id);
    assert_eq!(world.value(&used).await, json!(1), "only the call that was served");
    assert!(world.platform.providers.control().requests().is_empty());
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_begin_whose_answer_is_late_is_undone() {
    let (world, account) = impatient().await;
    let money = world.money(account.id).await;
    let late = Fault::DelayAfter(Duration::from_secs(20));
    world.platform.postgrest.control().fail(Some("begin_request"), Some(1), late);
    assert_unavailable(send(world.chat(&account.key, &hello(&json!({})))).await, "a late answer").await;
    world.settled().await;
    assert_eq!(world.money(account.id).await, money);
    assert!(world.platform.providers.control().requests().is_empty());
    world.assert_ledger_clean().await;
    // The account is as good as before.
    certain("the next call", world.completion(&account.key, &hello(&json!({})))).await;
}
