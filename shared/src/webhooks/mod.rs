//! Customers' webhooks: the database holds what is to be told and to whom; this signs it and sends it, and goes nowhere but to the
//! public internet.
//!
//! - `target`: which addresses may be given. `address`: which of the internet's are public.
//! - `client`: one request, to an address that was looked at after it was resolved and before it is connected to.
//! - `secret`: secrets and signatures, as Standard Webhooks has them. `renew`: sealed anew under the keyring's newest key.
//! - `outbox`: from the claim to what became of it.

pub mod address;
mod client;
pub mod outbox;
pub mod renew;
pub mod secret;
pub mod target;
