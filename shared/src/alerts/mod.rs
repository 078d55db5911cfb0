//! What the operator is woken up for: found by a cron job, kept once a day and cause, told by mail and by a webhook.
//!
//! - `causes`: each cause in words, with what to do. `look`: what is wrong. `tell`: the operator's mail and webhook.

pub mod causes;
pub mod look;
mod tell;
