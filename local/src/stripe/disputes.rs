//! Disputes: a bank takes a payment back, or asks about it.

use serde_json::{Value, json};

use super::events;
use super::objects::Objects;
use super::refusal::Refusal;

const WEEK: i64 = 7 * 24 * 3600;

/// Opens a dispute of all that an intent's charge has left.
pub(super) fn open(objects: &mut Objects, intent: &str, reason: &str, status: &str) -> Result<Value, Refusal> {
    let charge = objects.get("payment_intent", intent)?["latest_charge"].clone();
    let charge = objects.get("charge", charge.as_str().unwrap_or_default())?;
    if charge["disputed"] == true {
        return Err(Refusal::state("charge_disputed", "The charge is disputed already."));
    }
    let now = objects.now();
    let rest = charge["amount"].as_i64().unwrap_or_default() - charge["amount_refunded"].as_i64().unwrap_or_default();
    let dispute = json!({
        "id": Objects::id("du"), "object": "dispute", "created": now, "livemode": false, "amount": rest, "currency": charge["currency"],
        "charge": charge["id"], "payment_intent": intent, "reason": reason, "status": status, "metadata": {},
        "is_charge_refundable": false, "evidence_details": {"due_by": now + WEEK, "has_evidence": false, "past_due": false, "submission_count": 0},
        "balance_transactions": [], "evidence": {}, "enhanced_eligibility_types": []});
    let dispute = objects.add(dispute);
    let takes = !status.starts_with("warning_");
    objects.change(charge["id"].as_str().unwrap_or_default(), &json!({"disputed": takes}));
    events::tell(objects, "charge.dispute.created", &dispute);
    if takes {
        events::tell(objects, "charge.dispute.funds_withdrawn", &dispute);
    }
    Ok(dispute)
}

/// A dispute goes on to this status.
pub(super) fn turn(objects: &mut Objects, id: &str, status: &str) -> Result<Value, Refusal> {
    objects.get("dispute", id)?;
    let known = ["needs_response", "under_review", "won", "lost", "warning_closed"];
    if !known.contains(&status) {
        return Err(Refusal::parameter(
            "parameter_invalid",
            "status",
            &format!("status must be one of {}", known.join(", ")),
        ));
    }
    let dispute = objects.change(id, &json!({"status": status}));
    if status == "won" {
        objects.change(dispute["charge"].as_str().unwrap_or_default(), &json!({"disputed": false}));
        events::tell(objects, "charge.dispute.funds_reinstated", &dispute);
    }
    let closed = matches!(status, "won" | "lost" | "warning_closed");
    events::tell(objects, if closed { "charge.dispute.closed" } else { "charge.dispute.updated" }, &dispute);
    Ok(dispute)
}

/// A bank warns that an intent's charge is fraud.
pub(super) fn warn(objects: &mut Objects, intent: &str) -> Result<Value, Refusal> {
    let charge = objects.get("payment_intent", intent)?["latest_charge"].clone();
    let refunded = objects.get("charge", charge.as_str().unwrap_or_default())?["refunded"] == true;
    let warning = json!({
        "id": Objects::id("issfr"), "object": "radar.early_fraud_warning", "created": objects.now(), "livemode": false,
        "actionable": !refunded, "charge": charge, "payment_intent": intent, "fraud_type": "unauthorized_use_of_card"});
    let warning = objects.add(warning);
    events::tell(objects, "radar.early_fraud_warning.created", &warning);
    Ok(warning)
}
