//! What a deployment sets up: products, prices, the customers' page, webhook endpoints.

use serde_json::{Map, Value, json};

use super::form::Form;
use super::objects::Objects;
use super::parameters::Kind::{Flag, Number, Text, Url, Word};
use super::parameters::{Kind, NOTHING, Parameters, check};
use super::refusal::Refusal;
use super::{coupons, prices};

const EXPAND: (&str, Kind, bool) = ("expand[#]", Text(500), false);
const METADATA: (&str, Kind, bool) = ("metadata[*]", Text(500), false);

/// `POST /v1/products` (<https://docs.stripe.com/api/products/create>).
const PRODUCT: Parameters = &[
    ("id", Text(255), false),
    ("name", Text(250), true),
    ("active", Flag, false),
    ("description", Text(5000), false),
    ("tax_code", Text(255), false),
    ("unit_label", Text(255), false),
    METADATA,
    EXPAND,
];

/// `POST /v1/prices` (<https://docs.stripe.com/api/prices/create>).
const PRICE: Parameters = &[
    ("currency", Word(&["usd", "eur", "gbp", "jpy"]), true),
    ("product", Text(255), false),
    ("product_data[name]", Text(250), false),
    ("unit_amount", Number, false),
    ("active", Flag, false),
    ("nickname", Text(5000), false),
    ("recurring[interval]", Word(&["day", "week", "month", "year"]), false),
    ("recurring[interval_count]", Number, false),
    ("lookup_key", Text(200), false),
    ("transfer_lookup_key", Flag, false),
    ("tax_behavior", prices::TAX, false),
    METADATA,
    EXPAND,
];

/// `POST /v1/billing_portal/configurations` (<https://docs.stripe.com/api/customer_portal/configurations/create>).
const PORTAL: Parameters = &[
    ("features[customer_update][enabled]", Flag, false),
    (
        "features[customer_update][allowed_updates][#]",
        Word(&["address", "email", "name", "phone", "shipping", "tax_id"]),
        false,
    ),
    ("features[invoice_history][enabled]", Flag, false),
    ("features[payment_method_update][enabled]", Flag, false),
    ("features[subscription_cancel][enabled]", Flag, false),
    ("features[subscription_cancel][mode]", Word(&["at_period_end", "immediately"]), false),
    (
        "features[subscription_cancel][proration_behavior]",
        Word(&["none", "create_prorations", "always_invoice"]),
        false,
    ),
    ("features[subscription_update][enabled]", Flag, false),
    (
        "features[subscription_update][default_allowed_updates][#]",
        Word(&["price", "promotion_code", "quantity"]),
        false,
    ),
    (
        "features[subscription_update][proration_behavior]",
        Word(&["none", "create_prorations", "always_invoice"]),
        false,
    ),
    ("features[subscription_update][billing_cycle_anchor]", Word(&["now", "unchanged"]), false),
    (
        "features[subscription_update][schedule_at_period_end][conditions][#][type]",
        Word(&["decreasing_item_amount", "shortening_interval"]),
        false,
    ),
    ("features[subscription_update][products][#][product]", Text(255), false),
    ("features[subscription_update][products][#][prices][#]", Text(255), false),
    ("business_profile[headline]", Text(60), false),
    ("business_profile[privacy_policy_url]", Url, false),
    ("business_profile[terms_of_service_url]", Url, false),
    ("default_return_url", Url, false),
    ("active", Flag, false),
    METADATA,
    EXPAND,
];

/// `POST /v1/webhook_endpoints` (<https://docs.stripe.com/api/webhook_endpoints/create>).
const ENDPOINT: Parameters = &[
    ("url", Url, true),
    ("enabled_events[#]", Text(100), true),
    ("api_version", Text(40), false),
    ("description", Text(5000), false),
    ("connect", Flag, false),
    METADATA,
    EXPAND,
];

/// `POST /v1/webhook_endpoints/{id}`: the version stays what it was.
const ENDPOINT_CHANGE: Parameters = &[
    ("url", Url, false),
    ("enabled_events[#]", Text(100), false),
    ("disabled", Flag, false),
    ("description", Text(5000), false),
    METADATA,
    EXPAND,
];

const LIST: Parameters =
    &[("active", Flag, false), ("limit", Number, false), ("starting_after", Text(255), false), EXPAND];

