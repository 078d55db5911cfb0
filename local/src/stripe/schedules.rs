//! Schedules, by which a subscription changes its price with its period
//! (<https://docs.stripe.com/api/subscription_schedules>): as much of them as a smaller plan needs.

use serde_json::{Value, json};

use super::form::Form;
use super::objects::Objects;
use super::parameters::Kind::{Number, Text, Word};
use super::parameters::{Kind, Parameters};
use super::refusal::Refusal;
use super::subscriptions::{item, months_after, running, update};
use super::{events, prices};

/// `POST /v1/subscription_schedules` of a subscription that there is.
pub(super) const CREATE: Parameters =
    &[("from_subscription", Text(255), true), ("metadata[*]", Text(500), false), ("expand[#]", Text(500), false)];

const PRORATION: Kind = Word(&["none", "create_prorations", "always_invoice"]);

/// `POST /v1/subscription_schedules/{id}`. A phase's length is no number of `iterations` any more since clover.
pub(super) const CHANGE: Parameters = &[
    ("end_behavior", Word(&["release", "cancel"]), false),
    ("proration_behavior", PRORATION, false),
    ("phases[#][items][#][price]", Text(255), false),
    ("phases[#][items][#][quantity]", Number, false),
    ("phases[#][start_date]", Number, false),
    ("phases[#][end_date]", Number, false),
    ("phases[#][duration][interval]", Word(&["day", "week", "month", "year"]), false),
    ("phases[#][duration][interval_count]", Number, false),
    ("phases[#][proration_behavior]", PRORATION, false),
    ("phases[#][discounts][#][discount]", Text(255), false),
    ("expand[#]", Text(500), false),
];

fn phase(price: &Value, starts: i64, ends: i64) -> Value {
    json!({"start_date": starts, "end_date": ends, "proration_behavior": "none", "currency": "usd", "metadata": {}, "discounts": [],
        "add_invoice_items": [], "items": [{"price": price, "quantity": 1, "metadata": {}, "discounts": [], "tax_rates": []}]})
}

/// `POST /v1/subscription_schedules`: one whose only phase is the period that the subscription is in.
pub(super) fn create(objects: &mut Objects, id: &str) -> Result<Value, Refusal> {
    let subscription = running(objects, id)?;
    if !subscription["schedule"].is_null() {
        let message = "You cannot migrate a subscription that is already attached to a schedule.";
        return Err(Refusal::parameter("invalid_request", "from_subscription", message));
    }
    let of_item = item(&subscription);
    let bound = |name: &str| of_item[name].as_i64().unwrap_or_default();
    let (starts, ends) = (bound("current_period_start"), bound("current_period_end"));
    let schedule = Objects::id("sub_sched");
    let made = objects.add(json!({
        "id": schedule, "object": "subscription_schedule", "canceled_at": null, "completed_at": null, "created": objects.now(),
        "current_phase": {"start_date": starts, "end_date": ends}, "customer": subscription["customer"], "end_behavior": "release",
        "livemode": false, "metadata": {}, "phases": [phase(&of_item["price"]["id"], starts, ends)], "released_at": null,
        "released_subscription": null, "status": "active", "subscription": id, "test_clock": null}));
    events::tell(objects, "subscription_schedule.created", &made);
    update(objects, id, &json!({"schedule": schedule}));
    Ok(made)
}

fn active(objects: &Objects, id: &str) -> Result<Value, Refusal> {
    let schedule = objects.get("subscription_schedule", id)?;
    match schedule["status"] == "active" {
        true => Ok(schedule),
        false => Err(Refusal::state("invalid_request", "This subscription schedule is not active any more.")),
    }
}

