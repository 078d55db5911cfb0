//! What buyers ask, and what Stripe tells.

use serde_json::json;
use tests::world::{Account, World};
use uuid::Uuid;

use super::Sample;
use crate::payments::facts::Bought;

/// The sample, if the operation is one of these. What it does it does to `owner`.
pub async fn sample(world: &World, (method, name): (&str, &str), owner: &Account) -> Option<Sample> {
    let not_theirs = Some((404, "payment_not_found"));
    Some(match (method, name) {
        ("GET", "stripe_credit_packages") => Sample::plain(),
        ("POST", "stripe_checkout_sessions") => {
            Sample::body(json!({"amount": 5, "success_url": "https://shop.example/paid"}))
        }
        ("POST", "stripe_payment_intents") => Sample::body(json!({"package": "basic"})),
        ("GET", "stripe_payments") => Sample::plain().with_query("?status=succeeded&limit=5"),
        ("GET", "stripe_payment") => {
            let bought = Bought::new(world, owner, 1_000, 1_000, 0).await;
            Sample { foreign: not_theirs, ..Sample::plain().with("id", bought.id) }
        }
        ("GET", "stripe_checkout_session") => {
            let bought = Bought::new(world, owner, 1_000, 1_000, 0).await;
            Sample { foreign: not_theirs, ..Sample::plain().with("session", bought.id) }
        }
        ("GET", "stripe_payment_intent") => {
            let bought = Bought::new(world, owner, 1_000, 1_000, 0).await;
            world.sql(&format!("update gateway.payments set kind = 'intent' where id = '{}'", bought.id)).await;
            Sample { foreign: not_theirs, ..Sample::plain().with("intent", bought.id) }
        }
        ("POST", "stripe_refund") => {
            Sample::body(json!({"payment_id": paid(world, owner).await, "amount": 5, "reason": "duplicate"}))
        }
        ("POST", "user_payment_refund") => {
            Sample { foreign: not_theirs, ..Sample::body(json!({})).with("id", paid(world, owner).await) }
        }
        ("GET", "user_auto_topup") => Sample::plain(),
        ("PUT", "user_auto_topup") => {
            Sample::body(json!({"enabled": true, "consent": true, "threshold": 5, "amount": 10, "monthly_cap": 100}))
        }
        ("POST", "stripe_webhook") => {
            let bought = Bought::new(world, owner, 1_000, 1_000, 0).await;
            Sample::body(
                json!({"id": format!("evt_{}", Uuid::new_v4().simple()), "object": "event", "type": "charge.succeeded",
                "created": 1_790_000_000, "livemode": false, "data": {"object": {"id": bought.charge(), "object": "charge",
                "payment_intent": bought.intent(), "metadata": {"payment": bought.id}}}}),
            )
        }
        ("GET", "cron_reconcile_payments") => Sample::plain(),
        _ => return None,
    })
}

/// A payment of ten dollars that was paid at the stand-in. Answers its id.
pub async fn paid(world: &World, owner: &Account) -> Uuid {
    let bought = Bought::new(world, owner, 1_000, 1_000, 0).await;
    let stripe = &world.platform.stripe;
    let body =
        format!("amount=1000&currency=usd&confirm=true&payment_method=pm_card_visa&metadata[payment]={}", bought.id);
    let made = world.http.post(format!("{}/v1/payment_intents", stripe.url())).bearer_auth(stripe.key());
    let made =
        made.header("content-type", "application/x-www-form-urlencoded").body(body).send().await.expect("an answer");
    let intent: serde_json::Value = serde_json::from_str(&made.text().await.expect("a body")).expect("JSON");
    // What is held of its events is nobody's business.
    let _ = stripe.take_events();
    let mut seen = bought.succeeded();
    seen["intent"] = intent["id"].clone();
    assert_eq!(crate::payments::facts::outcome(world, &seen).await, "applied");
    bought.id
}
