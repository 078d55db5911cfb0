//! What a call cost beyond what its account could then pay is owed, and any credit that could have paid the call pays it.

use serde_json::json;
use tests::answer::Answer;
use tests::world::{Account, MODEL, Route, World, hello, nanos};
use uuid::Uuid;

/// What a call of `hello` holds at most with an output limit of 100, and what it costs by this usage.
const HOLD: i64 = 21 * 1_000 + 100 * 2_000;
const COST: i64 = 1_000 * 1_000 + 100 * 2_000;
const OVERSHOOT: &str = "standin/usage?prompt=1000&cached=0&completion=100&reasoning=0";

/// The grants that nobody paid for.
const GIFTS: [&str; 3] = ["trial", "coupon", "referral"];

/// Takes so much of a payment back, which had bought these grants: all else is spent.
async fn refund(world: &World, account: &Account, purchases: &str, nanos: i64) {
    let sql = format!(
        "do $$ declare account gateway.accounts; begin
           select * into account from gateway.accounts where id = '{}' for update;
           perform gateway.money_back(account, '{{{purchases}}}', {nanos}, gateway.now());
         end $$",
        account.id
    );
    world.sql(&sql).await;
}

/// Lets the account owe so much for calls.
async fn owe(world: &World, account: &Account, nanos: i64) {
    let sql = format!(
        "do $$ declare account gateway.accounts; begin
           select * into account from gateway.accounts where id = '{0}' for update;
           account := gateway.take_on_debt(account, {nanos}, 'usage', null, 'test', gateway.now());
           update gateway.accounts set balance = account.balance, debt = account.debt where id = '{0}';
         end $$",
        account.id
    );
    world.sql(&sql).await;
}

