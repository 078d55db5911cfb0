//! What webhooks are told of, and that a cause tells each once.

use serde_json::{Value, json};
use tests::world::hello;

use super::receiver::Receiver;
use super::{cron, make, told_behind, world};
use crate::payments::facts::{Bought, outcome};
use crate::payments::shop::{come_back, pay, post};

#[tokio::test]
async fn a_payment_and_its_refund_are_told_once_and_to_nobody_else() {
    let (world, receiver, others) = (world().await, Receiver::start().await, Receiver::start().await);
    let (account, other) = (world.account(0).await, world.account(0).await);
    make(&world, &account, &receiver.url("/all"), &["payment.succeeded", "payment.refunded"]).await;
    make(&world, &account, &receiver.url("/refunds"), &["payment.refunded"]).await;
    make(&world, &other, &others.url("/"), &["payment.succeeded", "payment.refunded"]).await;
    let (session, _) = pay(&world, &account, 10).await;
    // Whoever has no address for mail is told all the same.
    world.change_account(&account, "email = null").await;
    come_back(&world, &account, &session).await;
    for event in world.platform.stripe.take_events() {
        post(&world, &event.body, Some(&world.platform.stripe.sign(&event.body))).await.success();
    }
    // Behind the act, without a cron job.
    told_behind(&world).await;
    assert_eq!(cron(&world).await["delivered"], 0);
    let [paid] = &receiver.take()[..] else { panic!("one") };
    let told = paid.json();
    assert_eq!(
        (&told["type"], &told["data"]["paid"], &told["data"]["credits"]),
        (&json!("payment.succeeded"), &json!(10), &json!(10))
    );
    assert!(told["timestamp"].is_string() && told["data"]["payment_id"].is_string(), "{told}");
    assert!(told["data"].get("receipt_url").is_none(), "{told}");
    assert!(told.as_object().is_some_and(|members| members.len() == 3), "{told}");
    let bought = Bought::new(&world, &account, 500, 500, 0).await;
    outcome(&world, &bought.succeeded()).await;
    for _ in 0..2 {
        outcome(&world, &bought.refund("r", 100, "succeeded")).await;
    }
    cron(&world).await;
    told_behind(&world).await;
    let mut told: Vec<(String, Value)> =
        receiver.take().iter().map(|one| (one.uri.to_string(), one.json()["type"].clone())).collect();
    told.sort_by(|one, other| format!("{one:?}").cmp(&format!("{other:?}")));
    let wanted = [("/all", "payment.refunded"), ("/all", "payment.succeeded"), ("/refunds", "payment.refunded")];
    assert_eq!(told, wanted.map(|(at, event)| (at.to_owned(), json!(event))));
    assert_eq!(others.take().len(), 0);
}

#[tokio::test]
async fn what_is_mailed_is_an_event_as_well_whoever_causes_it() {
    let (world, receiver) = (world().await, Receiver::start().await);
    let account = world.account(0).await;
    let events = ["balance.low", "key.spend_limit_reached", "key.expiring", "subscription.changed"];
    make(&world, &account, &receiver.url("/"), &events).await;
    let causes = [
        ("low_balance", json!({"balance": 9.5}), Some("balance.low")),
        ("out_of_credits", json!({"balance": 0}), Some("balance.low")),
        ("spend_limit", json!({"step": 80}), None),
        ("spend_limit", json!({"step": 100}), Some("key.spend_limit_reached")),
        ("key_expiring", json!({"days": 7}), Some("key.expiring")),
        ("plan_started", json!({"plan": "dev"}), Some("subscription.changed")),
        ("plan_ended", json!({"plan": "dev"}), Some("subscription.changed")),
        ("key_created", json!({"count": 1}), None),
        ("new_sign_in", json!({"network": "192.0.2.1"}), None),
        // Nobody wants to be told of it here.
        ("refund", json!({"amount": 1}), None),
    ];
    for (kind, payload, event) in causes {
        let notify = format!(
            "select gateway.notify('{}', '{kind}', gen_random_uuid()::text, '{payload}', gateway.now())",
            account.id
        );
        world.sql(&notify).await;
        cron(&world).await;
        let told = receiver.take();
        let Some(event) = event else {
            assert_eq!(told.len(), 0, "{kind} {payload}: {told:?}");
            continue;
        };
        let [told] = &told[..] else { panic!("{kind}: {told:?}") };
        let told = told.json();
        let mut data = payload.clone();
        if let Some(change) = kind.strip_prefix("plan_") {
            data["change"] = json!(change);
        }
        assert_eq!((&told["type"], &told["data"]), (&json!(event), &data), "{kind}");
    }
}

/// The days whose usage was received, with the requests of each.
fn days(receiver: &Receiver) -> Vec<(Value, Value)> {
    let told = receiver.take().into_iter().map(|one| one.json());
    let mut days: Vec<_> =
        told.map(|told| (told["data"]["day"].clone(), told["data"]["usage"]["requests"].clone())).collect();
    days.sort_by_key(|(day, _)| day.to_string());
    days
}

#[tokio::test]
async fn the_usage_of_each_day_is_told_once_when_the_day_is_over() {
    let (world, receiver) = (world().await, Receiver::start().await);
    let account = world.account(1_000_000_000).await;
    world.set_clock("2026-12-10T23:00:00Z").await;
    make(&world, &account, &receiver.url("/"), &["usage.daily"]).await;
    for _ in 0..3 {
        world.completion(&account.key, &hello(&json!({}))).await;
    }
    world.settled().await;
    // A call that ends at midnight is settled a little later.
    for at in ["2026-12-10T23:59:00Z", "2026-12-11T00:10:00Z"] {
        world.set_clock(at).await;
        assert_eq!(cron(&world).await["delivered"], 0, "{at}");
    }
    world.set_clock("2026-12-11T00:15:00Z").await;
    assert_eq!(cron(&world).await["delivered"], 1);
    assert_eq!(days(&receiver), [(json!("2026-12-10"), json!(3))]);
    // However often it is asked, and whatever the note of it says.
    cron(&world).await;
    world.sql("update gateway.webhooks set usage_told_on = usage_told_on - 1").await;
    assert_eq!(cron(&world).await["delivered"], 0);
    // Days on which no cron came are told when it comes again: those of the last week.
    world.set_clock("2026-12-30T12:00:00Z").await;
    for _ in 0..2 {
        cron(&world).await;
    }
    let told: Vec<Value> = days(&receiver).into_iter().map(|(day, _)| day).collect();
    assert_eq!((told.len(), &told[0], &told[6]), (7, &json!("2026-12-23"), &json!("2026-12-29")));
}
