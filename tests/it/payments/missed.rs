//! What no event has told is found out.

use local::upstash::Engine;
use serde_json::json;
use tests::answer::Answer;
use tests::world::World;

use super::shop::{DOLLAR, begin, come_back, deliver, intent, pay, payment_id, reconcile};

#[tokio::test]
async fn a_deployment_without_an_account_at_stripe_has_nothing_to_find_out() {
    let world = World::with(Engine::InProcess, &[("STRIPE_SECRET_KEY", "")]).await;
    assert_eq!(reconcile(&world).await["events"], 0);
}

#[tokio::test]
async fn payments_refunds_and_disputes_of_which_no_event_came_are_found() {
    let world = World::start().await;
    let (account, other) = (world.account(0).await, world.account(0).await);
    let (session, _) = pay(&world, &account, 10).await;
    let (refunded, _) = pay(&world, &other, 20).await;
    world.platform.stripe.act("refund", &intent(&world, &refunded), &[("amount", "500")]).expect("a refund");
    // None of them arrives.
    assert!(!world.platform.stripe.take_events().is_empty());
    assert!(reconcile(&world).await["events"].as_u64() > Some(4));
    assert_eq!((world.money(account.id).await.0, world.money(other.id).await.0), (10 * DOLLAR, 15 * DOLLAR));
    assert_eq!(reconcile(&world).await["events"], 0);
    assert_eq!(come_back(&world, &account, &session).await["payment"]["status"], "succeeded");
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_payment_whose_events_are_too_old_to_ask_for_is_asked_about() {
    let world = World::start().await;
    let account = world.account(0).await;
    let (_, begun) = pay(&world, &account, 10).await;
    let (expired, never) = (begin(&world, &account, &json!({"amount": 10})).await.1, world.account(0).await);
    let never = super::facts::Bought::new(&world, &never, 1_000, 1_000, 0).await;
    world.platform.stripe.advance(40 * 24 * 3600);
    let _ = world.platform.stripe.take_events();
    // As if the events were gone: they are asked for from here on.
    world
        .sql(&format!(
            "insert into gateway.stripe_events (id, type, outcome, livemode, created_at, received_at)
               values ('evt_now', 'test', 'ignored', false, gateway.now() + interval '41 days', gateway.now());
             update gateway.payments set created_at = created_at - interval '2 days' where id <> '{}'",
            payment_id(&expired)
        ))
        .await;
    reconcile(&world).await;
    assert_eq!(world.money(account.id).await.0, 10 * DOLLAR);
    assert_eq!(never.stands(&world).await[0], "expired");
    let status = |id: String| {
        let world = &world;
        async move { world.value(&format!("select status from gateway.payments where id = '{id}'")).await }
    };
    assert_eq!(status(payment_id(&begun)).await, "succeeded");
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_session_that_is_complete_before_it_is_paid_is_asked_about_until_it_is() {
    let world = World::start().await;
    let account = world.account(0).await;
    let (session, begun) = begin(&world, &account, &json!({"amount": 10})).await;
    let stripe = &world.platform.stripe;
    stripe.act("pay", &session, &[("card", "slow")]).expect("it is complete");
    // None of the events is asked for.
    world
        .sql(
            "insert into gateway.stripe_events (id, type, outcome, livemode, created_at, received_at)
               values ('evt_now', 'test', 'ignored', false, gateway.now() + interval '50 days', gateway.now());
             update gateway.payments set created_at = created_at - interval '2 days'",
        )
        .await;
    let asked = async |expected: (&str, i64)| {
        let _ = stripe.take_events();
        reconcile(&world).await;
        let status = format!("select status from gateway.payments where id = '{}'", payment_id(&begun));
        assert_eq!((world.value(&status).await, world.money(account.id).await.0), (json!(expected.0), expected.1));
    };
    asked(("processing", 0)).await;
    stripe.act("settle", &session, &[("paid", "true")]).expect("it is paid");
    asked(("succeeded", 10 * DOLLAR)).await;
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_refund_that_stripe_was_never_asked_for_is_asked_for_and_one_that_was_is_not_made_twice() {
    let world = World::start().await;
    let (admin, account) = (world.administrator().await, world.account(0).await);
    let (session, begun) = pay(&world, &account, 10).await;
    deliver(&world).await;
    let body = json!({"payment_id": payment_id(&begun), "amount": 4});
    let caller = json!({"key_hashes": [world.hash(&admin.key)], "ip": "192.0.2.1"});
    // The function died before it asked Stripe.
    let begin = |dollars: i64| {
        let request = json!({"id": uuid::Uuid::now_v7(), "payment_id": payment_id(&begun), "amount": dollars * 100});
        format!("select public.begin_refund('{caller}', '{request}') ->> 'id'")
    };
    world.value(&begin(4)).await;
    assert_eq!(world.money(account.id).await.0, 6 * DOLLAR);
    let overdue = "update gateway.reversals set created_at = created_at - interval '5 minutes'";
    world.sql(overdue).await;
    assert_eq!(reconcile(&world).await["refunds"], 1);
    // The function died after it asked, and two days have passed: the key is forgotten, the refund is not.
    let asked = Answer::to(world.post("/api/stripe/refund", &admin.key, &body)).await.success();
    world.sql(&format!("update gateway.reversals set status = 'requested', rank = 0, id = request_id::text where request_id = '{}'", asked["id"].as_str().expect("an id"))).await;
    world.platform.stripe.advance(2 * 24 * 3600);
    world.sql(overdue).await;
    reconcile(&world).await;
    assert_eq!(world.money(account.id).await.0, 2 * DOLLAR);
    let charge = world.platform.stripe.object(&intent(&world, &session)).expect("an intent")["latest_charge"].clone();
    let charge = world.platform.stripe.object(charge.as_str().expect("an id")).expect("a charge");
    assert_eq!(charge["amount_refunded"], 800);
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_buyer_whose_payment_was_begun_and_not_noted_gets_the_same_page_again() {
    let world = World::start().await;
    let account = world.account(0).await;
    let ask = || {
        let request = world.post("/api/stripe/checkout-session", &account.key, &json!({"amount": 10}));
        Answer::to(request.header("idempotency-key", "one"))
    };
    let first = ask().await.success();
    // The function died before it noted the session: Stripe has it, we have not.
    world.sql("update gateway.payments set session_id = null; delete from gateway.stripe_customers").await;
    assert_eq!(ask().await.success()["id"], first["id"]);
    world.sql("update gateway.payments set session_id = null; delete from gateway.stripe_customers").await;
    world.platform.stripe.act("pay", first["id"].as_str().expect("an id"), &[]).expect("it pays");
    deliver(&world).await;
    assert_eq!(world.money(account.id).await.0, 10 * DOLLAR);
    world.assert_ledger_clean().await;
}
