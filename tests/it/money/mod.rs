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
mod queued;
mod released;
mod rows;
mod sweep;
mod twice;
mod usual;
mod usual_settle;
