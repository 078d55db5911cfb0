//! What an account sees of its money.

mod balance;
mod cost;
mod statement;
mod transactions;
