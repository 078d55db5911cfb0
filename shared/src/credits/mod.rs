//! Prepaid credit as a call sees it: the hold before, the settle after. The arithmetic that charges is SQL's.

pub mod attempted;
pub mod hold;
pub mod hold_request;
mod hold_row;
pub mod outbox;
pub mod price;
pub mod remembered;
mod retries;
pub mod row;
pub mod settle;
mod settle_row;
pub mod tokens;
pub mod turns;
pub mod units;
pub mod usage;
