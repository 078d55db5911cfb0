//! Payments: the database has a row first, then Stripe is asked, and whoever hears of the outcome first (the answer, the buyer's
//! return, an event, the cron job) finishes it by the same SQL functions.
//!
//! - `begin`: a Checkout session or a payment intent. `confirm`: asks Stripe how one stands. `refund`: asks for a refund.
//! - `auto_topup`: charges a card that was left for it; `open_topups`: what became of that; `card`: leaves one.
//! - `tasks`: what Stripe is to be told since something has happened here.
//! - `subscriptions`: plans that are bought: begun, changed, ended, and what events say of them.
//! - `asked`: what is answered about one thing.
//! - `apply`: what an event is about, into the database. `reconcile`: what no event has told; `links`: by which intents invoices were paid.

pub mod apply;
mod asked;
pub mod auto_topup;
pub mod begin;
pub mod card;
pub mod confirm;
mod links;
mod open_topups;
pub mod reconcile;
pub mod refund;
pub mod subscriptions;
pub mod tasks;
