//! Prepaid credit as a call sees it: the hold before, the settle after. The arithmetic that charges is SQL's.

pub mod attempted;
pub mod hold;
pub mod hold_request;
pub mod outbox;
pub mod price;
pub mod remembered;
pub mod settle;
pub mod tokens;
pub mod turns;
pub mod units;
pub mod usage;
