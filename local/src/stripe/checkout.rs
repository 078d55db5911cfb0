//! Checkout sessions, and the payment pages at which they are paid.

use serde_json::{Value, json};

use super::events;
use super::form::Form;
use super::intents::{self, Card};
use super::objects::Objects;
use super::refusal::Refusal;
use super::{coupons, prices, subscriptions};

const MINUTE: i64 = 60;
const DAY: i64 = 24 * 3600;
/// The least that can be charged in dollars, in cents (<https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts>).
pub(super) const LEAST: i64 = 50;
/// The most, in cents.
pub(super) const MOST: i64 = 99_999_999;

pub(super) fn create(objects: &mut Objects, form: &Form) -> Result<Value, Refusal> {
    let customer = form.text("customer").map(|id| objects.get("customer", id)).transpose()?;
    if customer.is_some() && form.text("customer_email").is_some() {
        let message = "You may only specify one of these parameters: customer, customer_email.";
        return Err(Refusal::parameter("parameter_invalid", "customer_email", message));
    }
    let now = objects.now();
    let expires_at = form.number("expires_at").unwrap_or(now + DAY);
    if !(now + 30 * MINUTE..=now + DAY).contains(&expires_at) {
        let message = "The `expires_at` timestamp must be at least 30 minutes and less than 24 hours from Checkout Session creation.";
        return Err(Refusal::parameter("parameter_invalid", "expires_at", message));
    }
    if form.text("mode") == Some("setup") {
        return setup(objects, form, (now, expires_at));
    }
    let entries = form.entries("line_items");
    if entries == 0 {
        return Err(Refusal::parameter("parameter_missing", "line_items", "Missing required param: line_items."));
    }
    let entry = |i: usize, rest: &str| form.text(&format!("line_items[{i}]{rest}"));
    let number = |i: usize, rest: &str| entry(i, rest).and_then(|text| text.parse::<i64>().ok());
    let mut total = 0;
    let price = entry(0, "[price]").map(|id| objects.get("price", id)).transpose()?;
    for i in 0..entries {
        if entry(i, "[price_data][currency]") != entry(0, "[price_data][currency]") {
            return Err(Refusal::parameter(
                "parameter_invalid",
                "line_items",
                "All line items must have the same currency.",
            ));
        }
        let quantity = number(i, "[quantity]").ok_or_else(|| {
            Refusal::parameter(
                "parameter_missing",
                "line_items",
                "Quantity is required. Add `quantity` to `line_items`.",
            )
        })?;
        let cents = price.as_ref().map(prices::cents).or(number(i, "[price_data][unit_amount]"));
        total += quantity * cents.unwrap_or_default();
    }
    let coupon = form.text("discounts[0][coupon]").map(|id| objects.get("coupon", id)).transpose()?;
    let off = coupon.as_ref().map_or(0, |coupon| coupons::off(coupon, total));
    amount_fits("line_items", total)?;
    tax_fits(form)?;
    let id = Objects::id("cs_test");
    let session = json!({
        "id": id, "object": "checkout.session", "created": now, "expires_at": expires_at, "livemode": false,
        "mode": form.text("mode"), "status": "open", "payment_status": "unpaid",
        "currency": entry(0, "[price_data][currency]").unwrap_or("usd"),
        "amount_subtotal": total, "amount_total": total - off,
        "total_details": {"amount_discount": off, "amount_shipping": 0, "amount_tax": 0},
        "client_reference_id": form.text("client_reference_id"), "customer": form.text("customer"),
        "customer_email": form.text("customer_email"), "customer_details": null,
        "metadata": form.map("metadata"), "payment_intent": null, "success_url": form.text("success_url"),
        "cancel_url": form.text("cancel_url"), "ui_mode": "hosted", "url": format!("{}/_local/stripe/checkout/{id}", objects.pages),
        "automatic_tax": {"enabled": form.flag("automatic_tax[enabled]"), "liability": null, "provider": null, "status": null},
        "tax_id_collection": {"enabled": form.flag("tax_id_collection[enabled]"), "required": "never"},
        "invoice_creation": {"enabled": form.flag("invoice_creation[enabled]"), "invoice_data": {"account_tax_ids": null,
            "custom_fields": null, "description": null, "footer": null, "issuer": null, "metadata": {}, "rendering_options": null}},
        "payment_method_types": ["card"], "payment_method_collection": form.text("payment_method_collection").unwrap_or("if_required"),
        "subscription": null, "invoice": null, "price_of": price.map(|price| price["id"].clone()),
        "metadata_of": form.map("subscription_data[metadata]"), "coupon_of": coupon.map(|coupon| coupon["id"].clone()),
        "presentment_details": null, "line_items_of": form.map("payment_intent_data[metadata]"),
        "receipt_email_of": form.text("payment_intent_data[receipt_email]"),
        "usage_of": form.text("payment_intent_data[setup_future_usage]"), "setup_intent": null});
    objects.add(session);
    Ok(shown(objects.find(&id).unwrap_or(&Value::Null)))
}

