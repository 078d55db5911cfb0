//! What an account sees of itself.

pub mod balance;
pub mod credit_transactions;
pub mod deletion;
pub mod profile;
