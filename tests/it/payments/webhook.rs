//! What Stripe tells, and what is not believed.

use std::time::{SystemTime, UNIX_EPOCH};

use local::stripe::signature;
use local::upstash::Engine;
use serde_json::{Value, json};
use tests::world::World;

use super::facts::Bought;
use super::shop::{DOLLAR, deliver, pay, post};

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a time").as_secs().try_into().expect("a number")
}

/// The event that says that a payment is paid, as the stand-in tells of it.
async fn told(world: &World) -> (tests::world::Account, String, Value) {
    let account = world.account(0).await;
    pay(world, &account, 10).await;
    let events = world.platform.stripe.take_events();
    let event = events.into_iter().find(|event| event.kind == "checkout.session.completed").expect("an event");
    let json = serde_json::from_str(&event.body).expect("JSON");
    (account, event.body, json)
}

#[tokio::test]
async fn what_stripe_has_not_signed_credits_nothing() {
    let world = World::start().await;
    let (account, body, _) = told(&world).await;
    let secret = world.platform.stripe.webhook_secret();
    let good = signature(secret, now(), &body);
    let cut = &good[..good.len() - 2];
    let forged = [
        None,
        Some(String::new()),
        Some("t=1,v1=".to_owned()),
        Some(signature("whsec_another", now(), &body)),
        Some(signature("", now(), &body)),
        Some(signature(secret, now() - 301, &body)),
        Some(signature(secret, now() + 400, &body)),
        Some(cut.to_owned()),
        Some(good.replace("v1=", "v0=")),
        Some(signature(secret, now(), &format!("{body} "))),
    ];
    for signature in forged {
        post(&world, &body, signature.as_deref()).await.refused(400, "invalid_signature");
    }
    let changed = body.replacen("1000", "9000", 1);
    post(&world, &changed, Some(&good)).await.refused(400, "invalid_signature");
    // What is larger than any event is not read for its signature.
    post(&world, &" ".repeat(1_048_577), Some(&good)).await.refused(413, "payload_too_large");
    assert_eq!(world.money(account.id).await.0, 0);
    assert_eq!(world.value("select count(*) from gateway.stripe_events").await, json!(0));
    let taken = post(&world, &body, Some(&good)).await.success();
    assert_eq!(taken, json!({"received": true, "outcome": "applied"}));
    assert_eq!(world.money(account.id).await.0, 10 * DOLLAR);
}

#[tokio::test]
async fn either_secret_is_believed_while_one_is_replaced_and_none_without_a_secret() {
    let world = World::with(Engine::InProcess, &[("STRIPE_WEBHOOK_SECRET", "whsec_new,whsec_old")]).await;
    for secret in ["whsec_new", "whsec_old"] {
        let (account, body, _) = told(&world).await;
        post(&world, &body, Some(&signature(secret, now(), &body))).await.success();
        assert_eq!(world.money(account.id).await.0, 10 * DOLLAR, "{secret}");
    }
    for secret in ["", "whsec_"] {
        let world = World::with(Engine::InProcess, &[("STRIPE_WEBHOOK_SECRET", secret)]).await;
        let signed = signature(secret, now(), "{}");
        post(&world, "{}", Some(&signed)).await.refused(503, "not_configured");
    }
}

