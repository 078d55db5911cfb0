//! Coupons that make subscriptions cheaper (<https://docs.stripe.com/api/coupons>).

use serde_json::{Value, json};

use super::form::Form;
use super::objects::Objects;
use super::parameters::Kind::{Number, Text, Word};
use super::parameters::Parameters;
use super::refusal::Refusal;

/// `POST /v1/coupons` (<https://docs.stripe.com/api/coupons/create>).
pub(super) const COUPON: Parameters = &[
    ("id", Text(255), false),
    ("name", Text(40), false),
    ("percent_off", Number, true),
    ("duration", Word(&["once", "forever"]), false),
    ("metadata[*]", Text(500), false),
];

/// Makes a coupon of so many percent.
pub(super) fn make(objects: &mut Objects, form: &Form) -> Result<Value, Refusal> {
    let percent = form.number("percent_off").filter(|percent| (1..=100).contains(percent)).ok_or_else(|| {
        Refusal::parameter("parameter_invalid", "percent_off", "`percent_off` is a percentage from 1 to 100.")
    })?;
    let id = form.text("id").map_or_else(|| Objects::id("coupon"), str::to_owned);
    if objects.find(&id).is_some() {
        return Err(Refusal::parameter("resource_already_exists", "id", "Coupon already exists."));
    }
    let coupon = json!({
        "id": id, "object": "coupon", "amount_off": null, "created": objects.now(), "currency": null,
        "duration": form.text("duration").unwrap_or("once"), "duration_in_months": null, "livemode": false,
        "max_redemptions": null, "metadata": form.map("metadata"), "name": form.text("name"), "percent_off": percent,
        "redeem_by": null, "times_redeemed": 0, "valid": true});
    Ok(objects.add(coupon))
}

/// What a coupon takes off so many cents.
pub(super) fn off(coupon: &Value, cents: i64) -> i64 {
    cents * coupon["percent_off"].as_i64().unwrap_or_default() / 100
}
