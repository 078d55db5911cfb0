//! Bonuses on purchases: reserved when one begins, there when it is paid, and taken back with it.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, World, nanos};

use super::made;
use crate::payments::shop::{DOLLAR, begin, come_back, deliver, payment_id, reconcile};
use crate::payments::spend;

async fn with_coupon(world: &World, account: &Account, dollars: u32, code: &str) -> (String, Value) {
    begin(world, account, &json!({ "amount": dollars, "coupon": code })).await
}

async fn refused(world: &World, account: &Account, body: &Value, status: u16, code: &str) {
    Answer::to(world.post("/api/stripe/checkout-session", &account.key, body)).await.refused(status, code);
}

async fn uses(world: &World, code: &str) -> Value {
    world.value(&format!("select redemptions from gateway.coupons where code = '{code}'")).await
}

#[tokio::test]
async fn a_bonus_comes_with_its_purchase_and_goes_with_it_what_is_spent_of_it_too() {
    let world = World::start().await;
    let (admin, account) = (world.administrator().await, world.account(0).await);
    made(&world, &json!({"code": "PLUS", "kind": "bonus", "percent": 20, "max_bonus": 15})).await;
    let (session, begun) = with_coupon(&world, &account, 50, "plus").await;
    assert_eq!((nanos(&begun["payment"]["bonus"]), &begun["payment"]["coupon"]), (10 * DOLLAR, &json!("PLUS")));
    assert_eq!((uses(&world, "PLUS").await, world.money(account.id).await.0), (json!(1), 0));
    world.platform.stripe.act("pay", &session, &[]).expect("it pays");
    let back = come_back(&world, &account, &session).await;
    deliver(&world).await;
    assert_eq!(back["payment"]["status"], "succeeded");
    assert_eq!(world.money(account.id).await, (60 * DOLLAR, 0, 0));
    // Buys, spends the bonus, and wants its money back.
    spend(&world, &account, 10 * DOLLAR).await;
    let own = format!("/user/payments/{}/refund", payment_id(&begun));
    let body = json!({"payment_id": payment_id(&begun), "amount": 50, "force": true});
    let most = Answer::to(world.post(
        "/api/stripe/refund",
        &admin.key,
        &json!({"payment_id": payment_id(&begun), "amount": 50}),
    ))
    .await;
    most.refused(409, "refund_exceeds_payment");
    Answer::to(world.post("/api/stripe/refund", &admin.key, &body)).await.success();
    assert_eq!(world.money(account.id).await, (-10 * DOLLAR, 0, 10 * DOLLAR));
    Answer::to(world.post(&own, &account.key, &json!({}))).await.refused(409, "refund_exceeds_payment");
    refused(&world, &account, &json!({"amount": 5, "coupon": "PLUS"}), 409, "coupon_already_redeemed").await;
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn what_is_unspent_is_refunded_less_the_bonus_that_was_spent() {
    let world = World::start().await;
    let account = world.account(0).await;
    made(&world, &json!({"code": "PLUS", "kind": "bonus", "amount": 10})).await;
    let (session, begun) = with_coupon(&world, &account, 10, "PLUS").await;
    world.platform.stripe.act("pay", &session, &[]).expect("it pays");
    come_back(&world, &account, &session).await;
    spend(&world, &account, 10 * DOLLAR).await;
    let own = format!("/user/payments/{}/refund", payment_id(&begun));
    let refund = Answer::to(world.post(&own, &account.key, &json!({}))).await.success();
    assert_eq!((nanos(&refund["amount"]), world.money(account.id).await), (5 * DOLLAR, (0, 0, 0)));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_bonus_is_only_for_the_purchases_that_it_says() {
    let world = World::start().await;
    let account = world.account(0).await;
    made(&world, &json!({"code": "FROM20", "kind": "bonus", "amount": 5, "min_purchase": 20})).await;
    made(&world, &json!({"code": "FIRST", "kind": "bonus", "amount": 5, "first_purchase_only": true})).await;
    made(&world, &json!({"code": "GIFT", "kind": "credit", "amount": 5, "max_redemptions": 5})).await;
    refused(&world, &account, &json!({"amount": 19, "coupon": "FROM20"}), 409, "coupon_not_applicable").await;
    refused(&world, &account, &json!({"amount": 50, "coupon": "GIFT"}), 409, "coupon_not_applicable").await;
    refused(&world, &account, &json!({"amount": 50, "coupon": "NONE"}), 404, "coupon_not_found").await;
    assert_eq!(world.value("select count(*) from gateway.payments").await, json!(0));
    let (session, _) = with_coupon(&world, &account, 5, "FIRST").await;
    // A second first purchase, while the first is open.
    refused(&world, &account, &json!({"amount": 5, "coupon": "FIRST"}), 409, "coupon_not_applicable").await;
    world.platform.stripe.act("pay", &session, &[]).expect("it pays");
    come_back(&world, &account, &session).await;
    assert_eq!(world.money(account.id).await.0, 10 * DOLLAR);
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn what_nobody_pays_is_released_and_a_late_payment_gets_its_bonus_while_there_is_one() {
    let world = World::start().await;
    let (first, second) = (world.account(0).await, world.account(0).await);
    super::promotion(&world, "spring", 5).await;
    made(&world, &json!({"code": "ONLY", "kind": "bonus", "amount": 5, "max_redemptions": 1, "promotion": "spring"}))
        .await;
    let (late, _) = with_coupon(&world, &first, 10, "ONLY").await;
    refused(&world, &second, &json!({"amount": 10, "coupon": "ONLY"}), 409, "coupon_used_up").await;
    let passed = "update gateway.coupon_redemptions set expires_at = gateway.now() - interval '1 second'";
    world.sql(passed).await;
    reconcile(&world).await;
    assert_eq!(uses(&world, "ONLY").await, json!(0));
    world.assert_ledger_clean().await;
    let (paid, _) = with_coupon(&world, &second, 10, "ONLY").await;
    world.platform.stripe.act("pay", &paid, &[]).expect("it pays");
    come_back(&world, &second, &paid).await;
    assert_eq!(world.money(second.id).await.0, 15 * DOLLAR);
    // Paid after all: its credit comes, and no bonus, since there is none left.
    world.platform.stripe.act("pay", &late, &[]).expect("it pays");
    assert_eq!(nanos(&come_back(&world, &first, &late).await["payment"]["bonus"]), 0);
    assert_eq!(world.money(first.id).await.0, 10 * DOLLAR);
    world.assert_ledger_clean().await;
    // Released, and paid while there is one.
    made(&world, &json!({"code": "TWICE", "kind": "bonus", "amount": 5, "max_redemptions": 1})).await;
    let (session, _) = with_coupon(&world, &first, 10, "TWICE").await;
    world.sql(&format!("{passed} where state = 'reserved'")).await;
    reconcile(&world).await;
    world.platform.stripe.act("pay", &session, &[]).expect("it pays");
    come_back(&world, &first, &session).await;
    assert_eq!((world.money(first.id).await.0, uses(&world, "TWICE").await), (25 * DOLLAR, json!(1)));
    world.assert_ledger_clean().await;
}
