//! The whole platform on one machine.

pub mod admin_command;
pub mod data_dir;
pub mod database;
mod loopback;
pub mod mailbox;
mod pages;
pub mod platform;
pub mod postgrest;
pub mod privy;
pub mod provider;
pub mod public_files;
pub mod schema;
pub mod secrets;
pub mod settle_command;
pub mod upstash;

/// Says loudly that a test proves nothing on this machine, and why.
#[cfg(test)]
fn skipped(what: &str) {
    use std::io::Write as _;
    // Not `eprintln`, which the harness keeps to itself where a test passes. If nobody listens, nobody is told.
    let _ = writeln!(std::io::stderr(), "SKIPPED {what}");
}
