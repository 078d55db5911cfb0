//! A charge of a card that was left for it, while nobody is there to answer questions.
//!
//! Worded here and not by a builder: every function that settles a call may have to send it, and none of them is to carry the
//! builders of all that a payment intent could be. `tests/stripe` holds it to Stripe's own types.

use stripe_client_core::{RequestBuilder, StripeMethod};
use uuid::Uuid;

use super::observe::{DEPLOYMENT, PAYMENT};

/// What is charged, and to whom.
pub struct Charge<'a> {
    /// Our id of the payment.
    pub payment: Uuid,
    /// The database's name.
    pub deployment: Uuid,
    /// Cents.
    pub amount: i64,
    /// The customer at Stripe.
    pub customer: &'a str,
    /// The card.
    pub method: &'a str,
    /// What the buyer reads.
    pub description: &'a str,
}

/// A payment intent that is paid at once or not at all: a bank that wants its customer's word declines it.
#[must_use]
pub fn off_session(charge: &Charge<'_>) -> RequestBuilder {
    let form = [
        ("amount", charge.amount.to_string()),
        ("currency", "usd".to_owned()),
        ("customer", charge.customer.to_owned()),
        ("payment_method", charge.method.to_owned()),
        ("description", charge.description.to_owned()),
        ("automatic_payment_methods[enabled]", "true".to_owned()),
        ("automatic_payment_methods[allow_redirects]", "never".to_owned()),
        ("off_session", "true".to_owned()),
        ("confirm", "true".to_owned()),
        ("error_on_requires_action", "true".to_owned()),
        (&*format!("metadata[{PAYMENT}]"), charge.payment.to_string()),
        (&*format!("metadata[{DEPLOYMENT}]"), charge.deployment.to_string()),
    ]
    .map(|(name, value)| format!("{name}={}", encoded(&value)));
    RequestBuilder { body: Some(form.join("&")), ..RequestBuilder::new(StripeMethod::Post, "/payment_intents") }
}

/// Percent-encoded but for what a form may hold as it is.
#[must_use]
pub fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_charge_is_worded_as_stripe_reads_forms() {
        let (payment, deployment) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let description = "Ü & so: $5";
        let charge = Charge { payment, deployment, amount: 500, customer: "cus_1", method: "pm_1", description };
        let body = off_session(&charge).body.expect("a body");
        assert!(body.starts_with(
            "amount=500&currency=usd&customer=cus_1&payment_method=pm_1&description=%C3%9C%20%26%20so%3A%20%245&"
        ));
        assert!(body.ends_with(&format!("&metadata[payment]={payment}&metadata[deployment]={deployment}")), "{body}");
    }
}
