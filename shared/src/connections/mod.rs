//! What the HTTP clients are, and what they do about their connections.
//!
//! - `clients`: what they are built of; `store`: the one of a store, which every call asks.
//! - `proxies`: the proxies of this deployment.
//! - `kept`: whether a request went over a kept connection, which its server may have closed meanwhile.
//! - `ahead`: connections that are opened before a request needs them.
//! - `tls`: whom they trust.

pub mod ahead;
pub mod clients;
pub mod kept;
mod proxies;
pub mod store;
pub mod tls;
