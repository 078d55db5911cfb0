//! Stripe, as far as we use it: requests are worded by the builders of `async-stripe` and sent by our one HTTP client; what comes
//! back is read by ourselves, since a reader that wants every field of an object loses an event for one that it does not need.
//!
//! - `client`: sends. `requests`: what is sent. `observe`: what Stripe says of a payment, in the database's words, from answers
//!   and from events alike. `fields`: reads needed members by their JSON path. `signature`: who sent an event.
//! - `billing`, `subscriptions`: the same of plans that are bought.

pub mod billing;
pub mod client;
mod fields;
pub mod observe;
pub mod requests;
pub mod signature;
pub mod subscriptions;

pub use client::StripeError;
pub use fields::Absent;

/// The version of the API that requests name and that the webhook endpoint is made with.
pub const VERSION: &str = "2026-10-28.endive";
