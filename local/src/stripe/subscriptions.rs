//! Subscriptions, in the shape that they have since endive: periods are the items', and an end has two names.

use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use serde_json::{Value, json};

use super::form::Form;
use super::intents::Card;
use super::objects::Objects;
use super::refusal::Refusal;
use super::{events, invoices, prices, schedules};

/// What the stand-in keeps with a subscription: the card that pays it, when its periods began to be counted and how many there were,
/// the price that it changes to with its period, what its invoices wait for, and the coupon that makes them cheaper.
const KEPT: [&str; 6] = ["pays_with", "anchor", "nth", "next_price", "waits", "coupon"];

/// A subscription without what the stand-in keeps with it.
pub(super) fn shown(subscription: &Value) -> Value {
    let mut subscription = subscription.clone();
    if let Some(members) = subscription.as_object_mut() {
        members.retain(|name, _| !KEPT.contains(&name.as_str()));
    }
    subscription
}

/// So many months after a moment, in UTC: what began on the 31st comes back to it.
pub(super) fn months_after(anchor: i64, months: i64) -> i64 {
    let start = Timestamp::from_second(anchor).unwrap_or_default().to_zoned(TimeZone::UTC);
    start.checked_add(months.months()).map_or(anchor, |end| end.timestamp().as_second())
}

/// The subscription's one item.
pub(super) fn item(subscription: &Value) -> &Value {
    &subscription["items"]["data"][0]
}

/// The members that say which period it is.
fn period(subscription: &Value, price: &Value, anchor: i64, nth: i64) -> Value {
    let months = prices::months(price);
    let mut item = item(subscription).clone();
    item["price"] = price.clone();
    item["current_period_start"] = json!(months_after(anchor, nth * months));
    item["current_period_end"] = json!(months_after(anchor, (nth + 1) * months));
    json!({"anchor": anchor, "nth": nth, "billing_cycle_anchor": anchor,
        "items": {"object": "list", "data": [item], "has_more": false, "url": "/v1/subscription_items"}})
}

/// What a buyer makes at a page: a subscription whose first invoice is paid with this card, or nothing.
pub(super) fn subscribe(objects: &mut Objects, session: &Value, card: &str) -> Result<Value, Refusal> {
    let price = objects.get("price", session["price_of"].as_str().unwrap_or_default())?;
    let id = Objects::id("sub");
    let now = objects.now();
    let empty = json!({"items": {"data": [{
        "id": Objects::id("si"), "object": "subscription_item", "created": now, "metadata": {}, "quantity": 1, "subscription": id,
        "billing_thresholds": null, "discounts": [], "tax_rates": []}]}});
    let mut subscription = plain();
    merge(
        &mut subscription,
        &json!({"id": id, "object": "subscription", "created": now, "start_date": now, "customer": session["customer"],
            "metadata": session["metadata_of"], "status": "active", "pays_with": card, "coupon": session["coupon_of"],
            "automatic_tax": {"enabled": session["automatic_tax"]["enabled"], "liability": null, "disabled_reason": null}}),
    );
    merge(&mut subscription, &period(&empty, &price, now, 0));
    let invoice = invoices::draft(objects, &subscription, "subscription_create");
    invoices::pay(objects, &invoice, card)?;
    subscription["latest_invoice"] = json!(invoice);
    let subscription = objects.add(subscription);
    events::tell(objects, "customer.subscription.created", &shown(&subscription));
    invoices::tell_paid(objects, &invoice);
    Ok(subscription)
}

