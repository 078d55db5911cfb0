//! Money is exact.

mod overdraft;
mod twice;
