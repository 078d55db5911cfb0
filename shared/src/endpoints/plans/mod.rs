//! Plans: what there are, and what an account has of its own.

pub mod all;
pub mod own;

use utoipa::ToSchema;

use crate::money::Nanos;

/// A plan.
#[derive(ToSchema)]
pub struct Plan {
    /// `plan`.
    pub object: String,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// `usd`.
    pub currency: String,
    /// What a month costs; 0 for a plan that is not sold by itself.
    #[schema(required)]
    pub price_per_month: Option<Nanos>,
    /// What a year costs, paid at once; null for a plan that is not sold by the year.
    #[schema(required)]
    pub price_per_year: Option<Nanos>,
    /// The credit that comes with each month, and lapses with it.
    pub credits_per_month: Nanos,
    /// What it allows.
    pub limits: PlanLimits,
}

/// What an account may do, over all of its keys.
#[derive(ToSchema)]
pub struct PlanLimits {
    /// Requests in any 60 seconds.
    pub requests_per_minute: i64,
    /// Requests in any 10 seconds.
    pub burst: i64,
    /// Requests in any hour.
    pub requests_per_hour: i64,
    /// Requests in any 24 hours.
    pub requests_per_day: i64,
    /// Requests in a month, in UTC.
    pub requests_per_month: i64,
    /// Tokens in any 60 seconds.
    pub tokens_per_minute: i64,
    /// Tokens in any 24 hours.
    pub tokens_per_day: i64,
    /// Tokens in a month, in UTC.
    pub tokens_per_month: i64,
    /// Requests at the same time.
    pub concurrency: i64,
}
