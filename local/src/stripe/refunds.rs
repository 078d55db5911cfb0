//! Refunds.

use serde_json::{Value, json};

use super::events;
use super::form::Form;
use super::objects::Objects;
use super::refusal::Refusal;

pub(super) fn create(objects: &mut Objects, form: &Form) -> Result<Value, Refusal> {
    let charge = match (form.text("payment_intent"), form.text("charge")) {
        (Some(intent), _) => {
            let intent = objects.get("payment_intent", intent)?;
            let charge = intent["latest_charge"].as_str().filter(|_| intent["status"] == "succeeded");
            let charge = charge.ok_or_else(|| {
                Refusal::state(
                    "payment_intent_unexpected_state",
                    "This PaymentIntent does not have a successful charge to refund.",
                )
            })?;
            objects.get("charge", charge)?
        }
        (None, Some(charge)) => objects.get("charge", charge)?,
        (None, None) => {
            let message = "One of the following params should be provided for this request: payment_intent or charge.";
            return Err(Refusal::parameter("parameter_missing", "payment_intent", message));
        }
    };
    let cents = |name: &str| charge[name].as_i64().unwrap_or_default();
    let rest = cents("amount") - cents("amount_refunded");
    if charge["disputed"] == true {
        return Err(Refusal::state("charge_disputed", "The charge has been charged back."));
    }
    if rest == 0 {
        return Err(Refusal::state("charge_already_refunded", "The charge has already been refunded."));
    }
    let amount = form.number("amount").unwrap_or(rest);
    if amount == 0 || amount > rest {
        let message = format!("Refund amount ({amount}) is greater than unrefunded amount on charge ({rest})");
        return Err(Refusal::parameter("parameter_invalid", "amount", &message));
    }
    let refund = json!({
        "id": Objects::id("re"), "object": "refund", "created": objects.now(), "amount": amount, "currency": charge["currency"],
        "charge": charge["id"], "payment_intent": charge["payment_intent"], "reason": form.text("reason"), "status": "succeeded",
        "metadata": form.map("metadata"), "balance_transaction": Objects::id("txn"), "destination_details": {"type": "card", "card": {"type": "refund"}},
        "receipt_number": null, "source_transfer_reversal": null, "transfer_reversal": null});
    let refund = objects.add(refund);
    let charge = refunded(objects, &charge, amount);
    events::tell(objects, "refund.created", &refund);
    events::tell(objects, "charge.refunded", &charge);
    let fails = charge["payment_intent"]
        .as_str()
        .and_then(|id| objects.find(id))
        .is_some_and(|intent| intent["refunds_fail"] == true);
    if fails {
        fail(objects, refund["id"].as_str().unwrap_or_default())?;
    }
    Ok(refund)
}

fn refunded(objects: &mut Objects, charge: &Value, cents: i64) -> Value {
    let refunded = charge["amount_refunded"].as_i64().unwrap_or_default() + cents;
    let whole = charge["amount"].as_i64() == Some(refunded);
    objects.change(charge["id"].as_str().unwrap_or_default(), &json!({"amount_refunded": refunded, "refunded": whole}))
}

/// The buyer's bank sends the money back: what had succeeded fails.
pub(super) fn fail(objects: &mut Objects, id: &str) -> Result<Value, Refusal> {
    let refund = objects.get("refund", id)?;
    if refund["status"] == "failed" {
        return Ok(refund);
    }
    let charge = objects.get("charge", refund["charge"].as_str().unwrap_or_default())?;
    refunded(objects, &charge, -refund["amount"].as_i64().unwrap_or_default());
    let failed = objects.change(id, &json!({"status": "failed", "failure_reason": "lost_or_stolen_card"}));
    events::tell(objects, "refund.updated", &failed);
    events::tell(objects, "refund.failed", &failed);
    Ok(failed)
}
