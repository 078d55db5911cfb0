//! Invoices of subscriptions, and by which intent each was paid.

use serde_json::{Value, json};

use super::form::Form;
use super::intents::{self, Card};
use super::objects::Objects;
use super::refusal::Refusal;
use super::subscriptions::{item, merge};
use super::{checkout, coupons, events, prices};

/// Makes the invoice of the period that a subscription is in. Answers its id.
pub(super) fn draft(objects: &mut Objects, subscription: &Value, reason: &str) -> String {
    let id = Objects::id("in");
    let of_item = item(subscription);
    let (price, cents) = (&of_item["price"], prices::cents(&of_item["price"]));
    let coupon = subscription["coupon"].as_str().and_then(|id| objects.find(id));
    let lasts = |coupon: &&Value| coupon["duration"] == "forever" || reason == "subscription_create";
    let total = cents - coupon.filter(lasts).map_or(0, |coupon| coupons::off(coupon, cents));
    let tax = if subscription["automatic_tax"]["enabled"] == true { checkout::tax_on(total) } else { 0 };
    let taxes: Vec<Value> = if tax > 0 {
        vec![
            json!({"amount": tax, "tax_behavior": "exclusive", "taxability_reason": "standard_rated", "taxable_amount": total,
            "tax_rate_details": null, "type": "tax_rate_details"}),
        ]
    } else {
        Vec::new()
    };
    let due = total + tax;
    let taken: Vec<Value> =
        if total < cents { vec![json!({"amount": cents - total, "discount": "di_1"})] } else { Vec::new() };
    let period = json!({"start": of_item["current_period_start"], "end": of_item["current_period_end"]});
    let line = json!({
        "id": Objects::id("il"), "object": "line_item", "amount": cents, "currency": "usd", "description": "1 × plan", "discount_amounts": [],
        "discountable": true, "discounts": [], "invoice": id, "livemode": false, "metadata": subscription["metadata"], "period": period,
        "parent": {"type": "subscription_item_details", "invoice_item_details": null, "subscription_item_details": {
            "invoice_item": null, "proration": false, "proration_details": {"credited_items": null}, "subscription": subscription["id"],
            "subscription_item": of_item["id"]}},
        "pretax_credit_amounts": [], "pricing": {"type": "price_details", "unit_amount_decimal": cents.to_string(),
            "price_details": {"price": price["id"], "product": price["product"]}},
        "quantity": 1, "subtotal": cents, "taxes": []});
    let now = objects.now();
    let mut invoice = json!({
        "id": id, "object": "invoice", "amount_due": due, "amount_overpaid": 0, "amount_paid": 0, "amount_remaining": due,
        "amount_shipping": 0, "attempt_count": 0, "attempted": false, "auto_advance": true, "billing_reason": reason,
        "collection_method": "charge_automatically", "created": now, "currency": "usd", "customer": subscription["customer"],
        "customer_email": null, "default_payment_method": null, "description": null, "discounts": [], "due_date": null,
        "ending_balance": 0});
    merge(
        &mut invoice,
        &json!({"hosted_invoice_url": format!("https://invoice.stripe.com/i/{id}"),
        "invoice_pdf": format!("https://pay.stripe.com/invoice/{id}/pdf"), "last_finalization_error": null,
        "lines": {"object": "list", "data": [line], "has_more": false, "url": format!("/v1/invoices/{id}/lines")},
        "livemode": false, "metadata": {}, "next_payment_attempt": now + 3600, "number": null,
        "parent": {"type": "subscription_details", "quote_details": null, "subscription_details": {
            "metadata": subscription["metadata"], "subscription": subscription["id"]}},
        "period_start": period["start"], "period_end": period["end"], "starting_balance": 0, "status": "draft",
        "status_transitions": {"finalized_at": null, "marked_uncollectible_at": null, "paid_at": null, "voided_at": null},
        "subtotal": cents, "subtotal_excluding_tax": cents, "total": due, "total_discount_amounts": taken,
        "total_excluding_tax": total,
        "total_taxes": taxes}),
    );
    objects.add(invoice);
    id
}