/// A page at which a card is left, and nothing is paid.
fn setup(objects: &mut Objects, form: &Form, (now, expires_at): (i64, i64)) -> Result<Value, Refusal> {
    if form.entries("line_items") > 0 || form.0.keys().any(|name| name.starts_with("payment_intent_data")) {
        let message = "You can not pass `line_items` or `payment_intent_data` in `setup` mode.";
        return Err(Refusal::parameter("parameter_invalid", "line_items", message));
    }
    let currency = form.text("currency").ok_or_else(|| {
        Refusal::parameter("parameter_missing", "currency", "`currency` is required in `setup` mode.")
    })?;
    let id = Objects::id("cs_test");
    let session = json!({
        "id": id, "object": "checkout.session", "created": now, "expires_at": expires_at, "livemode": false, "mode": "setup",
        "status": "open", "payment_status": "no_payment_required", "currency": currency, "amount_subtotal": null, "amount_total": null,
        "total_details": null, "client_reference_id": form.text("client_reference_id"), "customer": form.text("customer"),
        "customer_email": form.text("customer_email"), "customer_details": null, "metadata": form.map("metadata"),
        "payment_intent": null, "setup_intent": null, "success_url": form.text("success_url"), "cancel_url": form.text("cancel_url"),
        "ui_mode": "hosted", "url": format!("{}/_local/stripe/checkout/{id}", objects.pages),
        "automatic_tax": {"enabled": false, "liability": null, "provider": null, "status": null},
        "payment_method_types": ["card"], "payment_method_collection": "always", "subscription": null, "invoice": null,
        "presentment_details": null});
    Ok(objects.add(session))
}

/// Refuses tax of which Stripe would not know by what address, or whose tax id it is.
fn tax_fits(form: &Form) -> Result<(), Refusal> {
    let updates = |name: &str| form.text("customer").is_none() || form.text(name) == Some("auto");
    if form.flag("automatic_tax[enabled]") && !updates("customer_update[address]") {
        let message = "Automatic tax calculation in Checkout requires a valid address on the Customer. Set `customer_update[address]` to 'auto'.";
        return Err(Refusal::parameter("customer_tax_location_invalid", "automatic_tax", message));
    }
    if form.flag("tax_id_collection[enabled]") && !updates("customer_update[name]") {
        let message = "Tax ID collection requires updating business name on the customer. Please set `customer_update[name]` to `auto`.";
        return Err(Refusal::parameter("parameter_missing", "tax_id_collection", message));
    }
    Ok(())
}

/// The tax of every buyer's address here: eight percent.
pub(super) fn tax_on(cents: i64) -> i64 {
    cents * 8 / 100
}

/// Adds the tax of the buyer's address.
fn add_tax(objects: &mut Objects, session: &Value) -> Value {
    if session["automatic_tax"]["enabled"] != true {
        return session.clone();
    }
    let off = session["total_details"]["amount_discount"].as_i64().unwrap_or_default();
    let price = session["amount_subtotal"].as_i64().unwrap_or_default() - off;
    let tax = tax_on(price);
    let id = session["id"].as_str().unwrap_or_default().to_owned();
    objects.change(
        &id,
        &json!({
        "amount_total": price + tax, "total_details": {"amount_discount": off, "amount_shipping": 0, "amount_tax": tax},
        "automatic_tax": {"enabled": true, "liability": {"type": "self"}, "provider": "stripe", "status": "complete"}}),
    )
}

/// Refuses what can be charged to no card.
pub(super) fn amount_fits(param: &str, amount: i64) -> Result<(), Refusal> {
    if amount < LEAST {
        let message = format!("Amount must convert to at least {LEAST} cents.");
        return Err(Refusal::parameter("amount_too_small", param, &message));
    }
    if amount > MOST {
        return Err(Refusal::parameter("amount_too_large", param, "Amount must be no more than $999,999.99"));
    }
    Ok(())
}

/// A session without what the stand-in keeps with it.
pub(super) fn shown(session: &Value) -> Value {
    let mut session = session.clone();
    if let Some(session) = session.as_object_mut() {
        session.remove("line_items_of");
        session.remove("price_of");
        session.remove("metadata_of");
        session.remove("coupon_of");
        session.remove("receipt_email_of");
        session.remove("usage_of");
    }
    session
}

fn open(objects: &Objects, id: &str) -> Result<Value, Refusal> {
    let session = objects.get("checkout.session", id)?;
    match session["status"].as_str() {
        Some("open") => Ok(session),
        _ => Err(Refusal::state("checkout_session_not_open", "This Checkout Session is not open any more.")),
    }
}

