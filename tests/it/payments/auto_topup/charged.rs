//! What is charged, and when: once, when the credit falls below what was agreed, and never beyond the bounds.

use futures_util::future::join_all;
use local::upstash::Engine;
use serde_json::json;
use tests::answer::Answer;
use tests::world::{World, hello, nanos};

use super::super::shop::{DOLLAR, deliver, reconcile};
use super::{agreed, attempts, call, charges, later, put, shown, turned_on};

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_settles_at_once_start_exactly_one() {
    let Some(world) = World::concurrent("two hundred settles at once").await else { return };
    let account = world.account(6 * DOLLAR).await;
    turned_on(&world, &account, &agreed(&json!({})), "good").await;
    // Each settle finds less than was agreed.
    world.sql(&format!("update gateway.accounts set topup_below = 6000000000 where id = '{}'", account.id)).await;
    let body = hello(&json!({"max_tokens": 5}));
    let calls = join_all((0..200).map(|_| Answer::to(world.chat(&account.key, &body)))).await;
    assert!(calls.iter().all(|answer| answer.status == 200));
    world.settled().await;
    attempts(&world, &account, &["succeeded"]).await;
    assert_eq!(charges(&world), 1);
    let spent = world.value("select sum(cost) from gateway.requests").await.as_i64().expect("a sum");
    assert_eq!(world.money(account.id).await, (16 * DOLLAR - spent, 0, 0));
    deliver(&world).await;
    assert_eq!(world.money(account.id).await.0, 16 * DOLLAR - spent);
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_card_that_was_left_is_charged_when_the_credit_falls_below_what_was_agreed() {
    let world = World::with(Engine::InProcess, &[("TOPUP_FEE_BP", "550")]).await;
    let account = world.account(5 * DOLLAR).await;
    assert_eq!(shown(&world, &account).await["state"], "off");
    turned_on(&world, &account, &agreed(&json!({})), "good").await;
    assert_eq!(charges(&world), 0);
    call(&world, &account).await;
    attempts(&world, &account, &["succeeded"]).await;
    let topup = shown(&world, &account).await;
    assert_eq!(
        (nanos(&topup["charge"]), nanos(&topup["charged_this_month"])),
        (10_550_000_000, 10_550_000_000),
        "{topup}"
    );
    assert!(world.money(account.id).await.0 > 14 * DOLLAR);
    deliver(&world).await;
    let list = Answer::to(world.get("/api/stripe/payments", &account.key)).await.success();
    assert_eq!((&list["data"][0]["kind"], nanos(&list["data"][0]["credits"])), (&json!("auto"), 10 * DOLLAR));
    assert!(list["data"][0]["receipt_url"].is_string(), "{list}");
    // There is enough now.
    call(&world, &account).await;
    assert_eq!(charges(&world), 1);
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_call_that_is_refused_for_lack_of_credit_tops_up_as_well() {
    let world = World::start().await;
    let account = world.account(0).await;
    let asked = put(&world, &account, &agreed(&json!({}))).await.success();
    let page = asked["setup_url"].as_str().expect("a page").rsplit('/').next().expect("an id");
    world.platform.stripe.act("pay", page, &[]).expect("it is left");
    assert_eq!(shown(&world, &account).await["state"], "active");
    Answer::to(world.chat(&account.key, &hello(&json!({})))).await.refused(402, "insufficient_credits");
    attempts(&world, &account, &["succeeded"]).await;
    world.completion(&account.key, &hello(&json!({}))).await;
    // What other calls have reserved is not there for it.
    let busy = world.account(5 * DOLLAR + 10_000_000).await;
    turned_on(&world, &busy, &agreed(&json!({})), "good").await;
    world.reserve(&busy, 5 * DOLLAR).await;
    let answer = Answer::to(world.chat(&busy.key, &hello(&json!({"max_tokens": 16_000})))).await;
    answer.refused(402, "credits_in_flight");
    attempts(&world, &busy, &["succeeded"]).await;
    // Where nobody calls, the cron job does it.
    let silent = world.account(0).await;
    turned_on(&world, &silent, &agreed(&json!({})), "good").await;
    assert_eq!(reconcile(&world).await["topups"], 1);
    attempts(&world, &silent, &["succeeded"]).await;
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn neither_the_months_cap_nor_the_days_limit_is_exceeded_and_a_minute_lies_between_two() {
    let world = World::start().await;
    for (further, most) in [(json!({"monthly_cap": 25}), 2), (json!({"daily_limit": 3}), 3)] {
        let account = world.account(DOLLAR).await;
        // What a top-up brings is never enough.
        turned_on(&world, &account, &agreed(&json!({"threshold": 1000})).clone(), "good").await;
        put(&world, &account, &agreed(&json!({"enabled": false}))).await.success();
        let mut body = agreed(&further);
        body["threshold"] = json!(1000);
        let before = charges(&world);
        put(&world, &account, &body).await.success();
        let mut expected: Vec<&str> = Vec::new();
        for _ in 0..most {
            expected.push("succeeded");
            attempts(&world, &account, &expected).await;
            // Not within a minute.
            call(&world, &account).await;
            attempts(&world, &account, &expected).await;
            later(&world, &account, "1 minute").await;
            call(&world, &account).await;
        }
        attempts(&world, &account, &expected).await;
        later(&world, &account, "10 minutes").await;
        call(&world, &account).await;
        reconcile(&world).await;
        assert_eq!(charges(&world), before + most, "{further}");
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn it_is_due_below_what_was_agreed_and_not_at_it() {
    let world = World::start().await;
    let account = world.account(6 * DOLLAR).await;
    turned_on(&world, &account, &agreed(&json!({})), "good").await;
    call(&world, &account).await;
    let cost = world.newest_call().await["cost"].as_i64().expect("a cost");
    let balance = world.money(account.id).await.0;
    for (below, charged) in [(balance - cost, &[][..]), (balance - 2 * cost + 1, &["succeeded"])] {
        world.change_account(&account, &format!("topup_below = {below}")).await;
        call(&world, &account).await;
        attempts(&world, &account, charged).await;
        assert_eq!(charges(&world), charged.len());
    }
    world.assert_ledger_clean().await;
}