/// Does what is asked for; nothing, where it is about something else.
pub(super) fn serve(
    objects: &mut Objects,
    (method, parts): (&str, &[&str]),
    form: &Form,
) -> Option<Result<Value, Refusal>> {
    let takes = |parameters| check(form, parameters);
    Some(match (method, parts) {
        ("POST", ["products"]) => takes(PRODUCT).and_then(|()| product(objects, form)),
        ("GET", ["products"]) => {
            takes(LIST).map(|()| Objects::page(objects.of_kind("product"), "/v1/products", form))
        }
        ("POST", ["coupons"]) => takes(coupons::COUPON).and_then(|()| coupons::make(objects, form)),
        ("POST", ["prices"]) => takes(PRICE).and_then(|()| price(objects, form)),
        ("POST", ["prices", id]) => takes(prices::CHANGE).and_then(|()| prices::change(objects, id, form)),
        ("POST", ["billing_portal", "configurations"]) => takes(PORTAL).and_then(|()| {
            check_products(objects, form)?;
            let made = json!({
                "id": Objects::id("bpc"), "object": "billing_portal.configuration", "active": true, "created": objects.now(),
                "updated": objects.now(), "is_default": false, "livemode": false, "name": null, "application": null,
                "default_return_url": form.text("default_return_url"), "login_page": {"enabled": false, "url": null},
                "business_profile": {"headline": null, "privacy_policy_url": null, "terms_of_service_url": null},
                "features": tree(form, "features"), "metadata": form.map("metadata")});
            Ok(objects.add(made))
        }),
        ("POST", ["billing_portal", "configurations", id]) => takes(PORTAL).and_then(|()| {
            objects.get("billing_portal.configuration", id)?;
            check_products(objects, form)?;
            let now = objects.now();
            let mended = json!({"features": tree(form, "features"), "metadata": form.map("metadata"), "updated": now});
            Ok(objects.change(id, &mended))
        }),
        ("POST", ["webhook_endpoints"]) => takes(ENDPOINT).and_then(|()| {
            let mut made = json!({
                "id": Objects::id("we"), "object": "webhook_endpoint", "api_version": form.text("api_version"), "application": null,
                "created": objects.now(), "description": form.text("description"), "enabled_events": events(form)?,
                "livemode": false, "metadata": form.map("metadata"), "status": "enabled", "url": form.text("url")});
            objects.add(made.clone());
            // Told this once.
            made["secret"] = json!(format!("whsec_{}", uuid::Uuid::new_v4().simple()));
            Ok(made)
        }),
        ("GET", ["webhook_endpoints"]) => takes(LIST).map(|()| {
            let there = objects.of_kind("webhook_endpoint").filter(|endpoint| endpoint["deleted"] != true);
            Objects::page(there, "/v1/webhook_endpoints", form)
        }),
        ("POST", ["webhook_endpoints", id]) => takes(ENDPOINT_CHANGE).and_then(|()| {
            objects.get("webhook_endpoint", id)?;
            let mut members = Map::new();
            if form.entries("enabled_events") > 0 {
                members.insert("enabled_events".to_owned(), events(form)?);
            }
            if let Some(disabled) = form.text("disabled") {
                members.insert("status".to_owned(), json!(if disabled == "true" { "disabled" } else { "enabled" }));
            }
            Ok(objects.change(id, &Value::Object(members)))
        }),
        ("DELETE", ["webhook_endpoints", id]) => takes(NOTHING).and_then(|()| {
            objects.get("webhook_endpoint", id)?;
            objects.change(id, &json!({"deleted": true}));
            Ok(json!({"id": id, "object": "webhook_endpoint", "deleted": true}))
        }),
        _ => return None,
    })
}

fn product(objects: &mut Objects, form: &Form) -> Result<Value, Refusal> {
    let id = form.text("id").map_or_else(|| Objects::id("prod"), str::to_owned);
    if objects.find(&id).is_some() {
        let message = format!("Product already exists: {id}");
        return Err(Refusal::parameter("resource_already_exists", "id", &message));
    }
    let now = objects.now();
    Ok(objects.add(json!({
        "id": id, "object": "product", "active": true, "created": now, "updated": now, "livemode": false,
        "name": form.text("name"), "description": form.text("description"), "images": [], "marketing_features": [],
        "metadata": form.map("metadata"), "default_price": null, "package_dimensions": null, "shippable": null,
        "statement_descriptor": null, "tax_code": form.text("tax_code"), "type": "service", "unit_label": form.text("unit_label"),
        "url": null})))
}

