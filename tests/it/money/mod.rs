//! Money is exact.

mod bound;
mod exact;
mod overdraft;
mod twice;