/// What is so of every subscription here, or at first.
fn plain() -> Value {
    let mut members = json!({
        "application": null, "application_fee_percent": null, "automatic_tax": {"enabled": false, "liability": null, "disabled_reason": null},
        "billing_mode": {"type": "flexible"}, "billing_thresholds": null, "cancel_at": null, "cancel_at_period_end": false,
        "canceled_at": null, "cancellation_details": {"comment": null, "feedback": null, "reason": null},
        "collection_method": "charge_automatically", "currency": "usd", "days_until_due": null, "default_payment_method": "pm_card",
        "default_source": null, "default_tax_rates": [], "description": null, "discounts": [], "ended_at": null,
        "invoice_settings": {"account_tax_ids": null, "issuer": {"type": "self"}}});
    merge(
        &mut members,
        &json!({"latest_invoice": null, "livemode": false, "next_pending_invoice_item_invoice": null, "on_behalf_of": null,
        "pause_collection": null, "payment_settings": {"payment_method_options": null, "save_default_payment_method": "off"},
        "pending_invoice_item_interval": null, "pending_setup_intent": null, "pending_update": null, "schedule": null,
        "test_clock": null, "transfer_data": null, "trial_end": null, "trial_start": null, "next_price": null, "waits": null}),
    );
    members
}

/// Adds members to an object.
pub(super) fn merge(object: &mut Value, members: &Value) {
    if let (Some(object), Some(members)) = (object.as_object_mut(), members.as_object()) {
        object.extend(members.clone());
    }
}

/// Changes a subscription and tells of it.
pub(super) fn update(objects: &mut Objects, id: &str, members: &Value) -> Value {
    let changed = objects.change(id, members);
    events::tell(objects, "customer.subscription.updated", &shown(&changed));
    changed
}

pub(super) fn running(objects: &Objects, id: &str) -> Result<Value, Refusal> {
    let subscription = objects.get("subscription", id)?;
    if subscription["status"] == "canceled" {
        let message = "A canceled subscription can only update its cancellation_details and metadata.";
        return Err(Refusal::state("invalid_canceled_subscription_fields", message));
    }
    Ok(subscription)
}

/// `POST /v1/subscriptions/{id}`.
pub(super) fn change(objects: &mut Objects, id: &str, form: &Form) -> Result<Value, Refusal> {
    let subscription = running(objects, id)?;
    let changes = ["items[0][price]", "cancel_at_period_end"].into_iter().find(|name| form.text(name).is_some());
    if let (Some(schedule), Some(name)) = (subscription["schedule"].as_str(), changes) {
        let message = format!(
            "The subscription is managed by the subscription schedule `{schedule}`, and updating it directly is not allowed."
        );
        return Err(Refusal::parameter("invalid_request", name, &message));
    }
    if let Some(price) = form.text("items[0][price]") {
        if form.text("items[0][id]").is_none_or(|wanted| item(&subscription)["id"] != wanted) {
            return Err(Refusal::parameter("resource_missing", "items[0][id]", "No such subscription item."));
        }
        let price = objects.get("price", price)?;
        if form.text("proration_behavior") != Some("none") || form.text("billing_cycle_anchor[type]") != Some("now") {
            let message =
                "The stand-in changes prices with proration_behavior=none and billing_cycle_anchor[type]=now only.";
            return Err(Refusal::state("not_supported", message));
        }
        return begin_anew(objects, &subscription, &price).map(|changed| shown(&changed));
    }
    let Some(ends) = form.text("cancel_at_period_end") else { return Ok(shown(&subscription)) };
    Ok(shown(&end_with_period(objects, &subscription, ends == "true")))
}

/// Ends it with its period, or lets it go on. In flexible billing mode the end has both names.
pub(super) fn end_with_period(objects: &mut Objects, subscription: &Value, ends: bool) -> Value {
    let now = objects.now();
    let id = subscription["id"].as_str().unwrap_or_default();
    let end = &item(subscription)["current_period_end"];
    let members = if ends {
        json!({"cancel_at_period_end": true, "cancel_at": end, "canceled_at": now,
            "cancellation_details": {"comment": null, "feedback": null, "reason": "cancellation_requested"}})
    } else {
        json!({"cancel_at_period_end": false, "cancel_at": null, "canceled_at": null,
            "cancellation_details": {"comment": null, "feedback": null, "reason": null}})
    };
    update(objects, id, &members)
}

