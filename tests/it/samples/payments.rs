//! What buyers ask, and what Stripe tells.

use serde_json::json;
use tests::world::{Account, World};
use uuid::Uuid;

use super::Sample;
use crate::payments::facts::Bought;

/// The sample, if the operation is one of these. What it does it does to `owner`.
pub async fn sample(world: &World, (method, name): (&str, &str), owner: &Account) -> Option<Sample> {
    let not_theirs = Some((404, "payment_not_found"));
    let no_subscription = Some((404, "subscription_not_found"));
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
        ("POST", "subscription_checkout") => {
            world.change_account(owner, "plan = null").await;
            Sample::body(json!({"plan": "dev", "interval": "year", "cancel_url": "https://shop.example"}))
        }
        ("POST", "subscription_portal") => {
            subscribed(world, owner).await;
            Sample::body(json!({"return_url": "https://shop.example"}))
        }
        ("POST", "subscription_change") => {
            let subscription = subscribed(world, owner).await;
            Sample {
                foreign: no_subscription,
                ..Sample::body(json!({"subscription_id": subscription, "plan": "team"}))
            }
        }
        ("POST", "subscription_cancel" | "subscription_resume") => Sample {
            foreign: no_subscription,
            ..Sample::body(json!({"subscription_id": subscribed(world, owner).await}))
        },
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

/// A plan that was paid at the stand-in and is known here. Answers the subscription's id.
pub async fn subscribed(world: &World, owner: &Account) -> String {
    let stripe = &world.platform.stripe;
    let ask = async |path: &str, body: String| -> serde_json::Value {
        let made = world.http.post(format!("{}/v1/{path}", stripe.url())).bearer_auth(stripe.key());
        let made = made.header("content-type", "application/x-www-form-urlencoded").body(body).send().await;
        serde_json::from_str(&made.expect("an answer").text().await.expect("a body")).expect("JSON")
    };
    let text = |object: &serde_json::Value, name: &str| object[name].as_str().expect(name).to_owned();
    let customer = text(&ask("customers", String::new()).await, "id");
    let price = stripe.all("price").into_iter().find(|price| price["lookup_key"] == "dev_month").expect("a price");
    let body = format!(
        "mode=subscription&customer={customer}&success_url=https%3A%2F%2Fa.example&line_items[0][quantity]=1&line_items[0][price]={}",
        text(&price, "id")
    );
    let session = ask("checkout/sessions", body).await;
    let session = stripe.act("pay", &text(&session, "id"), &[]).expect("it pays");
    // What is held of its events is nobody's business.
    let _ = stripe.take_events();
    let subscription = stripe.object(&text(&session, "subscription")).expect("a subscription");
    let at = |name: &str| format!("to_timestamp({})", subscription["items"]["data"][0][name]);
    world
        .sql(&format!(
            "insert into gateway.stripe_customers (id, account_id, livemode, created_at) values ('{customer}', '{}', false, gateway.now());
             insert into gateway.plan_prices values ('{}', 'dev', 1, gateway.now()) on conflict do nothing;
             insert into gateway.subscriptions
               (id, account_id, customer, item, plan, months, status, period_start, period_end, begun_at, observed_at, created_at)
               values ('{}', '{}', '{customer}', '{}', 'dev', 1, 'active', {}, {}, gateway.now(), now() - interval '1 minute', gateway.now())",
            owner.id,
            text(&price, "id"),
            text(&subscription, "id"),
            owner.id,
            text(&subscription["items"]["data"][0], "id"),
            at("current_period_start"),
            at("current_period_end")
        ))
        .await;
    text(&subscription, "id")
}
