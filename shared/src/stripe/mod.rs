//! Stripe, as far as we use it: requests are worded by the builders of `async-stripe` and sent by our one HTTP client; what comes
//! back is read by ourselves, since a reader that wants every field of an object loses an event for one that it does not need.
//!
//! - `client`: sends. `requests`, `charge`: what is sent. `observe`: what Stripe says of a payment, in the database's words, from answers
//!   and from events alike. `seen`: those words. `fields`: reads needed members by their JSON path. `signature`: who sent an event.
//! - `billing`, `schedules`, `subscriptions`: the same of plans that are bought.

pub mod billing;
pub mod charge;
pub mod client;
mod fields;
pub mod observe;
pub mod requests;
pub mod schedules;
pub mod seen;
pub mod signature;
pub mod subscriptions;

pub use client::StripeError;
pub use fields::Absent;

/// The version of the API that requests name and that the webhook endpoint is made with.
pub const VERSION: &str = "2026-10-28.endive";

/// The events that the webhook endpoint is made for: all that means anything here. Not `invoice.created`: an endpoint that fails for it
/// holds back each invoice for days.
pub const EVENTS: &[&str] = &[
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
    "payment_intent.succeeded",
    "payment_intent.payment_failed",
    "payment_intent.processing",
    "payment_intent.canceled",
    "charge.succeeded",
    "charge.refunded",
    "refund.created",
    "refund.updated",
    "refund.failed",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "charge.dispute.closed",
    "radar.early_fraud_warning.created",
    "customer.subscription.created",
    "customer.subscription.updated",
    "customer.subscription.deleted",
    "customer.subscription.paused",
    "customer.subscription.resumed",
    "invoice.paid",
    "invoice.payment_failed",
    "invoice.payment_action_required",
    "invoice.upcoming",
    "invoice_payment.paid",
    "payment_method.automatically_updated",
    "payment_method.detached",
    "customer.deleted",
];
