//! The whole platform on one machine.

pub mod admin_command;
pub mod data_dir;
pub mod database;
pub mod environment;
mod loopback;
pub mod mailbox;
mod overview;
mod pages;
pub mod platform;
pub mod postgrest;
pub mod privy;
pub mod provider;
pub mod public_files;
pub mod schema;
pub mod secrets;
pub mod settle_command;
pub mod stand_in_routes;
pub mod stripe;
pub mod stripe_command;
pub mod upstash;

// The one that the integration tests have; they depend on this crate, so it cannot depend on theirs.
#[cfg(test)]
#[path = "../../tests/src/skips.rs"]
mod skips;
#[cfg(test)]
use skips::skipped;
