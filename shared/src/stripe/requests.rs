//! What Stripe is asked for, worded by the builders of `async-stripe`, so that no parameter is misspelt.

use std::collections::HashMap;

use stripe_checkout::CheckoutSessionMode;
use stripe_checkout::checkout_session::{
    CreateCheckoutSession, CreateCheckoutSessionAutomaticTax, CreateCheckoutSessionCustomerUpdate,
    CreateCheckoutSessionCustomerUpdateAddress, CreateCheckoutSessionCustomerUpdateName,
    CreateCheckoutSessionInvoiceCreation, CreateCheckoutSessionLineItems, CreateCheckoutSessionLineItemsPriceData,
    CreateCheckoutSessionLineItemsPriceDataTaxBehavior, CreateCheckoutSessionPaymentIntentData,
    CreateCheckoutSessionPaymentIntentDataSetupFutureUsage, CreateCheckoutSessionTaxIdCollection, ProductData,
};
use stripe_client_core::{RequestBuilder, StripeMethod, StripeRequest as _};
use stripe_core::PaymentIntentSetupFutureUsage;
use stripe_core::customer::CreateCustomer;
use stripe_core::payment_intent::{CreatePaymentIntent, CreatePaymentIntentAutomaticPaymentMethods};
use stripe_core::refund::{CreateRefund, CreateRefundReason};
use stripe_types::Currency;
use uuid::Uuid;

use super::observe::{AUTO_TOPUP, DEPLOYMENT, PAYMENT, REFUND};

/// Something that is charged, with what it is called on the receipt.
pub struct Line {
    /// What the buyer reads.
    pub name: String,
    /// Cents.
    pub amount: i64,
}

/// Whose payment it is.
pub struct Buyer<'a> {
    /// Our id of the payment.
    pub payment: Uuid,
    /// The database's name.
    pub deployment: Uuid,
    /// The customer at Stripe.
    pub customer: &'a str,
    /// Where the receipt goes.
    pub email: Option<&'a str>,
    /// Whether the card may be charged later, while its owner is not there.
    pub saves_card: bool,
}

impl Buyer<'_> {
    fn metadata(&self) -> HashMap<String, String> {
        let pairs = [(PAYMENT, self.payment), (DEPLOYMENT, self.deployment)];
        pairs.into_iter().map(|(name, id)| (name.to_owned(), id.to_string())).collect()
    }
}

/// What else Stripe does at its page.
#[derive(Clone, Copy, Debug, Default)]
pub struct Extras {
    /// It computes tax, on top of the lines.
    pub tax: bool,
    /// It makes an invoice.
    pub invoice: bool,
}

/// A customer for an account.
#[must_use]
pub fn customer(account: Uuid, deployment: Uuid, email: Option<&str>) -> RequestBuilder {
    let metadata = [("account", account), (DEPLOYMENT, deployment)].map(|(name, id)| (name.to_owned(), id.to_string()));
    let mut request = CreateCustomer::new().metadata(HashMap::from(metadata));
    if let Some(email) = email {
        request = request.email(email);
    }
    request.build()
}

/// Lets a page compute tax on top of what it sells.
pub(super) fn with_tax(request: CreateCheckoutSession) -> CreateCheckoutSession {
    // The address that the tax goes by is kept with the customer, and so is a firm's name with its tax id.
    let update = CreateCheckoutSessionCustomerUpdate {
        address: Some(CreateCheckoutSessionCustomerUpdateAddress::Auto),
        name: Some(CreateCheckoutSessionCustomerUpdateName::Auto),
        ..CreateCheckoutSessionCustomerUpdate::new()
    };
    request
        .automatic_tax(CreateCheckoutSessionAutomaticTax::new(true))
        .customer_update(update)
        .tax_id_collection(CreateCheckoutSessionTaxIdCollection::new(true))
}

/// A page of Stripe's at which these lines are paid. Promotion codes stay off: what is paid is what was asked for.
#[must_use]
pub fn session(
    buyer: &Buyer<'_>,
    lines: Vec<Line>,
    return_to: (&str, &str),
    expires_at: i64,
    extras: Extras,
) -> RequestBuilder {
    let line = |Line { name, amount }| {
        let price = CreateCheckoutSessionLineItemsPriceData {
            product_data: Some(ProductData::new(name)),
            unit_amount: Some(amount),
            // Never within the price, of which the credit is.
            tax_behavior: extras.tax.then_some(CreateCheckoutSessionLineItemsPriceDataTaxBehavior::Exclusive),
            ..CreateCheckoutSessionLineItemsPriceData::new(Currency::USD)
        };
        CreateCheckoutSessionLineItems {
            price_data: Some(price),
            quantity: Some(1),
            ..CreateCheckoutSessionLineItems::new()
        }
    };
    let of_intent = CreateCheckoutSessionPaymentIntentData {
        metadata: Some(buyer.metadata()),
        receipt_email: buyer.email.map(str::to_owned),
        setup_future_usage: buyer
            .saves_card
            .then_some(CreateCheckoutSessionPaymentIntentDataSetupFutureUsage::OffSession),
        ..CreateCheckoutSessionPaymentIntentData::new()
    };
    let mut request = CreateCheckoutSession::new();
    if extras.tax {
        request = with_tax(request);
    }
    if extras.invoice {
        request = request.invoice_creation(CreateCheckoutSessionInvoiceCreation::new(true));
    }
    request
        .mode(CheckoutSessionMode::Payment)
        .customer(buyer.customer)
        .client_reference_id(buyer.payment.to_string())
        .metadata(buyer.metadata())
        .line_items(lines.into_iter().map(line).collect::<Vec<_>>())
        .payment_intent_data(of_intent)
        .success_url(return_to.0)
        .cancel_url(return_to.1)
        .expires_at(expires_at)
        .build()
}