#[tokio::test]
async fn what_was_paid_otherwise_than_it_was_asked_for_is_never_credited() {
    let world = World::start().await;
    let other = world.account(0).await;
    pay(&world, &other, 10).await;
    let others_customer = world.value("select id from gateway.stripe_customers").await;
    let _ = world.platform.stripe.take_events();
    for (member, value, outcome) in [
        ("amount_subtotal", json!(999), "mismatch"),
        ("amount_subtotal", json!(1_001), "mismatch"),
        ("amount_total", json!(999), "mismatch"),
        ("currency", json!("eur"), "mismatch"),
        ("customer", others_customer, "mismatch"),
        ("id", json!("cs_another"), "mismatch"),
        ("payment_status", json!("no_payment_required"), "applied"),
        ("livemode", json!(true), "mismatch"),
        ("metadata", json!({}), "ignored"),
        ("metadata", json!({"payment": "not-an-id"}), "ignored"),
        ("metadata", json!({"payment": "01938f6e-0000-7000-8000-000000000000", "deployment": "another"}), "ignored"),
        ("mode", json!("subscription"), "ignored"),
        ("mode", json!("some_new_mode"), "ignored"),
        ("payment_status", json!("unpaid"), "applied"),
        ("some_new_member", json!([1]), "applied"),
    ] {
        let (account, _, mut event) = told(&world).await;
        event["data"]["object"][member] = value.clone();
        let body = event.to_string();
        let taken = post(&world, &body, Some(&world.platform.stripe.sign(&body))).await.success();
        // What an event says of its mode is the event's.
        let outcome = if member == "livemode" { "applied" } else { outcome };
        assert_eq!(taken["outcome"], outcome, "{member} {value}");
        let credited = outcome == "applied" && value != json!("unpaid");
        assert_eq!(world.money(account.id).await.0, if credited { 10 * DOLLAR } else { 0 }, "{member} {value}");
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn events_of_another_mode_or_account_and_thin_ones_change_nothing() {
    let world = World::start().await;
    for (member, value, told_so) in [
        ("livemode", json!(true), Ok("ignored")),
        ("account", json!("acct_1"), Ok("ignored")),
        ("type", json!("some.new.event"), Ok("ignored")),
        ("object", json!("v2.core.event"), Err((400, "invalid_request"))),
    ] {
        let (account, _, mut event) = told(&world).await;
        event[member] = value;
        let body = event.to_string();
        let answer = post(&world, &body, Some(&world.platform.stripe.sign(&body))).await;
        match told_so {
            Ok(outcome) => assert_eq!(answer.success()["outcome"], outcome, "{member}"),
            Err((status, code)) => {
                answer.refused(status, code);
            }
        }
        assert_eq!(world.money(account.id).await.0, 0, "{member}");
    }
}

#[tokio::test]
async fn an_event_that_lacks_what_is_needed_of_it_is_not_acknowledged() {
    let world = World::start().await;
    let (account, _, event) = told(&world).await;
    let needed = ["id", "status", "payment_status", "amount_subtotal", "amount_total", "currency", "livemode"];
    for member in needed {
        let mut lacking = event.clone();
        lacking["data"]["object"].as_object_mut().expect("an object").remove(member);
        let body = lacking.to_string();
        post(&world, &body, Some(&world.platform.stripe.sign(&body))).await.refused(500, "internal_error");
    }
    for member in ["id", "type", "livemode", "created"] {
        let mut lacking = event.clone();
        lacking.as_object_mut().expect("an object").remove(member);
        let body = lacking.to_string();
        post(&world, &body, Some(&world.platform.stripe.sign(&body))).await.refused(500, "internal_error");
    }
    assert_eq!(world.money(account.id).await.0, 0);
    // Everything else may be absent.
    let mut bare = event;
    let object = bare["data"]["object"].as_object_mut().expect("an object");
    object.retain(|member, _| needed.contains(&member.as_str()) || ["mode", "metadata"].contains(&member.as_str()));
    let body = bare.to_string();
    assert_eq!(post(&world, &body, Some(&world.platform.stripe.sign(&body))).await.success()["outcome"], "applied");
    assert_eq!(world.money(account.id).await.0, 10 * DOLLAR);
}

#[tokio::test]
async fn what_is_of_this_deployment_and_unknown_waits_and_is_told_of() {
    let world = World::start().await;
    let (_, _, mut event) = told(&world).await;
    event["data"]["object"]["metadata"]["payment"] = json!("01938f6e-0000-7000-8000-000000000000");
    let body = event.to_string();
    for _ in 0..2 {
        let taken = post(&world, &body, Some(&world.platform.stripe.sign(&body))).await.success();
        assert_eq!(taken["outcome"], "unmatched");
    }
    let kept = world.value("select seen ->> 'status' from gateway.stripe_events where outcome = 'unmatched'").await;
    assert_eq!(kept, "paid");
}

#[tokio::test]
async fn while_the_database_is_away_stripe_is_told_to_come_again() {
    let Some(world) = World::concurrent("an event for a locked account").await else { return };
    // As impatient as it is where no test has made it wait.
    world.sql("alter function public.apply_stripe_event set lock_timeout = '1s'").await;
    let account = world.account(0).await;
    let bought = Bought::new(&world, &account, 1_000, 1_000, 0).await;
    let event = json!({"id": "evt_1", "object": "event", "type": "payment_intent.succeeded", "created": now(), "livemode": false,
        "data": {"object": {"id": bought.intent(), "status": "succeeded", "amount": 1_000, "amount_received": 1_000,
        "currency": "usd", "livemode": false, "metadata": {"payment": bought.id}}}});
    let body = event.to_string();
    let signed = world.platform.stripe.sign(&body);
    let lock = world.locked(&account).await;
    let answer = post(&world, &body, Some(&signed)).await;
    assert_eq!(answer.status, 503, "{}", answer.text);
    drop(lock);
    tests::watch::poll("the end of the first attempt", || async {
        world.money(account.id).await.0 > 0 || {
            let again = post(&world, &body, Some(&signed)).await;
            again.status == 200
        }
    })
    .await;
    assert_eq!(post(&world, &body, Some(&signed)).await.success()["outcome"], "duplicate");
    assert_eq!(world.money(account.id).await.0, 10 * DOLLAR);
    assert!(deliver(&world).await.is_empty());
    world.assert_ledger_clean().await;
}
