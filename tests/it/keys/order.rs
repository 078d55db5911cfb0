//! A key that fails several checks is told of the first one.

use serde_json::json;
use tests::answer::Answer;
use tests::wire::formats;
use tests::world::{Account, World, hello};

/// A check, what makes a key fail it, what repairs that, and how the failure is told.
struct Check {
    table: &'static str,
    fails: &'static str,
    passes: &'static str,
    refusal: (u16, &'static str),
}

const fn check(
    table: &'static str,
    fails: &'static str,
    passes: &'static str,
    status: u16,
    code: &'static str,
) -> Check {
    Check { table, fails, passes, refusal: (status, code) }
}

/// The checks after the key itself was found, in their order. Those from `max_requests` on are about inference only.
const CHECKS: [Check; 9] = [
    check("key", "revoked_at = gateway.now()", "revoked_at = null", 401, "api_key_revoked"),
    check("key", "expires_at = gateway.now()", "expires_at = null", 401, "api_key_expired"),
    check("account", "disabled_at = gateway.now()", "disabled_at = null", 403, "account_disabled"),
    check("key", "ip_allowlist = '{192.0.2.1}'", "ip_allowlist = '{}'", 403, "ip_not_allowed"),
    check("key", "domain_allowlist = '{a.example}'", "domain_allowlist = '{}'", 403, "domain_not_allowed"),
    check("key", "scopes = '{chat:read}'", "scopes = '{*}'", 403, "insufficient_scope"),
    check("key", "max_requests = 1, requests_used = 1", "max_requests = null", 429, "request_limit_reached"),
    check("key", "spend_limit = 1, spent = 1", "spend_limit = null", 402, "spend_limit_reached"),
    check("key", "allowed_models = '{other/*}'", "allowed_models = '{}'", 403, "model_not_allowed"),
];

async fn apply(world: &World, account: &Account, table: &str, set: &str) {
    match table {
        "key" => world.change_key(account, set).await,
        _ => world.change_account(account, set).await,
    }
}

async fn account_that_fails(world: &World, checks: &[Check]) -> Account {
    let account = world.account(1_000_000_000).await;
    for check in checks {
        apply(world, &account, check.table, check.fails).await;
    }
    account
}

#[tokio::test]
async fn the_first_failed_check_is_told_and_each_has_its_code() {
    let world = World::start().await;
    for wire in formats() {
        let account = account_that_fails(&world, &CHECKS).await;
        for check in &CHECKS {
            let answer = Answer::to(world.call(wire, &account.key, &wire.hello(&json!({})))).await;
            answer.refused(check.refusal.0, check.refusal.1);
            apply(&world, &account, check.table, check.passes).await;
        }
        Answer::to(world.call(wire, &account.key, &wire.hello(&json!({})))).await.success();
        world.settled().await;
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn each_check_alone_refuses_a_key() {
    let world = World::start().await;
    for check in &CHECKS {
        let account = account_that_fails(&world, std::slice::from_ref(check)).await;
        for wire in formats() {
            let answer = Answer::to(world.call(wire, &account.key, &wire.hello(&json!({})))).await;
            answer.refused(check.refusal.0, check.refusal.1);
        }
    }
    assert_eq!(world.value("select count(*) from gateway.holds").await, json!(0));
}

#[tokio::test]
async fn every_check_but_those_of_inference_refuses_a_management_call_in_the_same_order() {
    let world = World::start().await;
    let account = account_that_fails(&world, &CHECKS).await;
    for check in &CHECKS[..6] {
        let answer = Answer::to(world.get("/user/balance", &account.key)).await;
        answer.refused(check.refusal.0, check.refusal.1);
        apply(&world, &account, check.table, check.passes).await;
    }
    // max_requests, the spend limit and the list of models still fail.
    assert_eq!(Answer::to(world.get("/user/balance", &account.key)).await.status, 200);
    assert_eq!(Answer::to(world.get("/user/credit-transactions", &account.key)).await.status, 200);
}

#[tokio::test]
async fn a_key_that_nobody_made_is_told_nothing_else() {
    let world = World::start().await;
    let unknown = format!("gw_live_{}", "x".repeat(43));
    // Not even that the model does not exist.
    for body in [hello(&json!({})), hello(&json!({"model": "nobody/nothing"}))] {
        Answer::to(world.chat(&unknown, &body)).await.refused(401, "invalid_api_key");
    }
    Answer::to(world.get("/user/balance", &unknown)).await.refused(401, "invalid_api_key");
}

#[tokio::test]
async fn the_list_of_models_is_asked_before_the_catalog() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    let unknown = hello(&json!({"model": "nobody/nothing"}));
    Answer::to(world.chat(&account.key, &unknown)).await.refused(404, "model_not_found");
    world.change_key(&account, "allowed_models = '{other/*}'").await;
    Answer::to(world.chat(&account.key, &unknown)).await.refused(403, "model_not_allowed");
}
