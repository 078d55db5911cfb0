//! What is refunded is taken back, to the cent, and what is spent of it is owed.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, World, hello, nanos};

use super::shop::{DOLLAR, come_back, deliver, intent, pay, payment_id, post};
use super::spend;

/// A payment whose credit has come: its id and its session's.
async fn bought(world: &World, account: &Account, dollars: u32) -> (String, String) {
    let (session, begun) = pay(world, account, dollars).await;
    come_back(world, account, &session).await;
    deliver(world).await;
    (payment_id(&begun), session)
}

async fn refund(world: &World, admin: &Account, body: &Value) -> Answer {
    Answer::to(world.post("/api/stripe/refund", &admin.key, body)).await
}

#[tokio::test]
async fn an_administrators_refund_takes_the_credit_first_and_once() {
    let world = World::start().await;
    let (admin, account) = (world.administrator().await, world.account(0).await);
    let (payment, _) = bought(&world, &account, 10).await;
    let ask = || {
        let body = json!({"payment_id": payment, "amount": 4, "reason": "duplicate"});
        Answer::to(world.post("/api/stripe/refund", &admin.key, &body).header("idempotency-key", "one"))
    };
    let first = ask().await.success();
    assert_eq!((&first["status"], nanos(&first["amount"])), (&json!("succeeded"), 4 * DOLLAR));
    assert!(first["stripe_id"].as_str().is_some_and(|id| id.starts_with("re_")), "{first}");
    assert_eq!(ask().await.success(), first);
    assert_eq!(world.money(account.id).await.0, 6 * DOLLAR);
    // Stripe tells of what we know.
    let told = deliver(&world).await;
    assert!(told.iter().all(|(_, outcome)| outcome != "unmatched"), "{told:?}");
    assert_eq!(world.money(account.id).await.0, 6 * DOLLAR);
    let shown = Answer::to(world.get(&format!("/api/stripe/payments/{payment}"), &account.key)).await.success();
    assert_eq!((nanos(&shown["refunded"]), nanos(&shown["taken_back"])), (4 * DOLLAR, 4 * DOLLAR));
    // The rest, which is what is unspent.
    refund(&world, &admin, &json!({"payment_id": payment})).await.success();
    assert_eq!(world.money(account.id).await, (0, 0, 0));
    refund(&world, &admin, &json!({"payment_id": payment})).await.refused(409, "refund_exceeds_payment");
    deliver(&world).await;
    world.assert_ledger_clean().await;
    let trail = "select count(*) from gateway.audit_logs where action = 'payment.refund'";
    assert_eq!(world.value(trail).await, json!(2));
}

