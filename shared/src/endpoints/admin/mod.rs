//! What administrators do.

pub mod add_credits;
pub mod create;
pub mod ledger_check;