/// Tries to pay an invoice with a card. What was paid is told by [`tell_paid`], what was not at once.
pub(super) fn pay(objects: &mut Objects, id: &str, card: &str) -> Result<(), Refusal> {
    let invoice = objects.get("invoice", id)?;
    let card = Card::named(card).unwrap_or(Card::Declined);
    let intent = intents::add(
        objects,
        &json!({"amount": invoice["total"], "currency": "usd", "customer": invoice["customer"], "description": "Subscription"}),
    );
    let intent = intent["id"].as_str().unwrap_or_default().to_owned();
    let now = objects.now();
    let attempts = invoice["attempt_count"].as_i64().unwrap_or_default() + 1;
    let mut transitions = invoice["status_transitions"].clone();
    if transitions["finalized_at"].is_null() {
        transitions["finalized_at"] = json!(now);
    }
    if let Err(refusal) = intents::pay(objects, &intent, card) {
        let open = objects.change(
            id,
            &json!({"status": "open", "attempt_count": attempts, "attempted": true, "status_transitions": transitions}),
        );
        // What is not begun, or not changed, has no invoice to remind of.
        if open["billing_reason"] == "subscription_cycle" {
            events::tell(objects, "invoice.payment_failed", &open);
        }
        return Err(refusal);
    }
    transitions["paid_at"] = json!(now);
    objects.change(
        id,
        &json!({"status": "paid", "attempt_count": attempts, "attempted": true, "status_transitions": transitions,
            "amount_paid": invoice["total"], "amount_remaining": 0, "next_payment_attempt": null}),
    );
    objects.add(json!({
        "id": Objects::id("inpay"), "object": "invoice_payment", "amount_paid": invoice["total"], "amount_requested": invoice["total"],
        "created": now, "currency": "usd", "invoice": id, "is_default": true, "livemode": false,
        "payment": {"type": "payment_intent", "payment_intent": intent}, "status": "paid",
        "status_transitions": {"canceled_at": null, "paid_at": now}}));
    Ok(())
}

/// Tells that an invoice was paid, and by which intent.
pub(super) fn tell_paid(objects: &mut Objects, id: &str) {
    let Some(invoice) = objects.find(id).cloned() else { return };
    events::tell(objects, "invoice.paid", &invoice);
    let payment = objects.of_kind("invoice_payment").find(|payment| payment["invoice"] == id).cloned();
    if let Some(payment) = payment {
        events::tell(objects, "invoice_payment.paid", &payment);
    }
}

/// `GET /v1/invoice_payments`: of an invoice, by an intent.
pub(super) fn payments(objects: &Objects, form: &Form) -> Result<Value, Refusal> {
    let intent = form.text("payment[payment_intent]");
    if intent.is_some() != form.text("payment[type]").is_some() {
        let message = "`payment[type]` and the id of a payment of that type come together.";
        return Err(Refusal::parameter("parameter_missing", "payment[type]", message));
    }
    let wanted = objects.of_kind("invoice_payment").filter(|one| {
        form.text("invoice").is_none_or(|invoice| one["invoice"] == invoice)
            && intent.is_none_or(|intent| one["payment"]["payment_intent"] == intent)
            && form.text("status").is_none_or(|status| one["status"] == status)
    });
    Ok(Objects::page(wanted, "/v1/invoice_payments", form))
}

/// `GET /v1/invoices/{id}/lines`.
pub(super) fn lines(objects: &Objects, id: &str, form: &Form) -> Result<Value, Refusal> {
    let invoice = objects.get("invoice", id)?;
    let lines = invoice["lines"]["data"].as_array().map(Vec::as_slice).unwrap_or_default();
    Ok(Objects::page(lines.iter(), &format!("/v1/invoices/{id}/lines"), form))
}
