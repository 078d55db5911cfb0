//! Plans that are bought: credit follows what was paid, limits follow the subscription, whatever comes in whatever order and however
//! late.
//!
//! - `shop`: buying at the stand-in, and time. `facts`: what Stripe says, as the database is told. `orders`: every order of it comes to one
//!   result. `buying`: from the request to the credit. `changes`: upgrades, downgrades, ends. `time`: renewals, dunning, years.
//! - `refunds`: what comes back. `doubt`: what is not believed. `at_once`: the same at the same time. `stand_in`: as
//!   strict as Stripe.

mod at_once;
mod buying;
mod changes;
mod doubt;
pub mod facts;
mod orders;
mod refunds;
pub mod shop;
mod stand_in;
mod time;
