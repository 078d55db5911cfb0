//! Schedules of Stripe's, by which a subscription changes its price with its period
//! (<https://docs.stripe.com/billing/subscriptions/subscription-schedules>).

use serde::Serialize;
use serde_json::Value;
use stripe_client_core::{RequestBuilder, StripeMethod};

use super::requests::{get_with, plain};

/// A subscription with the schedule that manages it, if one does, and the prices that it names.
#[must_use]
pub fn subscription(id: &str) -> RequestBuilder {
    get_with("subscriptions", id, "schedule.phases.items.price")
}

/// The id of the schedule that manages a subscription.
#[must_use]
pub fn of(subscription: &Value) -> Option<&str> {
    let schedule = &subscription["schedule"];
    schedule.as_str().or_else(|| schedule["id"].as_str())
}

/// Puts a subscription as it is under a schedule.
#[must_use]
pub fn of_subscription(id: &str) -> RequestBuilder {
    #[derive(Serialize)]
    struct Made<'a> {
        from_subscription: &'a str,
    }
    RequestBuilder::new(StripeMethod::Post, "/subscription_schedules").form(&Made { from_subscription: id })
}

/// Lets a subscription go on as it is, without its schedule.
#[must_use]
pub fn release(schedule: &str) -> RequestBuilder {
    RequestBuilder::new(StripeMethod::Post, format!("/subscription_schedules/{}/release", plain(schedule)))
}

#[derive(Serialize)]
struct Item<'a> {
    price: &'a str,
    quantity: i64,
}

/// A discount that the subscription has: a phase that does not name it would take it away.
#[derive(Serialize)]
struct Discount<'a> {
    discount: &'a str,
}

#[derive(Serialize)]
struct Duration {
    interval: &'static str,
    interval_count: u8,
}

#[derive(Serialize)]
struct Phase<'a> {
    items: [Item<'a>; 1],
    proration_behavior: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    discounts: Vec<Discount<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_date: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_date: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration: Option<Duration>,
}

/// Lets the phase that a schedule is in be as it is, and the next be another price, behind which the subscription goes on by itself
/// (<https://docs.stripe.com/api/subscription_schedules/update>). `None` of a schedule that is in no phase.
#[must_use]
pub fn change_with_period(schedule: &Value, subscription: &Value, price: &str, months: u8) -> Option<RequestBuilder> {
    #[derive(Serialize)]
    struct Change<'a> {
        end_behavior: &'static str,
        proration_behavior: &'static str,
        phases: [Phase<'a>; 2],
    }
    let item = &subscription["items"]["data"][0];
    let quantity = item["quantity"].as_i64().unwrap_or(1);
    let discounts = || {
        let discounts = subscription["discounts"].as_array().into_iter().flatten();
        let ids = discounts.filter_map(|one| one.as_str().or_else(|| one["id"].as_str()));
        ids.map(|discount| Discount { discount }).collect()
    };
    let phase = |price| Phase {
        items: [Item { price, quantity }],
        proration_behavior: "none",
        discounts: discounts(),
        start_date: None,
        end_date: None,
        duration: None,
    };
    let now = Phase {
        start_date: Some(schedule["current_phase"]["start_date"].as_i64()?),
        end_date: Some(schedule["current_phase"]["end_date"].as_i64()?),
        ..phase(item["price"]["id"].as_str()?)
    };
    let interval = if months == 12 { "year" } else { "month" };
    let next = Phase { duration: Some(Duration { interval, interval_count: 1 }), ..phase(price) };
    let change = Change { end_behavior: "release", proration_behavior: "none", phases: [now, next] };
    let path = format!("/subscription_schedules/{}", plain(schedule["id"].as_str()?));
    Some(RequestBuilder::new(StripeMethod::Post, path).form(&change))
}
