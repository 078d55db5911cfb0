//! What Stripe says of a payment, in the database's words: read from the object in an event and from one that was asked for alike.
//!
//! Only what is needed must be there. Events and fields that Stripe adds later, and values that it adds to a field, are no error.

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::fields::{Absent, Fields};
use super::seen::{Seen, SeenCard, SeenPayment, SeenReversal};

/// The metadata under which our own id travels, and that of the database which has made it.
pub const PAYMENT: &str = "payment";
/// See [`PAYMENT`].
pub const DEPLOYMENT: &str = "deployment";
/// The account that leaves a card for auto top-up, in the metadata of the page for it.
pub const AUTO_TOPUP: &str = "auto_topup";
/// Our own id of a refund that we asked for.
pub const REFUND: &str = "refund";

/// What an event is about: `None` if it is nothing of ours, or of a type that means nothing here.
///
/// # Errors
/// The path of a member that is needed and not there.
pub fn event(kind: &str, object: &Value, at: Timestamp) -> Result<Option<Seen>, Absent> {
    let fields = Fields::new(object, "data.object");
    Ok(match kind {
        "checkout.session.completed"
        | "checkout.session.async_payment_succeeded"
        | "checkout.session.async_payment_failed"
        | "checkout.session.expired" => session(fields, kind == "checkout.session.async_payment_failed")?,
        "payment_intent.succeeded"
        | "payment_intent.payment_failed"
        | "payment_intent.processing"
        | "payment_intent.canceled" => intent(fields, kind == "payment_intent.payment_failed")?,
        "charge.succeeded" | "charge.refunded" => charge(fields)?,
        "refund.created" | "refund.updated" | "refund.failed" => Some(Seen::Refund(reversal(fields, at)?)),
        "charge.dispute.created"
        | "charge.dispute.updated"
        | "charge.dispute.funds_withdrawn"
        | "charge.dispute.funds_reinstated"
        | "charge.dispute.closed" => Some(Seen::Dispute(reversal(fields, at)?)),
        "payment_method.detached" => Some(Seen::CardGone { method: fields.text("id")?.to_owned() }),
        "invoice_payment.paid" => link(fields)?,
        "customer.deleted" => Some(Seen::Customer { id: fields.text("id")?.to_owned() }),
        _ => None,
    })
}

/// A Checkout session that was asked for.
///
/// # Errors
/// See [`event`].
pub fn asked_session(object: &Value) -> Result<Option<Seen>, Absent> {
    session(Fields::new(object, "checkout.session"), false)
}

/// A payment intent that was asked for.
///
/// # Errors
/// See [`event`].
pub fn asked_intent(object: &Value) -> Result<Option<Seen>, Absent> {
    let fields = Fields::new(object, "payment_intent");
    let failed = fields.some_text("/last_payment_error/code").is_some();
    intent(fields, failed && object["status"] == "requires_payment_method")
}

/// A refund that was asked for.
///
/// # Errors
/// See [`event`].
pub fn asked_refund(object: &Value, at: Timestamp) -> Result<Seen, Absent> {
    Ok(Seen::Refund(reversal(Fields::new(object, "refund"), at)?))
}

/// Our id in an object's metadata; `None` where it is not ours.
fn ours(fields: Fields<'_>, name: &str) -> Option<Uuid> {
    fields.some_text(&format!("/metadata/{name}"))?.parse().ok()
}

/// Whether an object carries an id of ours, so that more may be asked about it.
#[must_use]
pub fn is_ours(object: &Value) -> bool {
    let fields = Fields::new(object, "");
    [PAYMENT, AUTO_TOPUP].iter().any(|name| ours(fields, name).is_some())
}

