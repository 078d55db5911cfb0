//! Payment intents, and the charges that they come to.

use serde_json::{Value, json};

use super::checkout::amount_fits;
use super::events;
use super::form::Form;
use super::objects::Objects;
use super::refusal::Refusal;

/// How a card behaves (<https://docs.stripe.com/testing>), by the name of its payment method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Card {
    /// It pays.
    Good,
    /// It is declined.
    Declined,
    /// It has not enough money.
    Poor,
    /// It wants its owner's word each time.
    Authenticates,
    /// It pays, and its bank disputes it as fraud.
    Disputed,
    /// It pays, and its bank asks about it.
    Inquired,
    /// It pays, and refunds to it fail.
    RefundFails,
    /// It takes days to pay.
    Slow,
    /// It can be left for later, and is declined then.
    FailsLater,
    /// Its owner has lost it.
    Lost,
    /// Its time is over.
    Expired,
}

impl Card {
    /// The card of a payment method's name, Stripe's own of its tests.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "pm_card_visa" | "tok_visa" | "pm_card_mastercard" | "good" => Self::Good,
            "pm_card_chargeDeclined" | "tok_chargeDeclined" | "pm_card_visa_chargeDeclined" | "declined" => {
                Self::Declined
            }
            "pm_card_chargeDeclinedInsufficientFunds" | "pm_card_visa_chargeDeclinedInsufficientFunds" | "poor" => {
                Self::Poor
            }
            "pm_card_authenticationRequired" | "authenticates" => Self::Authenticates,
            "pm_card_createDispute" | "disputed" => Self::Disputed,
            "pm_card_createDisputeInquiry" | "inquired" => Self::Inquired,
            "pm_card_refundFail" | "refund_fails" => Self::RefundFails,
            "slow" => Self::Slow,
            "pm_card_chargeCustomerFail" | "tok_chargeCustomerFail" | "fails_later" => Self::FailsLater,
            "pm_card_chargeDeclinedLostCard" | "pm_card_visa_chargeDeclinedLostCard" | "lost" => Self::Lost,
            "pm_card_chargeDeclinedExpiredCard" | "tok_chargeDeclinedExpiredCard" | "expired" => Self::Expired,
            _ => return None,
        })
    }

    /// The name by which it is chosen.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Declined => "declined",
            Self::Poor => "poor",
            Self::Authenticates => "authenticates",
            Self::Disputed => "disputed",
            Self::Inquired => "inquired",
            Self::RefundFails => "refund_fails",
            Self::Slow => "slow",
            Self::FailsLater => "fails_later",
            Self::Lost => "lost",
            Self::Expired => "expired",
        }
    }

    /// Why it is declined, if it is: code, decline code and Stripe's advice (<https://docs.stripe.com/declines/codes>).
    fn decline(self) -> Option<(&'static str, &'static str, &'static str)> {
        Some(match self {
            Self::Declined | Self::FailsLater => ("card_declined", "generic_decline", "try_again_later"),
            Self::Poor => ("card_declined", "insufficient_funds", "try_again_later"),
            Self::Authenticates => ("authentication_required", "authentication_required", "try_again_later"),
            Self::Lost => ("card_declined", "lost_card", "do_not_try_again"),
            Self::Expired => ("expired_card", "expired_card", "confirm_card_data"),
            _ => return None,
        })
    }

    /// The number by which the same card is known on every account.
    pub(super) fn fingerprint(self) -> String {
        format!("card{self:?}")
    }
}

pub(super) fn create(objects: &mut Objects, form: &Form) -> Result<Value, Refusal> {
    if let Some(customer) = form.text("customer") {
        objects.get("customer", customer)?;
    }
    let amount = form.number("amount").unwrap_or_default();
    amount_fits("amount", amount)?;
    if !form.flag("confirm") && (form.flag("off_session") || form.flag("error_on_requires_action")) {
        let message = "This parameter can only be used when `confirm` is true.";
        return Err(Refusal::parameter("parameter_invalid", "off_session", message));
    }
    let intent = add(
        objects,
        &json!({
        "amount": amount, "currency": form.text("currency"), "customer": form.text("customer"),
        "metadata": form.map("metadata"), "receipt_email": form.text("receipt_email"), "description": form.text("description"),
        "setup_future_usage": form.text("setup_future_usage")}),
    );
    events::tell(objects, "payment_intent.created", &intent);
    let id = intent["id"].as_str().unwrap_or_default().to_owned();
    if form.flag("confirm") {
        confirm(objects, &id, form)?;
    }
    objects.get("payment_intent", &id)
}

