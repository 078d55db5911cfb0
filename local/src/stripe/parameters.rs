//! What each endpoint takes: what Stripe refuses is refused here.

use super::form::Form;
use super::refusal::Refusal;

/// What a parameter may be.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// Any text up to so many characters.
    Text(usize),
    /// A whole number that is not negative.
    Number,
    /// `true` or `false`.
    Flag,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A URL.
    Url,
}

/// Parameters by name: `#` stands for a place in a list, `*` for any key. Whether each must be there.
pub(super) type Parameters = &'static [(&'static str, Kind, bool)];

use Kind::{Flag, Number, Text, Url, Word};

const CURRENCY: Kind = Word(&["usd", "eur", "gbp", "jpy"]);
const EXPAND: (&str, Kind, bool) = ("expand[#]", Text(500), false);
const METADATA: (&str, Kind, bool) = ("metadata[*]", Text(500), false);

/// `POST /v1/customers` (<https://docs.stripe.com/api/customers/create>).
pub(super) const CUSTOMER: Parameters = &[
    ("email", Text(512), false),
    ("name", Text(256), false),
    ("description", Text(350), false),
    ("payment_method", Text(255), false),
    METADATA,
    EXPAND,
];

/// `POST /v1/checkout/sessions` (<https://docs.stripe.com/api/checkout/sessions/create>), in mode payment.
pub(super) const SESSION: Parameters = &[
    ("mode", Word(&["payment", "setup"]), true),
    ("currency", CURRENCY, false),
    ("customer", Text(255), false),
    ("customer_email", Text(800), false),
    ("client_reference_id", Text(200), false),
    ("success_url", Url, true),
    ("cancel_url", Url, false),
    ("expires_at", Number, false),
    ("line_items[#][quantity]", Number, false),
    ("line_items[#][price_data][currency]", CURRENCY, true),
    ("line_items[#][price_data][unit_amount]", Number, true),
    ("line_items[#][price_data][product_data][name]", Text(250), true),
    ("line_items[#][price_data][product_data][description]", Text(5000), false),
    ("line_items[#][price_data][tax_behavior]", Word(&["exclusive", "inclusive", "unspecified"]), false),
    ("automatic_tax[enabled]", Flag, false),
    ("customer_update[address]", Word(&["auto", "never"]), false),
    ("customer_update[name]", Word(&["auto", "never"]), false),
    ("tax_id_collection[enabled]", Flag, false),
    ("invoice_creation[enabled]", Flag, false),
    ("payment_intent_data[metadata][*]", Text(500), false),
    ("payment_intent_data[receipt_email]", Text(800), false),
    ("payment_intent_data[description]", Text(1000), false),
    ("payment_intent_data[setup_future_usage]", Word(&["off_session", "on_session"]), false),
    ("allowed_payment_method_types[#]", Text(40), false),
    METADATA,
    EXPAND,
];

/// The same with prices that were made before.
pub(super) const PRICED_SESSION: Parameters = &[
    ("mode", Word(&["payment"]), true),
    ("customer", Text(255), false),
    ("client_reference_id", Text(200), false),
    ("success_url", Url, true),
    ("cancel_url", Url, false),
    ("line_items[#][price]", Text(255), true),
    ("line_items[#][quantity]", Number, false),
    ("payment_intent_data[metadata][*]", Text(500), false),
    ("payment_intent_data[shipping][name]", Text(5000), false),
    ("payment_intent_data[shipping][phone]", Text(5000), false),
    ("payment_intent_data[shipping][address][*]", Text(5000), false),
    METADATA,
    EXPAND,
];

/// `POST /v1/payment_pages/{session}/confirm`: what Stripe's own page sends when its buyer pays.
pub(super) const PAY_PAGE: Parameters =
    &[("payment_method", Text(255), true), ("expected_amount", Number, true), ("return_url", Url, false), EXPAND];

/// `POST /v1/payment_intents` (<https://docs.stripe.com/api/payment_intents/create>).
pub(super) const INTENT: Parameters = &[
    ("amount", Number, true),
    ("currency", CURRENCY, true),
    ("customer", Text(255), false),
    ("payment_method", Text(255), false),
    ("description", Text(1000), false),
    ("receipt_email", Text(800), false),
    ("confirm", Flag, false),
    ("off_session", Flag, false),
    ("error_on_requires_action", Flag, false),
    ("return_url", Url, false),
    ("shipping[name]", Text(5000), false),
    ("shipping[phone]", Text(5000), false),
    ("shipping[carrier]", Text(5000), false),
    ("shipping[tracking_number]", Text(5000), false),
    ("shipping[address][*]", Text(5000), false),
    ("setup_future_usage", Word(&["off_session", "on_session"]), false),
    ("automatic_payment_methods[enabled]", Flag, false),
    ("automatic_payment_methods[allow_redirects]", Word(&["always", "never"]), false),
    METADATA,
    EXPAND,
];

