//! What an account sees of itself.

pub mod balance;
pub mod credit_transactions;
pub mod key_audit_logs;
pub mod provider_keys;
