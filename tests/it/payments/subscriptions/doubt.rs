//! What is not believed of a plan.

use serde_json::{Value, json};
use tests::world::World;

use super::super::facts::{applied_as, outcome};
use super::super::shop::{deliver, post};
use super::facts::Subscribed;
use super::shop::{buy, cents, newcomer};

const PERIOD: (&str, &str) = ("2027-01-31T00:00:00Z", "2027-02-28T00:00:00Z");

fn with(seen: &Value, members: &Value) -> Value {
    let mut seen = seen.clone();
    seen.as_object_mut().expect("an object").extend(members.as_object().expect("members").clone());
    seen
}

#[tokio::test]
async fn an_invoice_that_is_not_what_it_should_be_gives_nothing() {
    let world = World::start().await;
    world.set_clock("2027-01-31T06:00:00Z").await;
    let (account, other) = (newcomer(&world).await, newcomer(&world).await);
    let bought = Subscribed::new(&world, &account, "dev_month", PERIOD, 2_900).await;
    let theirs = Subscribed::new(&world, &other, "dev_month", PERIOD, 2_900).await;
    assert_eq!(outcome(&world, &theirs.looked_at(1, "active", &json!({}))).await, "applied");
    let paid = bought.invoice_paid(1);
    let foreign = json!({"deployment": "00000000-0000-0000-0000-000000000000"});
    let elsewhere = |seen: &Value| with(seen, &json!({"of_subscription": with(&seen["of_subscription"], &foreign)}));
    for (seen, expected) in [
        (with(&paid, &json!({"currency": "eur"})), "mismatch"),
        // Another's customer, and an account that the customer is not of.
        (with(&paid, &json!({"customer": format!("cus_{}", other.id.simple())})), "mismatch"),
        (elsewhere(&with(&paid, &foreign)), "ignored"),
        (
            with(&paid, &json!({"deployment": null, "account": null, "customer": "cus_x", "subscription": "sub_x"})),
            "ignored",
        ),
        (
            with(&paid, &json!({"account": uuid::Uuid::new_v4(), "customer": "cus_x", "subscription": "sub_x"})),
            "unmatched",
        ),
        (with(&paid, &json!({"lines": []})), "ignored"),
    ] {
        assert_eq!(outcome(&world, &seen).await, expected, "{seen}");
        assert_eq!(world.value("select count(*) from gateway.instalments").await, json!(0), "{seen}");
    }
    assert_eq!(outcome(&world, &paid).await, "applied");
    assert_eq!(outcome(&world, &paid).await, "repeated");
    assert_eq!((cents(&world, &account).await, cents(&world, &other).await), (2_900, 0));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_subscription_that_names_another_account_than_its_customers_gives_nothing() {
    let world = World::start().await;
    let (account, other) = (newcomer(&world).await, newcomer(&world).await);
    let theirs = Subscribed::new(&world, &other, "team_month", PERIOD, 9_900).await;
    outcome(&world, &theirs.looked_at(1, "canceled", &json!({}))).await;
    let bought = Subscribed::new(&world, &account, "team_month", PERIOD, 9_900).await;
    let seen = bought.looked_at(1, "active", &json!({"customer": format!("cus_{}", other.id.simple())}));
    assert_eq!(outcome(&world, &seen).await, "mismatch");
    // What names nobody is its customer's.
    let unnamed = with(&seen, &json!({"account": null, "deployment": null}));
    assert_eq!(outcome(&world, &unnamed).await, "applied");
    let has = |of: &tests::world::Account| {
        format!("select count(*) from gateway.subscriptions where account_id = '{}'", of.id)
    };
    assert_eq!((world.value(&has(&account)).await, world.value(&has(&other)).await), (json!(0), json!(2)));
}

#[tokio::test]
async fn an_invoice_of_a_price_that_is_no_plans_is_kept_until_it_is() {
    let world = World::start().await;
    world.set_clock("2027-01-31T06:00:00Z").await;
    let account = newcomer(&world).await;
    let mut bought = Subscribed::new(&world, &account, "gold_month", PERIOD, 2_900).await;
    let event = applied_as("evt_unknown", &bought.invoice_paid(1));
    let answer = world.value(&format!("select {event}")).await;
    assert_eq!(answer["outcome"], "unmatched");
    assert!(answer["alert"].as_str().is_some_and(|alert| alert.contains("price_gold_month")), "{answer}");
    // Stripe is asked to send it again once the price has its name.
    bought.price = "dev_month";
    world.sql("insert into gateway.plan_prices values ('price_gold_month', 'dev', 1, gateway.now())").await;
    assert_eq!(world.value(&format!("select {event}")).await["outcome"], "applied");
    assert_eq!(world.value(&format!("select {event}")).await["outcome"], "duplicate");
    assert_eq!(cents(&world, &account).await, 2_900);
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_price_stays_what_it_was_sold_as_whatever_name_it_has_now() {
    let world = World::start().await;
    let account = newcomer(&world).await;
    let bought = Subscribed::new(&world, &account, "dev_month", PERIOD, 2_900).await;
    let named = |second: u32, name: Value| {
        let price = json!({"id": "price_1", "name": name, "months": 1});
        bought.looked_at(second, "active", &json!({ "price": price }))
    };
    for (second, name) in [(1, json!("dev_month")), (2, json!("team_month")), (3, Value::Null)] {
        assert_eq!(outcome(&world, &named(second, name)).await, "applied");
        assert_eq!(bought.stands(&world).await[3], "dev");
    }
}

#[tokio::test]
async fn a_proration_from_the_dashboard_gives_what_it_came_to_and_is_told_of() {
    let world = World::start().await;
    world.set_clock("2027-01-31T06:00:00Z").await;
    let account = newcomer(&world).await;
    let bought = Subscribed::new(&world, &account, "team_month", PERIOD, 4_000).await;
    let line = |name: &str, amount: i64| json!({"id": name, "price": "price_x", "starts_at": PERIOD.0, "ends_at": PERIOD.1, "amount": amount, "quantity": 1, "proration": true});
    let paid = with(&bought.invoice_paid(1), &json!({"lines": [line("il_1", 6_000), line("il_2", -2_000)]}));
    let event = world.value(&format!("select {}", super::super::facts::applied(&paid))).await;
    assert!(event["alert"].as_str().is_some_and(|alert| alert.contains("proration")), "{event}");
    assert_eq!(cents(&world, &account).await, 4_000);
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn what_lacks_a_needed_member_is_sent_again_and_what_lacks_another_is_not_missed() {
    let world = World::start().await;
    let account = newcomer(&world).await;
    buy(&world, &account, "dev", "month").await;
    let events = world.platform.stripe.take_events();
    let paid = events.iter().find(|event| event.kind == "invoice.paid").expect("an event");
    let without = |pointer: &str, name: &str| {
        let mut event: Value = serde_json::from_str(&paid.body).expect("JSON");
        event.pointer_mut(pointer).and_then(Value::as_object_mut).expect(pointer).remove(name);
        event.to_string()
    };
    let object = "/data/object";
    let line = "/data/object/lines/data/0";
    for (pointer, name) in [
        (object, "id"),
        (object, "customer"),
        (object, "currency"),
        (object, "amount_paid"),
        (object, "lines"),
        (line, "id"),
        (line, "period"),
        (line, "amount"),
    ] {
        let body = without(pointer, name);
        let answer = post(&world, &body, Some(&world.platform.stripe.sign(&body))).await;
        answer.refused(500, "internal_error");
        assert_eq!(cents(&world, &account).await, 0, "{name}");
    }
    // Forged, and signed for another time.
    for signature in ["t=1,v1=00".to_owned(), local::stripe::signature("whsec_another", 1, &paid.body)] {
        post(&world, &paid.body, Some(&signature)).await.refused(400, "invalid_signature");
    }
    for name in ["hosted_invoice_url", "total_excluding_tax", "number", "billing_reason"] {
        let body = without(object, name);
        post(&world, &body, Some(&world.platform.stripe.sign(&body))).await.success();
    }
    assert_eq!(cents(&world, &account).await, 2_900);
    deliver(&world).await;
    world.assert_ledger_clean().await;
}
