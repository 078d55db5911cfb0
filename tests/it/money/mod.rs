//! Money is exact.

mod bound;
mod caches;
mod crash;
mod debt;
mod exact;
mod idempotent;
mod one_account;
mod overdraft;
mod prices;
mod released;
mod sweep;
mod twice;
mod usual;
