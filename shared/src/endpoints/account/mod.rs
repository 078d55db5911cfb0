//! What an account sees of itself.

pub mod balance;
pub mod credit_transactions;
pub mod limits;
pub mod rate_limit;
pub mod rate_limits;