/// A payment intent, for a page of one's own with Stripe's Elements.
#[must_use]
pub fn intent(buyer: &Buyer<'_>, amount: i64, description: &str) -> RequestBuilder {
    let mut request = CreatePaymentIntent::new(amount, Currency::USD)
        .customer(buyer.customer)
        .metadata(buyer.metadata())
        .description(description)
        .automatic_payment_methods(CreatePaymentIntentAutomaticPaymentMethods::new(true));
    if let Some(email) = buyer.email {
        request = request.receipt_email(email);
    }
    if buyer.saves_card {
        request = request.setup_future_usage(PaymentIntentSetupFutureUsage::OffSession);
    }
    request.build()
}

/// A page of Stripe's at which a card is left for auto top-up of an account. Nothing is paid there.
#[must_use]
pub fn card_page(account: Uuid, deployment: Uuid, customer: &str, return_to: (&str, &str)) -> RequestBuilder {
    let metadata =
        [(AUTO_TOPUP, account), (DEPLOYMENT, deployment)].map(|(name, id)| (name.to_owned(), id.to_string()));
    CreateCheckoutSession::new()
        .mode(CheckoutSessionMode::Setup)
        .currency(Currency::USD)
        .customer(customer)
        .metadata(HashMap::from(metadata))
        .success_url(return_to.0)
        .cancel_url(return_to.1)
        .build()
}

/// A refund of an intent, in cents.
#[must_use]
pub fn refund(id: Uuid, intent: &str, amount: i64, reason: Option<&str>) -> RequestBuilder {
    let mut request = CreateRefund::new()
        .payment_intent(intent)
        .amount(amount)
        .metadata(HashMap::from([(REFUND.to_owned(), id.to_string())]));
    let reason = match reason {
        Some("duplicate") => Some(CreateRefundReason::Duplicate),
        Some("fraudulent") => Some(CreateRefundReason::Fraudulent),
        Some("requested_by_customer") => Some(CreateRefundReason::RequestedByCustomer),
        _ => None,
    };
    if let Some(reason) = reason {
        request = request.reason(reason);
    }
    request.build()
}

/// An object by its id: `checkout/sessions`, `payment_intents`, `disputes`. Ids are Stripe's own, and hold nothing that a path could
/// not.
#[must_use]
pub fn get(kind: &str, id: &str) -> RequestBuilder {
    RequestBuilder::new(StripeMethod::Get, format!("/{kind}/{}", plain(id)))
}

/// The same with an object in place of its id.
#[must_use]
pub fn get_with(kind: &str, id: &str, expand: &str) -> RequestBuilder {
    RequestBuilder { query: Some(format!("expand[0]={expand}")), ..get(kind, id) }
}

/// The payment intents of a customer since a time, newest first.
#[must_use]
pub fn intents_of(customer: &str, since: i64) -> RequestBuilder {
    let query = format!("customer={}&created[gte]={since}&limit=100", plain(customer));
    RequestBuilder { query: Some(query), ..RequestBuilder::new(StripeMethod::Get, "/payment_intents") }
}

/// The refunds of an intent.
#[must_use]
pub fn refunds_of(intent: &str) -> RequestBuilder {
    let query = format!("payment_intent={}&limit=100", plain(intent));
    RequestBuilder { query: Some(query), ..RequestBuilder::new(StripeMethod::Get, "/refunds") }
}

/// The events since a time, newest first, behind one of them; all, or those that no endpoint has taken.
#[must_use]
pub fn events(since: i64, undelivered: bool, after: Option<&str>) -> RequestBuilder {
    let mut query = format!("created[gte]={since}&limit=100");
    if undelivered {
        query.push_str("&delivery_success=false");
    }
    if let Some(after) = after {
        query.push_str(&format!("&starting_after={}", plain(after)));
    }
    RequestBuilder { query: Some(query), ..RequestBuilder::new(StripeMethod::Get, "/events") }
}

/// What can stand in a path or a query as it is.
#[must_use]
pub fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_' || *c == '-').collect()
}
