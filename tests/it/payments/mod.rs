//! Payments: credit exactly once, whatever Stripe says in whatever order, and back as much as comes back.
//!
//! - `facts`: events as the database is told of them. `orders`: every order of them comes to one result.

mod facts;
mod orders;
