//! The whole platform on one machine.

pub mod admin_command;
pub mod database;
mod loopback;
pub mod mailbox;
mod pages;
pub mod platform;
pub mod postgrest;
pub mod privy;
pub mod provider;
pub mod public_files;
pub mod secrets;
pub mod upstash;