/// `POST /v1/subscription_schedules/{id}`: the phase it is in, and the one behind it.
pub(super) fn change(objects: &mut Objects, id: &str, form: &Form) -> Result<Value, Refusal> {
    let schedule = active(objects, id)?;
    let current = &schedule["current_phase"];
    if form.number("phases[0][start_date]") != current["start_date"].as_i64() {
        let message = "You can not modify the start date of the current phase.";
        return Err(Refusal::parameter("invalid_request", "phases[0][start_date]", message));
    }
    if form.number("phases[0][end_date]") != current["end_date"].as_i64() || form.entries("phases") != 2 {
        let message = "The stand-in takes the current phase as it is, and one behind it.";
        return Err(Refusal::state("not_supported", message));
    }
    let price = |objects: &Objects, place: usize| {
        let name = format!("phases[{place}][items][0][price]");
        let id =
            form.text(&name).ok_or_else(|| Refusal::parameter("parameter_missing", &name, "A phase has a price."))?;
        objects.get("price", id)
    };
    let (now, next) = (price(objects, 0)?, price(objects, 1)?);
    let subscription = objects.get("subscription", schedule["subscription"].as_str().unwrap_or_default())?;
    if now["id"] != item(&subscription)["price"]["id"] {
        return Err(Refusal::state("not_supported", "The stand-in takes the current phase as it is."));
    }
    let months = form.number("phases[1][duration][interval_count]").unwrap_or(1)
        * if form.text("phases[1][duration][interval]") == Some("year") { 12 } else { 1 };
    if months != prices::months(&next) {
        return Err(Refusal::state("not_supported", "The stand-in's phases last as long as their price pays for."));
    }
    Ok(follow(objects, &schedule, &next))
}

/// Lets a price follow the phase that a schedule is in.
pub(super) fn follow(objects: &mut Objects, schedule: &Value, next: &Value) -> Value {
    let turns = schedule["current_phase"]["end_date"].as_i64().unwrap_or_default();
    let phases = schedule["phases"].as_array().map(Vec::as_slice).unwrap_or_default();
    let current = phases.iter().find(|phase| phase["end_date"].as_i64() == Some(turns));
    let phases = json!([current, phase(&next["id"], turns, months_after(turns, prices::months(next)))]);
    let changed = objects.change(schedule["id"].as_str().unwrap_or_default(), &json!({ "phases": phases }));
    events::tell(objects, "subscription_schedule.updated", &changed);
    update(objects, changed["subscription"].as_str().unwrap_or_default(), &json!({"next_price": next["id"]}));
    changed
}

/// `POST /v1/subscription_schedules/{id}/release`: the subscription goes on by itself.
pub(super) fn release(objects: &mut Objects, id: &str) -> Result<Value, Refusal> {
    let schedule = active(objects, id)?;
    let subscription = schedule["subscription"].as_str().unwrap_or_default().to_owned();
    let released = objects.change(
        id,
        &json!({"status": "released", "current_phase": null, "subscription": null, "released_subscription": subscription,
            "released_at": objects.now()}),
    );
    events::tell(objects, "subscription_schedule.released", &released);
    update(objects, &subscription, &json!({"schedule": null, "next_price": null}));
    Ok(released)
}

/// Its subscription's period has turned: the next phase begins, and behind the last the subscription goes on by itself.
pub(super) fn turn(objects: &mut Objects, id: &str, now: i64) {
    let Some(schedule) = objects.find(id).cloned() else { return };
    let phases = schedule["phases"].as_array().map(Vec::as_slice).unwrap_or_default();
    let begins =
        phases.iter().find(|phase| phase["start_date"].as_i64() <= Some(now) && phase["end_date"].as_i64() > Some(now));
    match begins {
        Some(phase) => {
            let current = json!({"start_date": phase["start_date"], "end_date": phase["end_date"]});
            objects.change(id, &json!({ "current_phase": current }));
        }
        None => {
            let _ = release(objects, id);
        }
    }
}

/// A subscription with its schedule and the prices that it names in their places.
pub(super) fn expanded(objects: &Objects, mut subscription: Value) -> Value {
    let Some(mut schedule) = subscription["schedule"].as_str().and_then(|id| objects.find(id)).cloned() else {
        return subscription;
    };
    for phase in schedule["phases"].as_array_mut().into_iter().flatten() {
        let price = &mut phase["items"][0]["price"];
        if let Some(whole) = price.as_str().and_then(|id| objects.find(id)) {
            *price = whole.clone();
        }
    }
    subscription["schedule"] = schedule;
    subscription
}
