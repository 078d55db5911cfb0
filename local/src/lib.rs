//! The whole platform on one machine.

pub mod database;
pub mod mailbox;
pub mod platform;
pub mod postgrest;
pub mod provider;
pub mod public_files;
pub mod secrets;
pub mod upstash;
