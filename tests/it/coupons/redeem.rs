//! Credit for a code, and codes that give none.

use serde_json::json;
use tests::answer::Answer;
use tests::world::{World, nanos};

use super::{made, redeem};
use crate::payments::shop::DOLLAR;

#[tokio::test]
async fn a_code_gives_its_credit_once_and_is_in_the_history() {
    let world = World::start().await;
    let account = world.account(0).await;
    made(
        &world,
        &json!({"code": "Welcome-10", "kind": "credit", "amount": 10, "max_redemptions": 5, "grant_days": 30}),
    )
    .await;
    let given = redeem(&world, &account, " welcome-10 ").await.success();
    assert_eq!((nanos(&given["credits"]), nanos(&given["balance"])), (10 * DOLLAR, 10 * DOLLAR));
    assert_eq!((&given["code"], &given["state"]), (&json!("WELCOME-10"), &json!("redeemed")));
    redeem(&world, &account, "WELCOME-10").await.refused(409, "coupon_already_redeemed");
    let history = Answer::to(world.get("/coupons/history", &account.key)).await.success();
    assert_eq!((history["data"].as_array().map(Vec::len), &history["data"][0]["id"]), (Some(1), &given["id"]));
    let balance = Answer::to(world.get("/user/balance", &account.key)).await.success();
    assert_eq!(balance["grants"][0]["source"], "coupon");
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn an_idempotency_key_gives_the_same_answer_and_the_credit_once() {
    let world = World::start().await;
    let account = world.account(0).await;
    made(&world, &json!({"code": "ONCE", "kind": "credit", "amount": 1, "max_redemptions": 5})).await;
    let ask = |code: &str| {
        let body = json!({ "code": code });
        Answer::to(world.post("/coupons/redeem", &account.key, &body).header("idempotency-key", "one"))
    };
    let first = ask("ONCE").await.success();
    assert_eq!(ask("ONCE").await.success(), first);
    ask("OTHER").await.refused(409, "idempotency_conflict");
    assert_eq!(world.money(account.id).await.0, DOLLAR);
}

#[tokio::test]
async fn a_coupon_that_is_not_this_accounts_or_not_for_now_is_not_there() {
    let world = World::start().await;
    let (owner, other) = (world.account(0).await, world.account(0).await);
    made(&world, &json!({"code": "HERS", "kind": "credit", "amount": 1, "account_id": owner.id})).await;
    made(&world, &json!({"code": "LATER", "kind": "credit", "amount": 1, "max_redemptions": 5, "valid_from": "2999-01-01T00:00:00Z"})).await;
    made(&world, &json!({"code": "PAST", "kind": "credit", "amount": 1, "max_redemptions": 5, "valid_until": "2026-01-01T00:00:00Z"})).await;
    made(&world, &json!({"code": "BONUS", "kind": "bonus", "percent": 10})).await;
    made(&world, &json!({"code": "LESS", "kind": "discount", "percent": 20, "stripe_coupon_id": "less20"})).await;
    redeem(&world, &other, "HERS").await.refused(404, "coupon_not_found");
    redeem(&world, &other, "LATER").await.refused(404, "coupon_not_found");
    redeem(&world, &other, "NONE").await.refused(404, "coupon_not_found");
    redeem(&world, &other, "PAST").await.refused(409, "coupon_expired");
    redeem(&world, &other, "BONUS").await.refused(409, "coupon_not_applicable");
    redeem(&world, &other, "LESS").await.refused(409, "coupon_not_applicable");
    redeem(&world, &other, "no code").await.refused(400, "invalid_request");
    let seen = Answer::to(world.get("/coupons/available", &owner.key)).await.success();
    assert_eq!((seen["data"].as_array().map(Vec::len), &seen["data"][0]["code"]), (Some(1), &json!("HERS")));
    assert_eq!(Answer::to(world.get("/coupons/available", &other.key)).await.success()["data"], json!([]));
    redeem(&world, &owner, "HERS").await.success();
    assert_eq!(Answer::to(world.get("/coupons/available", &owner.key)).await.success()["data"], json!([]));
    assert_eq!(world.money(other.id).await.0, 0);
}

#[tokio::test]
async fn ten_wrong_codes_an_hour_and_then_not_even_a_right_one() {
    let world = World::start().await;
    let account = world.account(0).await;
    made(&world, &json!({"code": "RIGHT", "kind": "credit", "amount": 1, "max_redemptions": 5, "per_account": 5}))
        .await;
    // Right ones are not counted, and neither is what is refused for another reason.
    for _ in 0..3 {
        redeem(&world, &account, "RIGHT").await.success();
    }
    for wrong in 0..10 {
        redeem(&world, &account, &format!("WRONG{wrong}")).await.refused(404, "coupon_not_found");
    }
    redeem(&world, &account, "RIGHT").await.refused(429, "too_many_attempts");
    // Another account at the same network guesses no further, at purchases neither.
    let other = world.account(0).await;
    redeem(&world, &other, "RIGHT").await.refused(429, "too_many_attempts");
    let body = json!({"amount": 5, "coupon": "RIGHT"});
    Answer::to(world.post("/api/stripe/checkout-session", &other.key, &body)).await.refused(429, "too_many_attempts");
    world
        .sql("update gateway.attempts set times = (select array_agg(t - interval '61 minutes') from unnest(times) t)")
        .await;
    redeem(&world, &account, "RIGHT").await.success();
    world.assert_ledger_clean().await;
}