pub(super) fn add(objects: &mut Objects, members: &Value) -> Value {
    let id = Objects::id("pi");
    let mut intent = json!({
        "id": id, "object": "payment_intent", "created": objects.now(), "livemode": false, "status": "requires_payment_method",
        "amount_received": 0, "amount_capturable": 0, "client_secret": format!("{id}_secret_{}", Objects::id("x")),
        "automatic_payment_methods": {"enabled": true, "allow_redirects": "always"}, "canceled_at": null, "cancellation_reason": null,
        "capture_method": "automatic_async", "confirmation_method": "automatic", "description": null, "last_payment_error": null,
        "latest_charge": null, "metadata": {}, "next_action": null, "payment_method": null, "payment_method_types": ["card", "link"],
        "processing": null, "receipt_email": null, "setup_future_usage": null, "shipping": null, "transfer_group": null});
    if let (Some(intent), Some(members)) = (intent.as_object_mut(), members.as_object()) {
        intent.extend(members.clone());
    }
    objects.add(intent)
}

/// Confirms with the payment method that the form names.
pub(super) fn confirm(objects: &mut Objects, id: &str, form: &Form) -> Result<Value, Refusal> {
    let name = form.text("payment_method").ok_or_else(|| {
        Refusal::parameter(
            "parameter_missing",
            "payment_method",
            "You cannot confirm this PaymentIntent because it's missing a payment method.",
        )
    })?;
    let mut name = name.to_owned();
    let customer = objects.get("payment_intent", id)?["customer"].as_str().map(str::to_owned);
    if let Some(customer) = &customer {
        name = super::methods::of_customer(objects, &name, customer)?;
    }
    let card = method(objects, &name)?;
    if objects.find(&name).is_some() {
        objects.change(id, &json!({ "payment_method": name }));
    }
    pay(objects, id, card)
}

/// The card of a payment method: one of the names of Stripe's tests, or one that was made.
pub(super) fn method(objects: &Objects, name: &str) -> Result<Card, Refusal> {
    let of_object = objects.find(name).and_then(|method| Card::named(method["card_of"].as_str()?));
    Card::named(name).or(of_object).ok_or_else(|| Refusal::missing("PaymentMethod", name))
}

/// Pays with a card.
pub(super) fn pay(objects: &mut Objects, id: &str, card: Card) -> Result<Value, Refusal> {
    let intent = objects.get("payment_intent", id)?;
    if !matches!(
        intent["status"].as_str(),
        Some("requires_payment_method" | "requires_confirmation" | "requires_action")
    ) {
        let message =
            "This PaymentIntent's state does not allow this: it has succeeded, is processing, or was canceled.";
        return Err(Refusal::state("payment_intent_unexpected_state", message));
    }
    if let Some((code, decline, advice)) = card.decline() {
        let error = json!({"type": "card_error", "code": code, "decline_code": decline, "advice_code": advice, "message": "Your card was declined."});
        let failed = objects.change(id, &json!({"status": "requires_payment_method", "last_payment_error": error}));
        events::tell(objects, "payment_intent.payment_failed", &shown(&failed));
        return Err(Refusal::card(code, decline, &shown(&failed)).with("advice_code", advice));
    }
    let fingerprint = card.fingerprint();
    let method = match (intent["payment_method"].as_str(), intent["customer"].as_str()) {
        (Some(method), _) => json!(method),
        // Left with its customer, or of no use to anybody after this.
        (None, customer) => {
            let customer = customer.filter(|_| !intent["setup_future_usage"].is_null());
            super::methods::add(objects, card, customer)["id"].clone()
        }
    };
    objects.change(
        id,
        &json!({"payment_method": method, "card_of": fingerprint, "refunds_fail": card == Card::RefundFails}),
    );
    if card == Card::Slow {
        let processing = objects.change(id, &json!({"status": "processing"}));
        events::tell(objects, "payment_intent.processing", &shown(&processing));
        return Ok(shown(&processing));
    }
    let paid = succeed(objects, id, &fingerprint);
    match card {
        Card::Disputed => super::disputes::open(objects, id, "fraudulent", "needs_response")?,
        Card::Inquired => super::disputes::open(objects, id, "general", "warning_needs_response")?,
        _ => Value::Null,
    };
    Ok(paid)
}

