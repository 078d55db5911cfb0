//! Payment methods that customers leave, and the setup intents by which they do.

use serde_json::{Value, json};

use super::events;
use super::form::Form;
use super::intents::{Card, method};
use super::objects::Objects;
use super::refusal::Refusal;

/// `POST /v1/payment_methods`: of a card's number, or of one of the tokens of Stripe's tests. Any number pays.
pub(super) fn create(objects: &mut Objects, form: &Form) -> Result<Value, Refusal> {
    let card = match form.text("card[token]") {
        Some(token) => method(objects, token)?,
        None => Card::Good,
    };
    let made = add(objects, card, None);
    Ok(shown(&made))
}

/// A payment method of this card, of a customer or of nobody yet.
pub(super) fn add(objects: &mut Objects, card: Card, customer: Option<&str>) -> Value {
    let made = json!({
        "id": Objects::id("pm"), "object": "payment_method", "created": objects.now(), "livemode": false, "type": "card",
        "allow_redisplay": "unspecified", "customer": customer, "metadata": {}, "card_of": card.name(),
        "billing_details": {"address": {"city": null, "country": null, "line1": null, "line2": null, "postal_code": null, "state": null},
            "email": null, "name": null, "phone": null, "tax_id": null},
        "card": {"brand": "visa", "display_brand": "visa", "last4": "4242", "exp_month": 12, "exp_year": 2034, "country": "US",
            "funding": "credit", "fingerprint": card.fingerprint(), "checks": null, "generated_from": null, "networks": null,
            "regulated_status": "unregulated", "three_d_secure_usage": {"supported": true}, "wallet": null}});
    objects.add(made)
}

/// A method as its caller sees it.
pub(super) fn shown(method: &Value) -> Value {
    let mut method = method.clone();
    if let Some(method) = method.as_object_mut() {
        method.remove("card_of");
    }
    method
}

/// The method of a customer that a request names: one of the names of Stripe's tests is made anew.
pub(super) fn of_customer(objects: &mut Objects, name: &str, customer: &str) -> Result<String, Refusal> {
    let card = method(objects, name)?;
    if objects.find(name).is_none() {
        let made = add(objects, card, Some(customer));
        return Ok(made["id"].as_str().unwrap_or_default().to_owned());
    }
    if objects.get("payment_method", name)?["customer"] == customer {
        return Ok(name.to_owned());
    }
    let message = format!(
        "The customer does not have a payment method with the ID {name}. The payment method must be attached to the customer."
    );
    Err(Refusal::parameter("resource_missing", "payment_method", &message))
}

pub(super) fn attach(objects: &mut Objects, id: &str, form: &Form) -> Result<Value, Refusal> {
    let customer = form.text("customer").unwrap_or_default().to_owned();
    objects.get("customer", &customer)?;
    let card = method(objects, id)?;
    if matches!(card, Card::Declined | Card::Poor) {
        return Err(Refusal::card("card_declined", "generic_decline", &Value::Null));
    }
    let attached = match objects.find(id) {
        None => add(objects, card, Some(&customer)),
        Some(_) => {
            objects.get("payment_method", id)?;
            objects.change(id, &json!({ "customer": customer }))
        }
    };
    events::tell(objects, "payment_method.attached", &shown(&attached));
    Ok(shown(&attached))
}

pub(super) fn detach(objects: &mut Objects, id: &str) -> Result<Value, Refusal> {
    if objects.get("payment_method", id)?["customer"].is_null() {
        return Err(Refusal::state("payment_method_not_attached", "This PaymentMethod is not attached to a customer."));
    }
    let detached = shown(&objects.change(id, &json!({"customer": null})));
    events::tell(objects, "payment_method.detached", &detached);
    Ok(detached)
}

/// What the buyer does at a page for a card: leaves one. Answers the setup intent.
pub(super) fn set_up(objects: &mut Objects, customer: &str, card: Card, metadata: &Value) -> Result<Value, Refusal> {
    let id = Objects::id("seti");
    let intent = json!({
        "id": id, "object": "setup_intent", "created": objects.now(), "livemode": false, "status": "requires_payment_method",
        "customer": customer, "metadata": metadata, "payment_method": null, "payment_method_types": ["card"], "usage": "off_session",
        "client_secret": format!("{id}_secret_{}", Objects::id("x")), "automatic_payment_methods": null, "application": null,
        "cancellation_reason": null, "description": null, "flow_directions": null, "last_setup_error": null, "latest_attempt": null,
        "mandate": null, "next_action": null, "on_behalf_of": null, "payment_method_options": {}, "single_use_mandate": null});
    objects.add(intent);
    if matches!(card, Card::Declined | Card::Poor) {
        return Err(Refusal::card("card_declined", "generic_decline", &Value::Null));
    }
    let made = add(objects, card, Some(customer));
    let done = objects.change(&id, &json!({"status": "succeeded", "payment_method": made["id"]}));
    events::tell(objects, "payment_method.attached", &shown(&made));
    events::tell(objects, "setup_intent.succeeded", &done);
    Ok(done)
}

/// From now on the card of a method is another: its owner's bank has changed its mind.
pub(super) fn become_card(objects: &mut Objects, id: &str, card: Card) -> Result<Value, Refusal> {
    objects.get("payment_method", id)?;
    Ok(shown(&objects.change(id, &json!({"card_of": card.name()}))))
}
