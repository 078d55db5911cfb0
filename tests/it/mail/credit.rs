//! Credit that runs out, and keys that reach their limit: told once until it is otherwise.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, Route, World, hello, nanos};

use super::{last, sent, told};
use crate::payments::shop::DOLLAR;
use crate::payments::spend;

/// A call, and its settle.
async fn call(world: &World, account: &Account) -> u16 {
    let answer = Answer::to(world.chat(&account.key, &hello(&json!({"max_tokens": 5})))).await;
    world.settled().await;
    answer.status
}

#[tokio::test]
async fn a_low_balance_is_told_of_once_until_it_has_risen_clearly_above_the_threshold() {
    let world = World::start().await;
    let account = world.account(20 * DOLLAR).await;
    call(&world, &account).await;
    assert!(told(&world, &account, "low_balance").await.is_empty());
    spend(&world, &account, 10 * DOLLAR).await;
    for _ in 0..3 {
        call(&world, &account).await;
    }
    sent(&world).await;
    let payloads = told(&world, &account, "low_balance").await;
    assert_eq!((payloads.len(), &payloads[0]["threshold"]), (1, &json!(10)));
    assert!(nanos(&payloads[0]["balance"]) < 10 * DOLLAR);
    let mail = last(&world);
    assert!(mail.subject.starts_with("Your balance is low") && mail.headers.contains_key("List-Unsubscribe"));
    // Two dollars above the threshold, and below it again: nothing new. Four above: it is news again.
    for (risen, count) in [(12 * DOLLAR, 1), (14 * DOLLAR, 2)] {
        let balance = world.money(account.id).await.0;
        world.grant(account.id, risen - balance, "purchase", None).await;
        call(&world, &account).await;
        spend(&world, &account, 6 * DOLLAR).await;
        call(&world, &account).await;
        assert_eq!(told(&world, &account, "low_balance").await.len(), count, "risen to {risen}");
    }
    assert!(told(&world, &account, "out_of_credits").await.is_empty());
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn an_account_says_below_which_balance_it_is_told() {
    let world = World::start().await;
    let account = world.account(20 * DOLLAR).await;
    let url = format!("{}/user/notifications/thresholds", world.base_url);
    let set = async |low_balance: Value| {
        let request = world.http.patch(&url).bearer_auth(&account.key).json(&json!({"low_balance": low_balance}));
        Answer::to(request).await
    };
    let times = async || told(&world, &account, "low_balance").await.len();
    let shown = Answer::to(world.get("/user/notifications/thresholds", &account.key)).await.success();
    assert_eq!((&shown["low_balance"], &shown["spend_per_day"]), (&json!(10), &Value::Null));
    assert_eq!(set(json!(15.5)).await.success()["low_balance"], 15.5);
    call(&world, &account).await;
    assert_eq!(times().await, 0);
    spend(&world, &account, 5 * DOLLAR).await;
    for _ in 0..2 {
        call(&world, &account).await;
    }
    let payloads = told(&world, &account, "low_balance").await;
    assert_eq!((payloads.len(), &payloads[0]["threshold"]), (1, &json!(15.5)));
    // A lower one is told of when it is met, and one that is met already by the next settle, once.
    set(json!(5)).await.success();
    call(&world, &account).await;
    assert_eq!(times().await, 1);
    set(json!(100)).await.success();
    for _ in 0..2 {
        call(&world, &account).await;
    }
    assert_eq!(times().await, 2);
    // Whoever wants to hear of no low balance hears only that there is none.
    assert_eq!(set(Value::Null).await.success()["low_balance"], Value::Null);
    let left = world.money(account.id).await.0;
    spend(&world, &account, left - DOLLAR / 100).await;
    for _ in 0..2 {
        call(&world, &account).await;
    }
    assert_eq!((times().await, told(&world, &account, "out_of_credits").await.len()), (2, 1));
    // And that once, whatever else it says meanwhile.
    set(json!(20)).await.success();
    call(&world, &account).await;
    assert_eq!((times().await, told(&world, &account, "out_of_credits").await.len()), (2, 1));
    for wrong in [json!(0), json!(-1), json!(1_000_000_001)] {
        assert_eq!(set(wrong).await.refused(400, "invalid_request")["param"], "low_balance");
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn whoever_has_no_credit_left_is_told_so_by_the_last_call_or_the_first_that_is_refused() {
    let world = World::start().await;
    // Never much, so never low.
    let account = world.account(10 * DOLLAR).await;
    let all_but = async |left: i64| {
        let balance = world.money(account.id).await.0;
        spend(&world, &account, balance - left).await;
    };
    all_but(DOLLAR / 100).await;
    assert_eq!(call(&world, &account).await, 200);
    call(&world, &account).await;
    let payloads = told(&world, &account, "out_of_credits").await;
    assert_eq!(payloads.len(), 1, "{payloads:?}");
    assert!(told(&world, &account, "low_balance").await.is_empty());
    // Credit that is spent again is told of again; here by a call that is refused, since what is left does not pay for it.
    world.grant(account.id, 2 * DOLLAR, "purchase", None).await;
    all_but(DOLLAR / 2).await;
    let dear = Route { completion: 1_000_000_000_000, ..Route::new("openrouter", "standin/normal") };
    world.model("test/dear", &[dear]).await;
    let refused = async |max_tokens: u32| {
        let body = hello(&json!({"model": "test/dear", "max_tokens": max_tokens}));
        Answer::to(world.chat(&account.key, &body)).await.refused(402, "insufficient_credits");
    };
    for _ in 0..3 {
        refused(2_000).await;
    }
    let payloads = told(&world, &account, "out_of_credits").await;
    assert_eq!((payloads.len(), nanos(&payloads[1]["balance"])), (2, DOLLAR / 2));
    // Much credit that does not pay for a dear call is no news.
    world.grant(account.id, 5 * DOLLAR, "purchase", None).await;
    refused(10_000).await;
    assert_eq!(told(&world, &account, "out_of_credits").await.len(), 2);
}

#[tokio::test]
async fn a_key_is_told_of_at_four_fifths_and_at_all_of_its_limit_once_a_period() {
    let world = World::start().await;
    world.set_clock("2090-03-10 12:00Z").await;
    let account = world.account(100 * DOLLAR).await;
    let steps = async || -> Vec<Value> {
        told(&world, &account, "spend_limit").await.iter().map(|payload| payload["step"].clone()).collect()
    };
    let spent = async |set: &str| {
        world.change_key(&account, set).await;
        call(&world, &account).await
    };
    let limit =
        format!("spend_limit = {}, spend_period = 'month', spend_period_start = '2090-03-01 00:00Z'", 10 * DOLLAR);
    assert_eq!(spent(&format!("{limit}, spent = {}", 7 * DOLLAR)).await, 200);
    assert!(steps().await.is_empty());
    for _ in 0..2 {
        spent(&format!("spent = {}", 8 * DOLLAR - 1)).await;
    }
    assert_eq!(steps().await, [80]);
    // The next call does not fit the limit any more.
    assert_eq!(spent(&format!("spent = {}", 10 * DOLLAR - 1)).await, 402);
    assert_eq!(call(&world, &account).await, 402);
    assert_eq!(steps().await, [80, 100]);
    sent(&world).await;
    assert!(last(&world).text.is_some_and(|text| text.contains("until the next month begins")));
    // A new month is another matter.
    world.set_clock("2090-04-10 12:00Z").await;
    spent(&format!("spend_period_start = '2090-04-01 00:00Z', spent = {}", 8 * DOLLAR - 1)).await;
    assert_eq!(steps().await, [80, 100, 80]);
}
