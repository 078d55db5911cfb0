//! What is asked about plans: prices, subscriptions, invoices, visits to the customers' page.

use serde_json::Value;

use super::form::Form;
use super::objects::Objects;
use super::parameters::Kind::{Flag, Number, Text, Url, Word};
use super::parameters::{NOTHING, Parameters, check};
use super::refusal::Refusal;
use super::{invoices, portal, prices, schedules, subscriptions};

const EXPAND: (&str, super::parameters::Kind, bool) = ("expand[#]", Text(500), false);
const LIMIT: (&str, super::parameters::Kind, bool) = ("limit", Number, false);
const AFTER: (&str, super::parameters::Kind, bool) = ("starting_after", Text(255), false);

/// `POST /v1/checkout/sessions` in mode subscription (<https://docs.stripe.com/api/checkout/sessions/create>).
pub(super) const PLAN_SESSION: Parameters = &[
    ("mode", Word(&["subscription"]), true),
    ("customer", Text(255), false),
    ("customer_email", Text(800), false),
    ("client_reference_id", Text(200), false),
    ("success_url", Url, true),
    ("cancel_url", Url, false),
    ("expires_at", Number, false),
    ("line_items[#][price]", Text(255), true),
    ("line_items[#][quantity]", Number, false),
    ("subscription_data[metadata][*]", Text(500), false),
    ("subscription_data[description]", Text(500), false),
    ("discounts[#][coupon]", Text(255), false),
    ("payment_method_collection", Word(&["always", "if_required"]), false),
    ("allowed_payment_method_types[#]", Text(40), false),
    ("automatic_tax[enabled]", Flag, false),
    ("customer_update[address]", Word(&["auto", "never"]), false),
    ("customer_update[name]", Word(&["auto", "never"]), false),
    ("tax_id_collection[enabled]", Flag, false),
    ("metadata[*]", Text(500), false),
    EXPAND,
];

/// `POST /v1/subscriptions/{id}` (<https://docs.stripe.com/api/subscriptions/update>). Since endive `billing_cycle_anchor` is an
/// object.
const CHANGE: Parameters = &[
    ("cancel_at_period_end", Flag, false),
    ("items[#][id]", Text(255), false),
    ("items[#][price]", Text(255), false),
    ("items[#][quantity]", Number, false),
    ("proration_behavior", Word(&["none", "create_prorations", "always_invoice"]), false),
    ("billing_cycle_anchor[type]", Word(&["now", "unchanged"]), false),
    ("payment_behavior", Word(&["allow_incomplete", "error_if_incomplete", "pending_if_incomplete"]), false),
    ("metadata[*]", Text(500), false),
    EXPAND,
];

const VISIT: Parameters =
    &[("customer", Text(255), true), ("return_url", Url, false), ("configuration", Text(255), false), EXPAND];

const PRICES: Parameters = &[
    ("active", Flag, false),
    ("lookup_keys[#]", Text(200), false),
    ("product", Text(255), false),
    LIMIT,
    AFTER,
    EXPAND,
];

const LIST: Parameters = &[
    ("customer", Text(255), false),
    ("subscription", Text(255), false),
    ("active", Flag, false),
    ("status", Text(40), false),
    LIMIT,
    AFTER,
    EXPAND,
];

/// `GET /v1/invoice_payments` (<https://docs.stripe.com/api/invoice-payment/list>).
const INVOICE_PAYMENTS: Parameters = &[
    ("invoice", Text(255), false),
    ("payment[type]", Word(&["payment_intent", "charge", "payment_record"]), false),
    ("payment[payment_intent]", Text(255), false),
    ("status", Word(&["open", "paid", "canceled"]), false),
    LIMIT,
    AFTER,
    EXPAND,
];

/// Does what is asked for; nothing, where it is about something else.
pub(super) fn serve(
    objects: &mut Objects,
    (method, parts): (&str, &[&str]),
    form: &Form,
) -> Option<Result<Value, Refusal>> {
    let takes = |parameters| check(form, parameters);
    let of = |name: &str, object: &Value| form.text(name).is_none_or(|wanted| object[name] == wanted);
    Some(match (method, parts) {
        ("GET", ["prices"]) => takes(PRICES).map(|()| prices::list(objects, form)),
        ("GET", ["prices", id]) => takes(NOTHING).and_then(|()| objects.get("price", id)),
        ("GET", ["products", id]) => takes(NOTHING).and_then(|()| objects.get("product", id)),
        ("GET", ["subscriptions"]) => takes(LIST).map(|()| {
            let all: Vec<Value> =
                objects.of_kind("subscription").filter(|one| of("customer", one)).map(subscriptions::shown).collect();
            Objects::page(all.iter(), "/v1/subscriptions", form)
        }),
        ("GET", ["subscriptions", id]) => takes(NOTHING).and_then(|()| objects.get("subscription", id)).map(|one| {
            let shown = subscriptions::shown(&one);
            let is_expanded = form.text("expand[0]").is_some_and(|what| what.starts_with("schedule"));
            if is_expanded { schedules::expanded(objects, shown) } else { shown }
        }),
        ("POST", ["subscriptions", id]) => takes(CHANGE).and_then(|()| subscriptions::change(objects, id, form)),
        ("DELETE", ["subscriptions", id]) => subscriptions::cancel_now(objects, id, "cancellation_requested"),
        ("POST", ["subscription_schedules"]) => takes(schedules::CREATE)
            .and_then(|()| schedules::create(objects, form.text("from_subscription").unwrap_or_default())),
        ("GET", ["subscription_schedules", id]) => {
            takes(NOTHING).and_then(|()| objects.get("subscription_schedule", id))
        }
        ("POST", ["subscription_schedules", id]) => {
            takes(schedules::CHANGE).and_then(|()| schedules::change(objects, id, form))
        }
        ("POST", ["subscription_schedules", id, "release"]) => schedules::release(objects, id),
        ("GET", ["invoices"]) => takes(LIST).map(|()| {
            let all = objects.of_kind("invoice").filter(|one| of("customer", one));
            Objects::page(all, "/v1/invoices", form)
        }),
        ("GET", ["invoices", id]) => takes(NOTHING).and_then(|()| objects.get("invoice", id)),
        ("GET", ["invoices", id, "lines"]) => takes(LIST).and_then(|()| invoices::lines(objects, id, form)),
        ("GET", ["invoice_payments"]) => takes(INVOICE_PAYMENTS).and_then(|()| invoices::payments(objects, form)),
        ("GET", ["billing_portal", "configurations"]) => takes(LIST).map(|()| {
            Objects::page(objects.of_kind("billing_portal.configuration"), "/v1/billing_portal/configurations", form)
        }),
        ("POST", ["billing_portal", "sessions"]) => takes(VISIT).and_then(|()| portal::visit(objects, form)),
        _ => return None,
    })
}
