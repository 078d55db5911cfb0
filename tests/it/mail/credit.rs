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
