//! The figures in a key's settings, and its rate limits, which are nothing else.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::{Error, Result};
use crate::whole::Whole;

/// The most that a count can be limited to: more than anyone will ever ask for.
pub const LARGEST_COUNT: i64 = 1_000_000_000_000;

/// Limits of a key below its account's; those that are absent are the account's.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"requests_per_minute": 60, "tokens_per_day": 1000000})))]
pub struct RateLimits {
    /// Requests within a minute.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 1_000_000_000_000i64)]
    #[serde(skip_serializing_if = "Option::is_none")]
    requests_per_minute: Option<Whole>,
    /// Requests within ten seconds.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 1_000_000_000_000i64)]
    #[serde(skip_serializing_if = "Option::is_none")]
    burst: Option<Whole>,
    /// Requests within an hour.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 1_000_000_000_000i64)]
    #[serde(skip_serializing_if = "Option::is_none")]
    requests_per_hour: Option<Whole>,
    /// Requests within a day.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 1_000_000_000_000i64)]
    #[serde(skip_serializing_if = "Option::is_none")]
    requests_per_day: Option<Whole>,
    /// Tokens within a minute.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 1_000_000_000_000i64)]
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens_per_minute: Option<Whole>,
    /// Tokens within a day.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 1_000_000_000_000i64)]
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens_per_day: Option<Whole>,
    /// Requests at a time.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 1_000_000_000_000i64)]
    #[serde(skip_serializing_if = "Option::is_none")]
    concurrency: Option<Whole>,
}

impl RateLimits {
    /// Checks every figure; whether one is above the account's, the database knows.
    ///
    /// # Errors
    /// 400 that names the member.
    pub fn check(&self) -> Result<()> {
        let figures = [
            ("requests_per_minute", self.requests_per_minute),
            ("burst", self.burst),
            ("requests_per_hour", self.requests_per_hour),
            ("requests_per_day", self.requests_per_day),
            ("tokens_per_minute", self.tokens_per_minute),
            ("tokens_per_day", self.tokens_per_day),
            ("concurrency", self.concurrency),
        ];
        figures.into_iter().try_for_each(|(name, figure)| within(name, figure, 1..=LARGEST_COUNT))
    }
}

/// Checks that a figure, if it is there, is one of these.
pub fn within(param: &'static str, figure: Option<Whole>, range: RangeInclusive<i64>) -> Result<()> {
    if figure.is_none_or(|figure| range.contains(&figure.0)) {
        return Ok(());
    }
    Err(Error::invalid(param, format!("`{param}` is a number from {} to {}.", range.start(), range.end())))
}
