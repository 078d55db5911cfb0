//! The whole platform on one machine.

pub mod admin_command;
pub mod database;
pub mod mailbox;
pub mod platform;
pub mod postgrest;
pub mod provider;
pub mod secrets;
pub mod upstash;
