//! Of any number at once as many get through as there is room for.

use futures_util::future::join_all;
use serde_json::json;
use tests::world::World;

use super::{made, promotion, redeem};
use crate::payments::shop::{DOLLAR, begin};

/// So many accounts, each of which tries at the same time; how many were refused with what.
async fn race(world: &World, accounts: usize, tries_each: usize, codes: &[&str]) -> (usize, Vec<String>) {
    let mut all = Vec::new();
    let mut tries = Vec::new();
    for _ in 0..accounts {
        all.push(world.account(0).await);
    }
    for n in 0..tries_each {
        tries.extend(all.iter().map(|account| redeem(world, account, codes[n % codes.len()])));
    }
    let answers = join_all(tries).await;
    let given = answers.iter().filter(|answer| answer.status == 200).count();
    let mut codes: Vec<String> = answers
        .iter()
        .filter(|answer| answer.status != 200)
        .map(|answer| answer.json()["error"]["code"].as_str().expect("a code").to_owned())
        .collect();
    codes.sort();
    codes.dedup();
    (given, codes)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_at_once_get_a_coupon_as_often_as_it_can_be_used() {
    let Some(world) = World::concurrent("two hundred that redeem at once").await else { return };
    made(&world, &json!({"code": "FIFTY", "kind": "credit", "amount": 1, "max_redemptions": 50})).await;
    let (given, refusals) = race(&world, 100, 2, &["FIFTY"]).await;
    assert_eq!(given, 50, "{refusals:?}");
    assert!(
        refusals.iter().all(|code| ["coupon_used_up", "coupon_already_redeemed"].contains(&code.as_str())),
        "{refusals:?}"
    );
    let credit = world.value("select sum(balance) from gateway.accounts").await;
    assert_eq!(credit, json!(50 * DOLLAR));
    world.assert_ledger_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_at_once_spend_a_budget_to_its_end_and_no_further() {
    let Some(world) = World::concurrent("two hundred that spend a budget at once").await else { return };
    promotion(&world, "spring", 40).await;
    // Two coupons draw on it.
    for code in ["SPRING-1", "SPRING-2"] {
        made(
            &world,
            &json!({"code": code, "kind": "credit", "amount": 1, "max_redemptions": 50, "promotion": "spring"}),
        )
        .await;
    }
    let (given, refusals) = race(&world, 100, 2, &["SPRING-1", "SPRING-2"]).await;
    assert_eq!((given, refusals), (40, vec!["coupon_used_up".to_owned()]));
    assert_eq!(world.value("select spent from gateway.promotions").await, json!(40 * DOLLAR));
    assert_eq!(world.value("select sum(balance) from gateway.accounts").await, json!(40 * DOLLAR));
    world.assert_ledger_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_account_at_once_uses_a_coupon_once() {
    let Some(world) = World::concurrent("one account that redeems at once").await else { return };
    let account = world.account(0).await;
    made(&world, &json!({"code": "MINE", "kind": "credit", "amount": 1, "max_redemptions": 50})).await;
    made(&world, &json!({"code": "PLUS", "kind": "bonus", "amount": 1})).await;
    let answers = join_all((0..20).map(|_| redeem(&world, &account, "MINE"))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert_eq!(world.money(account.id).await.0, DOLLAR);
    let body = json!({"amount": 5, "coupon": "PLUS"});
    let begun = join_all(
        (0..4).map(|_| tests::answer::Answer::to(world.post("/api/stripe/checkout-session", &account.key, &body))),
    )
    .await;
    assert_eq!(begun.iter().filter(|answer| answer.status == 200).count(), 1);
    let (_, without) = begin(&world, &account, &json!({"amount": 5})).await;
    assert_eq!(without["payment"]["bonus"], 0);
    world.assert_ledger_clean().await;
}
