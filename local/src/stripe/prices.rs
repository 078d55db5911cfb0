//! Prices of plans, found by the names under which they are sold (<https://docs.stripe.com/products-prices/manage-prices#lookup-keys>).

use serde_json::{Value, json};

use super::form::Form;
use super::objects::Objects;
use super::parameters::Kind::{Text, Word};
use super::parameters::{Kind, Parameters};
use super::refusal::Refusal;

/// Whether tax comes on top of a price.
pub(super) const TAX: Kind = Word(&["exclusive", "inclusive", "unspecified"]);

/// `POST /v1/prices/{id}` (<https://docs.stripe.com/api/prices/update>), as far as it is used.
pub(super) const CHANGE: Parameters =
    &[("tax_behavior", TAX, true), ("metadata[*]", Text(500), false), ("expand[#]", Text(500), false)];

/// What there is from the start: the name, the cents, and the interval that it pays for.
const SEED: [(&str, i64, &str); 4] = [
    ("dev_month", 2_900, "month"),
    ("dev_year", 29_000, "year"),
    ("team_month", 9_900, "month"),
    ("team_year", 99_000, "year"),
];

/// Makes the plans' products and prices, as `stripe setup` does at Stripe.
pub(super) fn seed(objects: &mut Objects) {
    let now = objects.now();
    for (name, cents, interval) in SEED {
        let plan = name.split('_').next().unwrap_or_default();
        let product = format!("prod_{plan}");
        if objects.find(&product).is_none() {
            objects.add(json!({
                "id": product, "object": "product", "active": true, "created": now, "updated": now, "livemode": false, "name": plan,
                "description": null, "images": [], "marketing_features": [], "metadata": {}, "default_price": null,
                "package_dimensions": null, "shippable": null, "statement_descriptor": null, "tax_code": null, "type": "service",
                "unit_label": null, "url": null}));
        }
        objects.add(json!({
            "id": Objects::id("price"), "object": "price", "active": true, "billing_scheme": "per_unit", "created": now,
            "currency": "usd", "custom_unit_amount": null, "livemode": false, "lookup_key": name, "metadata": {}, "nickname": null,
            "product": product, "tax_behavior": "unspecified", "tiers_mode": null, "transform_quantity": null, "type": "recurring",
            "unit_amount": cents, "unit_amount_decimal": cents.to_string(),
            "recurring": {"interval": interval, "interval_count": 1, "meter": null, "trial_period_days": null, "usage_type": "licensed"}}));
    }
}

/// `GET /v1/prices`.
pub(super) fn list(objects: &Objects, form: &Form) -> Value {
    let names: Vec<&str> =
        (0..form.entries("lookup_keys")).filter_map(|i| form.text(&format!("lookup_keys[{i}]"))).collect();
    let wanted = objects.of_kind("price").filter(|price| {
        (names.is_empty() || names.iter().any(|name| price["lookup_key"] == *name))
            && form.text("active").is_none_or(|active| price["active"] == (active == "true"))
            && form.text("product").is_none_or(|product| price["product"] == product)
    });
    Objects::page(wanted, "/v1/prices", form)
}

/// The cents that a price asks for.
pub(super) fn cents(price: &Value) -> i64 {
    price["unit_amount"].as_i64().unwrap_or_default()
}

/// The months that a price pays for.
pub(super) fn months(price: &Value) -> i64 {
    let count = price["recurring"]["interval_count"].as_i64().unwrap_or(1);
    if price["recurring"]["interval"] == "year" { 12 * count } else { count }
}

/// Says of a price whether tax comes on top of it, once and for all.
pub(super) fn change(objects: &mut Objects, id: &str, form: &Form) -> Result<Value, Refusal> {
    if objects.get("price", id)?["tax_behavior"] != "unspecified" {
        let message = "You cannot change the `tax_behavior` of a price once it is set.";
        return Err(Refusal::parameter("parameter_invalid", "tax_behavior", message));
    }
    Ok(objects.change(id, &json!({"tax_behavior": form.text("tax_behavior")})))
}