/// Changes to a price now, for a period that begins now, paid in full; where the card is declined nothing has changed.
pub(super) fn begin_anew(objects: &mut Objects, subscription: &Value, price: &Value) -> Result<Value, Refusal> {
    let id = subscription["id"].as_str().unwrap_or_default().to_owned();
    let now = objects.now();
    let members = period(subscription, price, now, 0);
    let mut next = subscription.clone();
    merge(&mut next, &members);
    let invoice = invoices::draft(objects, &next, "subscription_update");
    invoices::pay(objects, &invoice, subscription["pays_with"].as_str().unwrap_or_default())?;
    objects.change(&id, &members);
    let changed = update(objects, &id, &json!({"latest_invoice": invoice, "next_price": null}));
    invoices::tell_paid(objects, &invoice);
    Ok(changed)
}

/// Changes to a price with the end of the period.
pub(super) fn change_with_period(objects: &mut Objects, id: &str, price: &str) -> Result<Value, Refusal> {
    released(objects, id)?;
    let price = objects.get("price", price)?;
    let schedule = schedules::create(objects, id)?;
    schedules::follow(objects, &schedule, &price);
    objects.get("subscription", id).map(|one| shown(&one))
}

/// A subscription that no schedule manages any more.
pub(super) fn released(objects: &mut Objects, id: &str) -> Result<Value, Refusal> {
    if let Some(schedule) = running(objects, id)?["schedule"].as_str() {
        schedules::release(objects, schedule)?;
    }
    objects.get("subscription", id)
}

/// Ends it at once. What was paid stays paid.
pub(super) fn cancel_now(objects: &mut Objects, id: &str, reason: &str) -> Result<Value, Refusal> {
    running(objects, id)?;
    let now = objects.now();
    let ended = objects.change(
        id,
        &json!({"status": "canceled", "ended_at": now, "canceled_at": now, "waits": null,
            "cancellation_details": {"comment": null, "feedback": null, "reason": reason}}),
    );
    let ended = shown(&ended);
    events::tell(objects, "customer.subscription.deleted", &ended);
    Ok(ended)
}

/// From now on this card pays it; what waits to be paid is tried at once.
pub(super) fn pay_with(objects: &mut Objects, id: &str, card: &str) -> Result<Value, Refusal> {
    running(objects, id)?;
    Card::named(card).ok_or_else(|| Refusal::parameter("parameter_invalid", "card", "There is no such card."))?;
    objects.change(id, &json!({"pays_with": card}));
    if objects.find(id).is_some_and(|one| one["waits"]["what"] == "retry") {
        super::clock::try_again(objects, id);
    }
    objects.get("subscription", id).map(|one| shown(&one))
}

/// The next period begins: another price may hold from now on. Its invoice is a draft for an hour.
pub(super) fn turn(objects: &mut Objects, subscription: &Value) {
    let id = subscription["id"].as_str().unwrap_or_default();
    let now = objects.now();
    let nth = subscription["nth"].as_i64().unwrap_or_default() + 1;
    let anchor = subscription["anchor"].as_i64().unwrap_or(now);
    let former = item(subscription)["price"].clone();
    let next = subscription["next_price"].as_str().and_then(|price| objects.find(price)).cloned();
    let members = match next {
        // Another price counts its own periods.
        Some(price) => period(subscription, &price, months_after(anchor, nth * prices::months(&former)), 0),
        None => period(subscription, &former, anchor, nth),
    };
    objects.change(id, &members);
    let turned = objects.change(id, &json!({"next_price": null}));
    if let Some(schedule) = turned["schedule"].as_str() {
        schedules::turn(objects, schedule, now);
    }
    let invoice = invoices::draft(objects, &turned, "subscription_cycle");
    let unpaid = turned["status"] == "unpaid";
    // Of a subscription that nobody pays invoices stay drafts.
    let waits = if unpaid { Value::Null } else { json!({"what": "draft", "invoice": invoice, "at": now + 3600}) };
    update(objects, id, &json!({"latest_invoice": invoice, "waits": waits}));
}
