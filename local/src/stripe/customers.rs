//! Customers.

use serde_json::{Value, json};

use super::events;
use super::form::Form;
use super::objects::Objects;
use super::refusal::Refusal;

pub(super) fn create(objects: &mut Objects, form: &Form) -> Result<Value, Refusal> {
    let customer = json!({
        "id": Objects::id("cus"), "object": "customer", "created": objects.now(), "livemode": false,
        "email": form.text("email"), "name": form.text("name"), "description": form.text("description"),
        "address": null, "balance": 0, "currency": null, "default_source": null, "delinquent": false, "discount": null,
        "invoice_prefix": "LOCAL", "invoice_settings": {"custom_fields": null, "default_payment_method": null, "footer": null, "rendering_options": null},
        "metadata": form.map("metadata"), "next_invoice_sequence": 1, "phone": null, "preferred_locales": [], "shipping": null,
        "tax_exempt": "none", "test_clock": null});
    Ok(objects.add(customer))
}

pub(super) fn delete(objects: &mut Objects, id: &str) -> Result<Value, Refusal> {
    let customer = objects.get("customer", id)?;
    objects.change(id, &json!({"deleted": true}));
    events::tell(objects, "customer.deleted", &customer);
    Ok(json!({"id": id, "object": "customer", "deleted": true}))
}
