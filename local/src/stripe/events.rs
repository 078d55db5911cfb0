//! Events: what is told of an object, as it was at that moment (<https://docs.stripe.com/api/events/object>).

use serde_json::{Value, json};

use super::form::Form;
use super::objects::Objects;

/// The version in which events are rendered.
const VERSION: &str = "2026-10-28.endive";

/// Tells of an object: keeps the event, and puts it on its way.
pub(super) fn tell(objects: &mut Objects, kind: &str, object: &Value) {
    let event = json!({
        "id": Objects::id("evt"), "object": "event", "api_version": VERSION, "created": objects.now(), "livemode": false,
        "type": kind, "pending_webhooks": 1, "request": objects.request, "data": {"object": object}});
    let event = objects.add(event);
    objects.outgoing.push(event);
}

/// `GET /v1/events`, newest first.
pub(super) fn list(objects: &Objects, form: &Form) -> Value {
    let types: Vec<&str> =
        (0..form.entries("types")).filter_map(|i| form.text(&format!("types[{i}]"))).chain(form.text("type")).collect();
    let wanted = objects.of_kind("event").filter(|event| {
        (types.is_empty() || types.iter().any(|kind| event["type"] == *kind))
            && form.number("created[gte]").is_none_or(|since| event["created"].as_i64() >= Some(since))
            && form.number("created[gt]").is_none_or(|since| event["created"].as_i64() > Some(since))
            && form.text("delivery_success").is_none_or(|wanted| (event["pending_webhooks"] == 0) == (wanted == "true"))
    });
    Objects::page(wanted, "/v1/events", form)
}