/// A payment that takes days ends.
pub(super) fn settle(objects: &mut Objects, id: &str, paid: bool) -> Result<Value, Refusal> {
    let intent = objects.get("payment_intent", id)?;
    if intent["status"] != "processing" {
        return Err(Refusal::state("payment_intent_unexpected_state", "It is not processing."));
    }
    if paid {
        let fingerprint = intent["card_of"].as_str().unwrap_or_default().to_owned();
        return Ok(succeed(objects, id, &fingerprint));
    }
    let error = json!({"type": "card_error", "code": "payment_intent_payment_attempt_failed", "decline_code": null, "message": "The payment failed."});
    let failed = objects.change(id, &json!({"status": "requires_payment_method", "last_payment_error": error}));
    events::tell(objects, "payment_intent.payment_failed", &shown(&failed));
    Ok(shown(&failed))
}

fn succeed(objects: &mut Objects, id: &str, fingerprint: &str) -> Value {
    let intent = objects.find(id).cloned().unwrap_or_default();
    let charge_id = Objects::id("ch");
    let charge = json!({
        "id": charge_id, "object": "charge", "created": objects.now(), "livemode": false, "amount": intent["amount"],
        "amount_captured": intent["amount"], "amount_refunded": 0, "captured": true, "currency": intent["currency"],
        "customer": intent["customer"], "description": intent["description"], "disputed": false, "failure_code": null,
        "failure_message": null, "fraud_details": {}, "metadata": intent["metadata"], "paid": true, "payment_intent": id,
        "payment_method": intent["payment_method"], "payment_method_details": {"type": "card", "card": {"brand": "visa", "last4": "4242", "fingerprint": fingerprint, "country": "US", "funding": "credit", "exp_month": 12, "exp_year": 2034}},
        "receipt_email": intent["receipt_email"], "receipt_number": null, "refunded": false, "status": "succeeded",
        "receipt_url": format!("https://pay.stripe.com/receipts/{charge_id}"), "balance_transaction": Objects::id("txn")});
    let charge = objects.add(charge);
    let paid = objects.change(
        id,
        &json!({"status": "succeeded", "amount_received": intent["amount"], "latest_charge": charge["id"],
        "last_payment_error": null}),
    );
    let paid = shown(&paid);
    events::tell(objects, "charge.succeeded", &charge);
    events::tell(objects, "payment_intent.succeeded", &paid);
    paid
}

pub(super) fn cancel(objects: &mut Objects, id: &str) -> Result<Value, Refusal> {
    let intent = objects.get("payment_intent", id)?;
    if matches!(intent["status"].as_str(), Some("succeeded" | "canceled" | "processing")) {
        return Err(Refusal::state("payment_intent_unexpected_state", "You cannot cancel this PaymentIntent."));
    }
    let now = objects.now();
    let canceled = shown(&objects.change(id, &json!({"status": "canceled", "canceled_at": now})));
    events::tell(objects, "payment_intent.canceled", &canceled);
    Ok(canceled)
}

/// An intent without what the stand-in keeps with it.
pub(super) fn shown(intent: &Value) -> Value {
    let mut intent = intent.clone();
    if let Some(intent) = intent.as_object_mut() {
        intent.remove("card_of");
        intent.remove("refunds_fail");
    }
    intent
}
