//! Payments: the database has a row first, then Stripe is asked, and whoever hears of the outcome first (the answer, the buyer's
//! return, an event, the cron job) finishes it by the same SQL functions.
//!
//! - `begin`: a Checkout session or a payment intent. `confirm`: asks Stripe how one stands. `refund`: asks for a refund.
//! - `subscriptions`: plans that are bought: begun, changed, ended, and what events say of them.
//! - `apply`: what an event is about, into the database. `reconcile`: what no event has told.

pub mod apply;
pub mod begin;
pub mod confirm;
pub mod reconcile;
pub mod refund;
pub mod subscriptions;
