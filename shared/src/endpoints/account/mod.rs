//! What an account sees of itself.

pub mod balance;
pub mod credit_transactions;
pub mod deletion;
pub mod end_users;
pub mod key_audit_logs;
pub mod limits;
pub mod privacy;
pub mod profile;
pub mod provider_keys;
pub mod rate_limit;
pub mod rate_limits;
pub mod statement;