#[tokio::test]
async fn a_refund_beyond_what_is_left_is_debt_which_calls_hear_of_and_the_next_purchase_pays() {
    let world = World::start().await;
    let (admin, account) = (world.administrator().await, world.account(0).await);
    let (payment, _) = bought(&world, &account, 10).await;
    spend(&world, &account, 7 * DOLLAR).await;
    let whole = json!({"payment_id": payment, "amount": 10});
    let refused = refund(&world, &admin, &whole).await;
    let error = &refused.json()["error"];
    assert_eq!((nanos(&error["unspent"]), nanos(&error["rest"])), (3 * DOLLAR, 10 * DOLLAR));
    refused.refused(409, "refund_exceeds_payment");
    refund(&world, &admin, &json!({"payment_id": payment, "amount": 10, "force": true})).await.success();
    assert_eq!(world.money(account.id).await, (-7 * DOLLAR, 0, 7 * DOLLAR));
    Answer::to(world.chat(&account.key, &hello(&json!({})))).await.refused(402, "account_in_debt");
    deliver(&world).await;
    assert_eq!(world.money(account.id).await, (-7 * DOLLAR, 0, 7 * DOLLAR));
    bought(&world, &account, 10).await;
    assert_eq!(world.money(account.id).await, (3 * DOLLAR, 0, 0));
    world.completion(&account.key, &hello(&json!({}))).await;
    world.settled().await;
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn refunds_at_the_dashboard_are_as_good_as_ours_to_the_cent() {
    let world = World::start().await;
    let account = world.account(0).await;
    let (_, session) = bought(&world, &account, 10).await;
    let stripe = &world.platform.stripe;
    for (cents, left) in [("1", 9_990_000_000), ("333", 6_660_000_000), ("666", 0)] {
        stripe.act("refund", &intent(&world, &session), &[("amount", cents)]).expect("a refund");
        deliver(&world).await;
        assert_eq!(world.money(account.id).await, (left, 0, 0), "{cents}");
    }
    // A purchase that was wholly returned buys no limits.
    assert_eq!(
        world.value(&format!("select has_purchased from gateway.accounts where id = '{}'", account.id)).await,
        json!(false)
    );
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn what_a_call_had_held_whose_function_died_is_there_for_a_refund() {
    let world = World::start().await;
    let account = world.account(0).await;
    let (_, session) = bought(&world, &account, 10).await;
    world.reserve(&account, 4 * DOLLAR).await;
    world.change_account(&account, "next_overdue = gateway.now()").await;
    world.sql("update gateway.holds set expires_at = gateway.now()").await;
    // Nobody has swept it yet: the event itself looks at what time has done.
    world.platform.stripe.act("refund", &intent(&world, &session), &[]).expect("a refund");
    deliver(&world).await;
    assert_eq!(world.money(account.id).await, (0, 0, 0));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_refund_that_fails_after_all_gives_the_credit_back() {
    let world = World::start().await;
    let (admin, account) = (world.administrator().await, world.account(0).await);
    let (payment, _) = bought(&world, &account, 10).await;
    let made = refund(&world, &admin, &json!({"payment_id": payment})).await.success();
    deliver(&world).await;
    assert_eq!(world.money(account.id).await, (0, 0, 0));
    let stripe = &world.platform.stripe;
    stripe.act("fail", made["stripe_id"].as_str().expect("an id"), &[]).expect("it fails");
    // What comes late changes nothing.
    let events = stripe.take_events();
    for event in events.iter().chain(&events) {
        post(&world, &event.body, Some(&stripe.sign(&event.body))).await.success();
    }
    assert_eq!(world.money(account.id).await, (10 * DOLLAR, 0, 0));
    world.assert_ledger_clean().await;
    // And it can be refunded again.
    refund(&world, &admin, &json!({"payment_id": payment})).await.success();
    assert_eq!(world.money(account.id).await, (0, 0, 0));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_refund_that_stripe_refuses_gives_the_credit_back_at_once() {
    let world = World::start().await;
    let (admin, account) = (world.administrator().await, world.account(0).await);
    let (payment, session) = bought(&world, &account, 10).await;
    // At the Dashboard, and the event has not come yet.
    world.platform.stripe.act("refund", &intent(&world, &session), &[]).expect("a refund");
    refund(&world, &admin, &json!({"payment_id": payment})).await.refused(409, "refund_refused");
    assert_eq!(world.money(account.id).await, (10 * DOLLAR, 0, 0));
    world.assert_ledger_clean().await;
    deliver(&world).await;
    assert_eq!(world.money(account.id).await, (0, 0, 0));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_buyer_returns_what_is_unspent_within_a_day() {
    let world = World::start().await;
    let account = world.account(0).await;
    let (payment, session) = bought(&world, &account, 10).await;
    // A third of a cent is nobody's: what is returned is in whole cents, and never more than is left.
    spend(&world, &account, 2_003_333_333).await;
    let path = format!("/user/payments/{payment}/refund");
    let made = Answer::to(world.post(&path, &account.key, &json!({}))).await.success();
    assert_eq!((&made["status"], nanos(&made["amount"])), (&json!("succeeded"), 7_990_000_000));
    assert_eq!(world.money(account.id).await, (6_666_667, 0, 0));
    Answer::to(world.post(&path, &account.key, &json!({}))).await.refused(409, "refund_exceeds_payment");
    let charge = world.platform.stripe.object(&intent(&world, &session)).expect("an intent")["latest_charge"].clone();
    let charge = world.platform.stripe.object(charge.as_str().expect("an id")).expect("a charge");
    assert_eq!(charge["amount_refunded"], 799);
    let (late, _) = bought(&world, &account, 10).await;
    world
        .sql(&format!("update gateway.payments set settled_at = settled_at - interval '25 hours' where id = '{late}'"))
        .await;
    let path = format!("/user/payments/{late}/refund");
    Answer::to(world.post(&path, &account.key, &json!({}))).await.refused(409, "payment_not_refundable");
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn what_is_not_paid_is_not_refunded() {
    let world = World::start().await;
    let (admin, account) = (world.administrator().await, world.account(0).await);
    let (_, begun) = super::shop::begin(&world, &account, &json!({"amount": 10})).await;
    let payment = payment_id(&begun);
    refund(&world, &admin, &json!({"payment_id": payment})).await.refused(409, "payment_not_refundable");
    let nobody = json!({"payment_id": "01938f6e-0000-7000-8000-000000000000"});
    refund(&world, &admin, &nobody).await.refused(404, "payment_not_found");
    refund(&world, &account, &json!({"payment_id": payment})).await.refused(403, "insufficient_scope");
}

#[tokio::test]
async fn a_refund_of_which_only_its_charge_tells_is_asked_for() {
    let world = World::start().await;
    let account = world.account(0).await;
    let (session, _) = pay(&world, &account, 10).await;
    deliver(&world).await;
    let stripe = &world.platform.stripe;
    for (cents, left) in [("300", 7), ("200", 5)] {
        stripe.act("refund", &intent(&world, &session), &[("amount", cents)]).expect("a refund");
        let events = stripe.take_events();
        let told = events.iter().find(|event| event.kind == "charge.refunded").expect("an event");
        post(&world, &told.body, Some(&stripe.sign(&told.body))).await.success();
        assert_eq!(world.money(account.id).await.0, left * DOLLAR);
        for event in &events {
            post(&world, &event.body, Some(&stripe.sign(&event.body))).await.success();
        }
        assert_eq!(world.money(account.id).await.0, left * DOLLAR);
    }
    world.assert_ledger_clean().await;
}