fn owned(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

/// A card, where the payment method is there as a whole.
fn card(fields: Fields<'_>, pointer: &str) -> Option<SeenCard> {
    let text = |member: &str| owned(fields.some_text(&format!("{pointer}/{member}")));
    Some(SeenCard { method: text("id")?, brand: text("card/brand"), last4: text("card/last4") })
}

/// The page at which a card is left, with its setup intent and the payment method of that.
fn left_card(fields: Fields<'_>) -> Result<Option<Seen>, Absent> {
    let (Some(account), "complete") = (ours(fields, AUTO_TOPUP), fields.text("status")?) else { return Ok(None) };
    Ok(Some(Seen::Card {
        account,
        deployment: owned(fields.some_text("/metadata/deployment")),
        session: fields.text("id")?.to_owned(),
        customer: owned(fields.id("customer")).ok_or_else(|| Absent("checkout.session.customer".to_owned()))?,
        card: card(fields, "/setup_intent/payment_method")
            .ok_or_else(|| Absent("checkout.session.setup_intent.payment_method".to_owned()))?,
    }))
}

fn session(fields: Fields<'_>, failed: bool) -> Result<Option<Seen>, Absent> {
    if fields.some_text("/mode") == Some("setup") {
        return left_card(fields);
    }
    let Some(payment) = ours(fields, PAYMENT).filter(|_| fields.some_text("/mode") == Some("payment")) else {
        return Ok(None);
    };
    let status = match (fields.text("status")?, fields.text("payment_status")?) {
        _ if failed => "failed",
        ("expired", _) => "expired",
        ("complete", "unpaid") => "processing",
        // Nobody has done anything yet.
        (_, "unpaid") => return Ok(None),
        // Paid, or nothing to pay: which the amounts say.
        _ => "paid",
    };
    Ok(Some(Seen::Payment(Box::new(SeenPayment {
        payment,
        deployment: owned(fields.some_text("/metadata/deployment")),
        status,
        amount: Some(fields.number("amount_subtotal")?),
        paid: Some(fields.number("amount_total")?),
        currency: Some(fields.text("currency")?.to_owned()),
        livemode: fields.flag("livemode")?,
        session: Some(fields.text("id")?.to_owned()),
        intent: owned(fields.id("payment_intent")),
        customer: owned(fields.id("customer")),
        failure_code: failed.then(|| "async_payment_failed".to_owned()),
        advice: None,
        card: None,
    }))))
}

fn intent(fields: Fields<'_>, failed: bool) -> Result<Option<Seen>, Absent> {
    let Some(payment) = ours(fields, PAYMENT) else { return Ok(None) };
    let status = match fields.text("status")? {
        _ if failed => "failed",
        "succeeded" => "paid",
        "processing" => "processing",
        "canceled" => "canceled",
        _ => return Ok(None),
    };
    let declined = |member: &str| fields.some_text(&format!("/last_payment_error/{member}"));
    Ok(Some(Seen::Payment(Box::new(SeenPayment {
        payment,
        deployment: owned(fields.some_text("/metadata/deployment")),
        status,
        amount: Some(fields.number("amount")?),
        paid: Some(fields.number("amount_received")?),
        currency: Some(fields.text("currency")?.to_owned()),
        livemode: fields.flag("livemode")?,
        session: None,
        intent: Some(fields.text("id")?.to_owned()),
        customer: owned(fields.id("customer")),
        failure_code: owned(declined("decline_code").or(declined("code"))).filter(|_| failed),
        advice: owned(declined("advice_code")).filter(|_| failed),
        card: card(fields, "/payment_method")
            .filter(|_| fields.some_text("/setup_future_usage") == Some("off_session")),
    }))))
}

fn charge(fields: Fields<'_>) -> Result<Option<Seen>, Absent> {
    // Without an intent it is not of a payment that we asked for.
    let Some(intent) = fields.id("payment_intent") else { return Ok(None) };
    Ok(Some(Seen::Charge {
        payment: ours(fields, PAYMENT),
        deployment: owned(fields.some_text("/metadata/deployment")),
        intent: intent.to_owned(),
        charge: fields.text("id")?.to_owned(),
        fingerprint: owned(fields.some_text("/payment_method_details/card/fingerprint")),
        receipt_url: owned(fields.some_text("/receipt_url")),
    }))
}

/// What was paid by another way than an intent has nothing that a refund could name.
fn link(fields: Fields<'_>) -> Result<Option<Seen>, Absent> {
    let invoice = fields.id("invoice").ok_or_else(|| fields.absent("invoice"))?.to_owned();
    let intent = fields.some_text("/payment/payment_intent").or(fields.some_text("/payment/payment_intent/id"));
    Ok(intent.map(|intent| Seen::Link { invoice, intent: intent.to_owned() }))
}

fn reversal(fields: Fields<'_>, at: Timestamp) -> Result<SeenReversal, Absent> {
    let charge = fields.id("charge");
    let intent = fields.id("payment_intent");
    if charge.is_none() && intent.is_none() {
        fields.text("charge")?;
    }
    let due_by = fields.some_number("/evidence_details/due_by");
    Ok(SeenReversal {
        id: fields.text("id")?.to_owned(),
        intent: owned(intent),
        charge: owned(charge),
        amount: fields.number("amount")?,
        currency: fields.text("currency")?.to_owned(),
        status: fields.text("status")?.to_owned(),
        reason: owned(fields.some_text("/reason")),
        request: ours(fields, REFUND),
        due_by: due_by.and_then(|seconds| Timestamp::from_second(seconds).ok()),
        observed_at: at,
    })
}
