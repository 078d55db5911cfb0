//! Plans that are bought: credit follows what was paid, limits follow the subscription, whatever comes in whatever order and however
//! late.
//!
//! - `shop`: buying at the stand-in, and time. `facts`: what Stripe says, as the database is told. `orders`: every order of it comes to one
//!   result. `buying`: from the request to the credit. `changes`: upgrades, downgrades, ends. `time`: renewals, dunning, years.
//! - `refunds`: what comes back. `doubt`: what is not believed.

mod buying;
mod changes;
mod doubt;
pub mod facts;
mod orders;
mod refunds;
pub mod shop;
mod time;
