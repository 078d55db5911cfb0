//! What Stripe is asked for about plans: pages at which one is bought or managed, changes of a subscription, prices.

use std::collections::HashMap;

use serde::Serialize;
use stripe_checkout::CheckoutSessionMode;
use stripe_checkout::checkout_session::{
    CreateCheckoutSession, CreateCheckoutSessionDiscounts, CreateCheckoutSessionLineItems,
    CreateCheckoutSessionPaymentMethodCollection, CreateCheckoutSessionSubscriptionData,
};
use stripe_client_core::{RequestBuilder, StripeMethod, StripeRequest as _};
use uuid::Uuid;

use super::observe::DEPLOYMENT;
use super::requests::{plain, with_tax};
use super::subscriptions::{ACCOUNT, REDEMPTION};

/// The price that is sold under a name now.
#[must_use]
pub fn price_named(name: &str) -> RequestBuilder {
    let query = format!("active=true&lookup_keys[0]={}&limit=1", plain(name));
    RequestBuilder { query: Some(query), ..RequestBuilder::new(StripeMethod::Get, "/prices") }
}

/// A page of Stripe's at which a plan is bought, until it expires. What it makes carries whose it is, and which use of a coupon
/// has made it cheaper. Tax comes on top, where it is computed.
#[must_use]
pub fn plan_page(
    (account, deployment): (Uuid, Uuid),
    customer: &str,
    price: &str,
    discount: Option<(&str, Uuid)>,
    return_to: (&str, &str),
    expires_at: i64,
    tax: bool,
) -> RequestBuilder {
    let metadata: HashMap<String, String> =
        [(ACCOUNT, account), (DEPLOYMENT, deployment)].map(|(name, id)| (name.to_owned(), id.to_string())).into();
    let line = CreateCheckoutSessionLineItems {
        price: Some(price.to_owned()),
        quantity: Some(1),
        ..CreateCheckoutSessionLineItems::new()
    };
    let redemption = discount.map(|(_, redemption)| (REDEMPTION.to_owned(), redemption.to_string()));
    let of_subscription = CreateCheckoutSessionSubscriptionData {
        metadata: Some(metadata.clone().into_iter().chain(redemption).collect()),
        ..CreateCheckoutSessionSubscriptionData::new()
    };
    let page = CreateCheckoutSession::new()
        .mode(CheckoutSessionMode::Subscription)
        .customer(customer)
        .client_reference_id(account.to_string())
        .metadata(metadata)
        .line_items(vec![line])
        .subscription_data(of_subscription)
        .payment_method_collection(CreateCheckoutSessionPaymentMethodCollection::Always)
        .success_url(return_to.0)
        .cancel_url(return_to.1)
        .expires_at(expires_at);
    let page = if tax { with_tax(page) } else { page };
    match discount {
        Some((coupon, _)) => {
            let coupon = Some(coupon.to_owned());
            let discount = CreateCheckoutSessionDiscounts { coupon, ..CreateCheckoutSessionDiscounts::new() };
            page.discounts(vec![discount]).build()
        }
        None => page.build(),
    }
}

/// The set-ups of Stripe's page for customers.
#[must_use]
pub fn portals() -> RequestBuilder {
    let query = "active=true&limit=100".to_owned();
    RequestBuilder { query: Some(query), ..RequestBuilder::new(StripeMethod::Get, "/billing_portal/configurations") }
}

/// A visit of a customer's to that page (<https://docs.stripe.com/api/customer_portal/sessions/create>).
#[must_use]
pub fn portal_visit(customer: &str, return_url: &str, configuration: Option<&str>) -> RequestBuilder {
    #[derive(Serialize)]
    struct Visit<'a> {
        customer: &'a str,
        return_url: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        configuration: Option<&'a str>,
    }
    RequestBuilder::new(StripeMethod::Post, "/billing_portal/sessions").form(&Visit {
        customer,
        return_url,
        configuration,
    })
}

fn change(subscription: &str) -> RequestBuilder {
    RequestBuilder::new(StripeMethod::Post, format!("/subscriptions/{}", plain(subscription)))
}

/// Lets a subscription end with its period, or go on (<https://docs.stripe.com/api/subscriptions/update>).
#[must_use]
pub fn end_with_period(subscription: &str, ends: bool) -> RequestBuilder {
    #[derive(Serialize)]
    struct End {
        cancel_at_period_end: bool,
    }
    change(subscription).form(&End { cancel_at_period_end: ends })
}

/// Ends a subscription now.
#[must_use]
pub fn end(subscription: &str) -> RequestBuilder {
    RequestBuilder::new(StripeMethod::Delete, format!("/subscriptions/{}", plain(subscription)))
}

/// Changes a subscription to another price, paid in full now for a period that begins now; where the card is declined, nothing
/// changes.
#[must_use]
pub fn upgrade(subscription: &str, item: &str, price: &str) -> RequestBuilder {
    #[derive(Serialize)]
    struct Item<'a> {
        id: &'a str,
        price: &'a str,
    }
    #[derive(Serialize)]
    struct Anchor {
        r#type: &'static str,
    }
    #[derive(Serialize)]
    struct Upgrade<'a> {
        items: [Item<'a>; 1],
        proration_behavior: &'static str,
        billing_cycle_anchor: Anchor,
        payment_behavior: &'static str,
    }
    change(subscription).form(&Upgrade {
        items: [Item { id: item, price }],
        proration_behavior: "none",
        billing_cycle_anchor: Anchor { r#type: "now" },
        payment_behavior: "error_if_incomplete",
    })
}

/// How an invoice was paid (<https://docs.stripe.com/api/invoice-payment/list>).
#[must_use]
pub fn payments_of_invoice(invoice: &str) -> RequestBuilder {
    let query = format!("invoice={}&status=paid&limit=100", plain(invoice));
    RequestBuilder { query: Some(query), ..RequestBuilder::new(StripeMethod::Get, "/invoice_payments") }
}

/// Which invoice an intent has paid, if it has paid one.
#[must_use]
pub fn invoices_of_intent(intent: &str) -> RequestBuilder {
    let query = format!("payment[type]=payment_intent&payment[payment_intent]={}&status=paid&limit=100", plain(intent));
    RequestBuilder { query: Some(query), ..RequestBuilder::new(StripeMethod::Get, "/invoice_payments") }
}

/// The lines of an invoice behind one of them.
#[must_use]
pub fn lines_of(invoice: &str, after: &str) -> RequestBuilder {
    let query = format!("limit=100&starting_after={}", plain(after));
    let path = format!("/invoices/{}/lines", plain(invoice));
    RequestBuilder { query: Some(query), ..RequestBuilder::new(StripeMethod::Get, path) }
}