/// `GET /v1/payment_pages/{session}`: the session as Stripe's own page reads it.
pub(super) fn page(objects: &Objects, id: &str) -> Result<Value, Refusal> {
    let session = shown(&objects.get("checkout.session", id)?);
    Ok(json!({
        "id": format!("ppage_{id}"), "object": "checkout.session", "session_id": id, "mode": session["mode"], "currency": session["currency"],
        "line_item_group": {"subtotal": session["amount_subtotal"], "total": session["amount_total"], "due": session["amount_total"]},
        "total_summary": {"due": session["amount_total"], "total": session["amount_total"]}, "status": session["status"]}))
}

/// `POST /v1/payment_pages/{session}/confirm`: the buyer pays, if they see what is asked.
pub(super) fn confirm(objects: &mut Objects, id: &str, form: &Form) -> Result<Value, Refusal> {
    let session = open(objects, id)?;
    if session["amount_total"] != form.number("expected_amount").unwrap_or_default() {
        let message = "The amount has changed since the page was shown.";
        return Err(Refusal::parameter("checkout_amount_mismatch", "expected_amount", message));
    }
    let card = intents::method(objects, form.text("payment_method").unwrap_or_default())?;
    pay(objects, id, card)
}

/// What the buyer does at the page: pays with a card. A card that is declined leaves the session open.
pub(super) fn pay(objects: &mut Objects, id: &str, card: Card) -> Result<Value, Refusal> {
    let session = open(objects, id)?;
    if session["mode"] == "setup" {
        let customer = session["customer"].as_str().unwrap_or_default();
        let intent = super::methods::set_up(objects, customer, card, &json!({}))?;
        let complete = json!({"status": "complete", "setup_intent": intent["id"], "url": null});
        let session = shown(&objects.change(id, &complete));
        events::tell(objects, "checkout.session.completed", &session);
        return Ok(session);
    }
    let session = add_tax(objects, &session);
    if session["mode"] == "subscription" {
        let made = subscriptions::subscribe(objects, &session, card.name())?;
        let members = json!({"status": "complete", "payment_status": "paid", "url": null, "subscription": made["id"], "invoice": made["latest_invoice"]});
        let session = shown(&objects.change(id, &members));
        events::tell(objects, "checkout.session.completed", &session);
        return Ok(session);
    }
    let intent = match session["payment_intent"].as_str() {
        Some(intent) => intent.to_owned(),
        None => {
            let made = intents::add(
                objects,
                &json!({
                "amount": session["amount_total"], "currency": session["currency"], "customer": session["customer"],
                "metadata": session["line_items_of"], "receipt_email": session["receipt_email_of"],
                "setup_future_usage": session["usage_of"]}),
            );
            let intent = made["id"].as_str().unwrap_or_default().to_owned();
            objects.change(id, &json!({"payment_intent": intent}));
            intent
        }
    };
    intents::pay(objects, &intent, card)?;
    let paid = objects.find(&intent).is_some_and(|intent| intent["status"] == "succeeded");
    let complete = json!({"status": "complete", "payment_status": if paid { "paid" } else { "unpaid" }, "url": null,
        "customer_details": {"email": "buyer@example.com", "name": "Buyer", "phone": null, "tax_exempt": "none", "tax_ids": [], "address": null}});
    let session = shown(&objects.change(id, &complete));
    events::tell(objects, "checkout.session.completed", &session);
    Ok(session)
}

/// A payment that takes days ends: the session hears of it.
pub(super) fn settle(objects: &mut Objects, id: &str, paid: bool) -> Result<Value, Refusal> {
    let session = objects.get("checkout.session", id)?;
    let intent = session["payment_intent"].as_str().unwrap_or_default().to_owned();
    intents::settle(objects, &intent, paid)?;
    let session = shown(&objects.change(id, &json!({"payment_status": if paid { "paid" } else { "unpaid" }})));
    let kind = if paid { "checkout.session.async_payment_succeeded" } else { "checkout.session.async_payment_failed" };
    events::tell(objects, kind, &session);
    Ok(session)
}

pub(super) fn expire(objects: &mut Objects, id: &str) -> Result<Value, Refusal> {
    open(objects, id)?;
    let session = shown(&objects.change(id, &json!({"status": "expired", "url": null})));
    events::tell(objects, "checkout.session.expired", &session);
    Ok(session)
}

/// Ends the sessions whose time is over.
pub(super) fn expire_old(objects: &mut Objects) {
    let now = objects.now();
    let is_over = |session: &&Value| session["status"] == "open" && session["expires_at"].as_i64() <= Some(now);
    let over: Vec<String> = objects
        .of_kind("checkout.session")
        .filter(is_over)
        .filter_map(|session| session["id"].as_str().map(str::to_owned))
        .collect();
    for id in over {
        let _ = expire(objects, &id);
    }
}
