//! Discounts on plans: the price falls by Stripe's coupon, and each use counts.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, World};

use super::made;
use crate::payments::shop::{DOLLAR, deliver, reconcile};
use crate::payments::subscriptions::shop::{newcomer, show};

/// A discount of half a plan's price, at Stripe too.
async fn half(world: &World, further: &Value) {
    let stripe = &world.platform.stripe;
    let request = world.http.post(format!("{}/v1/coupons", stripe.url())).bearer_auth(stripe.key());
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    Answer::to(request.body("id=HALF&percent_off=50&duration=once")).await.success();
    let mut body = json!({"code": "HALFOFF", "kind": "discount", "percent": 50, "stripe_coupon_id": "HALF"});
    for (name, value) in further.as_object().expect("an object") {
        body[name] = value.clone();
    }
    made(world, &body).await;
}

async fn checkout(world: &World, account: &Account, coupon: &str) -> Answer {
    let body = json!({"plan": "dev", "interval": "month", "coupon": coupon});
    Answer::to(world.post("/subscription/checkout", &account.key, &body)).await
}

async fn uses(world: &World) -> Value {
    world.value("select jsonb_agg(state order by created_at) from gateway.coupon_redemptions").await
}

#[tokio::test]
async fn a_plan_with_a_discount_is_paid_less_and_gives_its_whole_credit_and_the_use_counts_once() {
    let world = World::start().await;
    let account = newcomer(&world).await;
    half(&world, &json!({})).await;
    let page = checkout(&world, &account, "halfoff").await.success();
    assert_eq!(uses(&world).await, json!(["reserved"]));
    world.platform.stripe.act("pay", page["id"].as_str().expect("an id"), &[]).expect("it pays");
    deliver(&world).await;
    assert_eq!(uses(&world).await, json!(["redeemed"]));
    let paid = world.value("select jsonb_build_array(amount, paid) from gateway.payments").await;
    assert_eq!((paid, world.money(account.id).await.0), (json!([1_450, 1_450]), 29 * DOLLAR));
    let history = show(&world, &account, "/coupons/history").await;
    assert_eq!(history["data"][0]["code"], "HALFOFF", "{history}");
    // Whoever had it once has it no more, and gets no second subscription by it either.
    let again = checkout(&world, &account, "HALFOFF").await;
    again.refused(409, "subscription_exists");
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn what_is_no_discount_for_this_account_is_refused_before_stripe_is_asked() {
    let world = World::start().await;
    let (account, other) = (newcomer(&world).await, newcomer(&world).await);
    half(&world, &json!({"max_redemptions": 1})).await;
    made(&world, &json!({"code": "PLUS", "kind": "bonus", "amount": 5})).await;
    checkout(&world, &account, "NONE").await.refused(404, "coupon_not_found");
    checkout(&world, &account, "PLUS").await.refused(409, "coupon_not_applicable");
    checkout(&world, &account, "HALFOFF").await.success();
    checkout(&world, &other, "HALFOFF").await.refused(409, "coupon_used_up");
    assert_eq!(world.platform.stripe.all("checkout.session").len(), 1);
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_page_that_nobody_pays_releases_the_discount_and_one_that_is_paid_late_counts() {
    let world = World::start().await;
    let (late, next) = (newcomer(&world).await, newcomer(&world).await);
    half(&world, &json!({"max_redemptions": 1})).await;
    let page = checkout(&world, &late, "HALFOFF").await.success();
    world.sql("update gateway.coupon_redemptions set expires_at = gateway.now() - interval '1 second'").await;
    reconcile(&world).await;
    assert_eq!(uses(&world).await, json!(["released"]));
    checkout(&world, &next, "HALFOFF").await.success();
    // Stripe has given it, so it counts, beyond the limit if need be.
    world.platform.stripe.act("pay", page["id"].as_str().expect("an id"), &[]).expect("it pays");
    deliver(&world).await;
    assert_eq!(uses(&world).await, json!(["redeemed", "reserved"]));
    assert_eq!(world.value("select redemptions from gateway.coupons where code = 'HALFOFF'").await, json!(2));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn the_use_of_another_accounts_discount_is_nobodys() {
    let world = World::start().await;
    let account = newcomer(&world).await;
    half(&world, &json!({})).await;
    let page = checkout(&world, &account, "HALFOFF").await.success();
    let stranger = newcomer(&world).await;
    let id = world.value("select id from gateway.coupon_redemptions").await;
    let id = id.as_str().expect("an id");
    world.sql(&format!("select gateway.redeem_discount('{}', '{id}', gateway.now())", stranger.id)).await;
    assert_eq!(uses(&world).await, json!(["reserved"]), "{page}");
}