/// `POST /v1/payment_intents/{id}/confirm`.
pub(super) const CONFIRM: Parameters =
    &[("payment_method", Text(255), false), ("return_url", Url, false), ("off_session", Flag, false), EXPAND];

/// `POST /v1/payment_methods` (<https://docs.stripe.com/api/payment_methods/create>).
pub(super) const METHOD: Parameters = &[
    ("type", Word(&["card"]), true),
    ("card[token]", Text(255), false),
    ("card[number]", Text(19), false),
    ("card[exp_month]", Number, false),
    ("card[exp_year]", Number, false),
    ("card[cvc]", Text(4), false),
    ("billing_details[email]", Text(512), false),
    ("billing_details[name]", Text(256), false),
    ("billing_details[phone]", Text(256), false),
    ("billing_details[address][*]", Text(5000), false),
    METADATA,
    EXPAND,
];

/// `POST /v1/payment_methods/{id}/attach`.
pub(super) const ATTACH: Parameters = &[("customer", Text(255), true), EXPAND];

/// `POST /v1/refunds` (<https://docs.stripe.com/api/refunds/create>).
pub(super) const REFUND: Parameters = &[
    ("payment_intent", Text(255), false),
    ("charge", Text(255), false),
    ("amount", Number, false),
    ("reason", Word(&["duplicate", "fraudulent", "requested_by_customer"]), false),
    METADATA,
    EXPAND,
];

/// Lists of refunds and of events.
pub(super) const LIST: Parameters = &[
    ("limit", Number, false),
    ("starting_after", Text(255), false),
    ("ending_before", Text(255), false),
    ("payment_intent", Text(255), false),
    ("charge", Text(255), false),
    ("customer", Text(255), false),
    ("type", Text(255), false),
    ("types[#]", Text(255), false),
    ("created[gte]", Number, false),
    ("created[gt]", Number, false),
    ("delivery_success", Flag, false),
    EXPAND,
];

/// What takes nothing but `expand`.
pub(super) const NOTHING: Parameters = &[EXPAND];

/// Checks a form against what its endpoint takes.
pub(super) fn check(form: &Form, takes: Parameters) -> Result<(), Refusal> {
    for (name, value) in &form.0 {
        let pattern = pattern(name);
        let known = takes.iter().find(|(takes, ..)| *takes == pattern || of_map(takes, name));
        let Some((_, kind, _)) = known else {
            let message = format!("Received unknown parameter: {name}");
            return Err(Refusal::parameter("parameter_unknown", name, &message));
        };
        if !value.is_empty() && !fits(*kind, value) {
            return Err(Refusal::parameter("parameter_invalid", name, &format!("Invalid value for {name}")));
        }
    }
    for (name, _, needed) in takes.iter().filter(|(_, _, needed)| *needed) {
        let there = match name.split_once("[#]") {
            // Of each entry that the list has.
            Some((list, rest)) => (0..form.entries(list)).all(|i| form.text(&format!("{list}[{i}]{rest}")).is_some()),
            None => form.text(name).is_some(),
        };
        if *needed && !there {
            return Err(Refusal::parameter("parameter_missing", name, &format!("Missing required param: {name}.")));
        }
    }
    Ok(())
}

fn fits(kind: Kind, value: &str) -> bool {
    match kind {
        Text(most) => value.chars().count() <= most,
        Number => value.len() <= 12 && value.bytes().all(|byte| byte.is_ascii_digit()),
        Flag => value == "true" || value == "false",
        Word(words) => words.contains(&value),
        Url => value.starts_with("http://") || value.starts_with("https://"),
    }
}

/// `line_items[0][quantity]` as `line_items[#][quantity]`.
fn pattern(name: &str) -> String {
    let is_place = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let mut parts = name.split('[');
    let mut pattern = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let inner = part.strip_suffix(']').unwrap_or(part);
        pattern.push_str(&format!("[{}]", if is_place(inner) { "#" } else { inner }));
    }
    pattern
}

/// Whether `name` is an entry of the map that `takes` is: at most 40 characters (<https://docs.stripe.com/api/metadata>).
fn of_map(takes: &str, name: &str) -> bool {
    let Some(map) = takes.strip_suffix("[*]") else { return false };
    let key = name.strip_prefix(map).and_then(|rest| rest.strip_prefix('[')?.strip_suffix(']'));
    key.is_some_and(|key| (1..=40).contains(&key.len()) && !key.contains(['[', ']']))
}