fn price(objects: &mut Objects, form: &Form) -> Result<Value, Refusal> {
    let product = match (form.text("product"), form.text("product_data[name]")) {
        (Some(product), _) => objects.get("product", product)?["id"].clone(),
        (None, Some(name)) => {
            let mut of = Form::default();
            of.0.insert("name".to_owned(), name.to_owned());
            product(objects, &of)?["id"].clone()
        }
        (None, None) => {
            let message = "Missing required param: product.";
            return Err(Refusal::parameter("parameter_missing", "product", message));
        }
    };
    let cents = form.number("unit_amount").ok_or_else(|| {
        Refusal::parameter("parameter_missing", "unit_amount", "Missing required param: unit_amount.")
    })?;
    if let Some(key) = form.text("lookup_key") {
        let holders: Vec<String> = objects
            .of_kind("price")
            .filter(|price| price["lookup_key"] == key)
            .filter_map(|price| price["id"].as_str().map(str::to_owned))
            .collect();
        if !holders.is_empty() && !form.flag("transfer_lookup_key") {
            let message = format!("A price already uses the lookup key `{key}`.");
            return Err(Refusal::parameter("parameter_invalid", "lookup_key", &message));
        }
        for holder in holders {
            objects.change(&holder, &json!({"lookup_key": null}));
        }
    }
    let recurring = form.text("recurring[interval]").map(|interval| {
        json!({"interval": interval, "interval_count": form.number("recurring[interval_count]").unwrap_or(1), "meter": null,
            "trial_period_days": null, "usage_type": "licensed"})
    });
    Ok(objects.add(json!({
        "id": Objects::id("price"), "object": "price", "active": true, "billing_scheme": "per_unit", "created": objects.now(),
        "currency": form.text("currency"), "custom_unit_amount": null, "livemode": false, "lookup_key": form.text("lookup_key"),
        "metadata": form.map("metadata"), "nickname": form.text("nickname"), "product": product,
        "tax_behavior": form.text("tax_behavior").unwrap_or("unspecified"),
        "tiers_mode": null, "transform_quantity": null, "type": if recurring.is_some() { "recurring" } else { "one_time" },
        "unit_amount": cents, "unit_amount_decimal": cents.to_string(), "recurring": recurring})))
}

/// The products that the page offers are there, and so are their prices, which are theirs.
fn check_products(objects: &Objects, form: &Form) -> Result<(), Refusal> {
    let list = "features[subscription_update][products]";
    let offered = form.entries(list);
    if form.flag("features[subscription_update][enabled]") && offered == 0 {
        let message = "`features[subscription_update][products]` is required when subscription updates are enabled.";
        return Err(Refusal::parameter("parameter_missing", list, message));
    }
    for i in 0..offered {
        let product = form.text(&format!("{list}[{i}][product]")).unwrap_or_default();
        objects.get("product", product)?;
        for j in 0..form.entries(&format!("{list}[{i}][prices]")) {
            let price = objects.get("price", form.text(&format!("{list}[{i}][prices][{j}]")).unwrap_or_default())?;
            if price["product"] != product {
                return Err(Refusal::parameter("parameter_invalid", list, "The price is of another product."));
            }
        }
    }
    Ok(())
}

/// Types of events, none of them twice.
fn events(form: &Form) -> Result<Value, Refusal> {
    let names: Vec<&str> =
        (0..form.entries("enabled_events")).filter_map(|i| form.text(&format!("enabled_events[{i}]"))).collect();
    let known = |name: &&str| {
        *name == "*" || name.contains('.') && name.bytes().all(|b| b.is_ascii_lowercase() || b"._".contains(&b))
    };
    if names.is_empty() || !names.iter().all(known) {
        return Err(Refusal::parameter("parameter_invalid", "enabled_events", "Invalid enabled_events."));
    }
    Ok(json!(names))
}

/// What stands in the brackets behind a name, as an object.
fn tree(form: &Form, name: &str) -> Value {
    let mut all = json!({});
    for (full, value) in &form.0 {
        let Some(rest) = full.strip_prefix(name) else { continue };
        let parts: Vec<&str> = rest.split(['[', ']']).filter(|part| !part.is_empty()).collect();
        let mut place = &mut all;
        for part in parts {
            place = &mut place[part];
        }
        *place = match value.as_str() {
            "true" => json!(true),
            "false" => json!(false),
            text => json!(text),
        };
    }
    all
}
