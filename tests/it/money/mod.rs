//! Money is exact.

mod bound;
mod crash;
mod exact;
mod one_account;
mod overdraft;
mod twice;
