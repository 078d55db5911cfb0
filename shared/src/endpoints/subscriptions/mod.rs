//! Plans that are bought: where one is paid, managed, changed and ended.

pub mod change;
pub mod checkout;
pub mod portal;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::payments::subscriptions::Months;

/// How long is paid for at once.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Interval {
    /// A month.
    #[default]
    Month,
    /// A year, whose credit comes month by month.
    Year,
}

impl Interval {
    const fn months(self) -> Months {
        match self {
            Self::Month => Months(1),
            Self::Year => Months(12),
        }
    }
}

/// A subscription.
#[derive(ToSchema)]
pub struct Subscription {
    /// `subscription`.
    pub object: String,
    /// Stripe's id of it.
    pub id: String,
    /// The plan.
    #[schema(required)]
    pub plan: Option<String>,
    /// How long is paid for at once.
    #[schema(required)]
    pub interval: Option<Interval>,
    /// `active`, `past_due` (an invoice is unpaid, and paid again soon), `canceled` or another word of Stripe's.
    pub status: String,
    /// When the period began.
    pub period_start: Timestamp,
    /// When it ends, and the next is paid.
    pub period_end: Timestamp,
    /// The plan that it becomes with the next period, where that is another.
    #[schema(required)]
    pub next_plan: Option<String>,
    /// How long is paid for at once then, where the plan or this is another.
    #[schema(required)]
    pub next_interval: Option<Interval>,
    /// When it will end for good.
    #[schema(required)]
    pub cancel_at: Option<Timestamp>,
    /// When it ended.
    #[schema(required)]
    pub ended_at: Option<Timestamp>,
    /// When it began.
    pub begun_at: Timestamp,
}