async fn end(world: &World, call: Uuid) {
    world.value(&format!(r#"select public.finish_request('{{"call_id": "{call}", "outcome": "failed"}}')"#)).await;
}

/// An account whose call has cost more than there was beside its other calls. Answers the call that is still open.
async fn in_debt(world: &World, source: &str) -> (Account, Uuid) {
    let account = world.account(0).await;
    world.grant(account.id, 10_000_000, source, Some("3 days")).await;
    let open = world.reserve(&account, 10_000_000 - HOLD).await;
    world.completion(&account.key, &hello(&json!({"max_tokens": 100}))).await;
    tests::watch::poll("the settle", || async { world.money(account.id).await.1 == 10_000_000 - HOLD }).await;
    assert_eq!(world.money(account.id).await, (10_000_000 - COST, 10_000_000 - HOLD, COST - HOLD), "{source}");
    (account, open)
}

#[tokio::test]
async fn the_credit_that_paid_the_call_pays_what_it_cost_beyond_its_hold_once_it_is_free() {
    let world = World::start().await;
    world.model(MODEL, &[Route::new("openrouter", OVERSHOOT)]).await;
    for source in GIFTS.into_iter().chain(["purchase", "subscription", "admin", "credit_back"]) {
        let (account, open) = in_debt(&world, source).await;
        // It will be there in a moment: not a refusal for good.
        let waits = Answer::to(world.chat(&account.key, &hello(&json!({"max_tokens": 1})))).await;
        assert_eq!(waits.headers["x-should-retry"], "true", "{source}: {}", waits.text);
        waits.refused(402, "credits_in_flight");
        // More than there will be once the debt is paid: no waiting helps.
        let never = Answer::to(world.chat(&account.key, &hello(&json!({"max_tokens": 4_640})))).await;
        never.refused(402, "insufficient_credits");
        end(&world, open).await;
        world.model(MODEL, &[Route::new("openrouter", "standin/normal")]).await;
        world.completion(&account.key, &hello(&json!({"max_tokens": 1}))).await;
        world.model(MODEL, &[Route::new("openrouter", OVERSHOOT)]).await;
        tests::watch::poll("the settle", || async { world.money(account.id).await.1 == 0 }).await;
        let (balance, _, debt) = world.money(account.id).await;
        assert!(balance > 8_000_000 && debt == 0, "{source}: {balance} {debt}");
        world.assert_ledger_clean().await;
    }
}

#[tokio::test]
async fn a_gift_that_comes_later_pays_what_calls_have_cost_but_not_a_payment_that_was_refunded() {
    let world = World::start().await;
    world.model(MODEL, &[Route::new("openrouter", OVERSHOOT)]).await;
    for source in GIFTS {
        let (account, _open) = in_debt(&world, source).await;
        refund(&world, &account, "", 3_000_000).await;
        assert_eq!(world.money(account.id).await.2, COST - HOLD + 3_000_000);
        world.assert_ledger_clean().await;
        world.grant(account.id, 5_000_000, source, None).await;
        assert_eq!(world.money(account.id).await.2, 3_000_000, "{source}");
        world.assert_ledger_clean().await;
        // Nobody else's money, however much of a gift there is.
        let refused = Answer::to(world.chat(&account.key, &hello(&json!({"max_tokens": 1})))).await;
        assert_eq!(nanos(&refused.json()["error"]["required"]), 3_000_000, "{source}");
        refused.refused(402, "account_in_debt");
        world.grant(account.id, 4_000_000, "admin", None).await;
        assert_eq!(world.money(account.id).await.2, 0, "{source}");
        world.assert_ledger_clean().await;
        world.completion(&account.key, &hello(&json!({"max_tokens": 1}))).await;
        tests::watch::poll("the settle", || async { world.money(account.id).await.1 == 10_000_000 - HOLD }).await;
    }
}

#[tokio::test]
async fn a_refund_is_owed_to_the_last_nano_dollar_and_so_is_a_call() {
    let world = World::start().await;
    let account = world.account(0).await;
    refund(&world, &account, "", 1).await;
    world.grant(account.id, 1_000_000_000, "trial", None).await;
    assert_eq!(world.money(account.id).await, (999_999_999, 0, 1));
    let refused = Answer::to(world.chat(&account.key, &hello(&json!({"max_tokens": 1})))).await;
    assert_eq!(nanos(&refused.json()["error"]["required"]), 1);
    refused.refused(402, "account_in_debt");
    world.grant(account.id, 1, "purchase", None).await;
    assert_eq!(world.money(account.id).await, (1_000_000_000, 0, 0));
    world.completion(&account.key, &hello(&json!({"max_tokens": 1}))).await;
    world.settled().await;
    // What calls have cost any gift pays.
    let caller = world.account(0).await;
    owe(&world, &caller, 1).await;
    world.grant(caller.id, 1, "trial", None).await;
    assert_eq!(world.money(caller.id).await, (0, 0, 0));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_refund_leaves_what_calls_in_flight_have_reserved_and_is_owed_until_they_end() {
    let world = World::start().await;
    let account = world.account(10_000_000).await;
    let open = world.reserve(&account, 8_000_000).await;
    let bought = format!("select id from gateway.credit_grants where account_id = '{}'", account.id);
    let bought = world.value(&bought).await.to_string();
    refund(&world, &account, &bought, 10_000_000).await;
    assert_eq!(world.money(account.id).await, (0, 8_000_000, 8_000_000));
    end(&world, open).await;
    assert_eq!(world.money(account.id).await, (0, 0, 0));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn whoever_owes_what_calls_in_flight_will_pay_has_too_little_and_whoever_owes_more_is_in_debt() {
    let world = World::start().await;
    let account = world.account(1_000_000).await;
    world.reserve(&account, 1_000_000).await;
    for code in ["insufficient_credits", "account_in_debt"] {
        owe(&world, &account, if code == "account_in_debt" { 1 } else { 1_000_000 }).await;
        Answer::to(world.chat(&account.key, &hello(&json!({"max_tokens": 1})))).await.refused(402, code);
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn what_a_call_costs_beyond_its_hold_is_taken_from_what_is_free_and_owed_by_nobody() {
    let world = World::start().await;
    world.model(MODEL, &[Route::new("openrouter", OVERSHOOT)]).await;
    let account = world.account(10_000_000).await;
    world.completion(&account.key, &hello(&json!({"max_tokens": 100}))).await;
    world.settled().await;
    let rows = "select jsonb_agg(amount) from gateway.credit_transactions where type = 'usage' and account_id";
    assert_eq!(world.value(&format!("{rows} = '{}'", account.id)).await, json!([-COST]));
    world.assert_ledger_clean().await;
}
