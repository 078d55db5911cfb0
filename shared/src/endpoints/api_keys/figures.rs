//! The figures in a key's settings, and its rate limits, which are nothing else.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::{Error, Result};

/// The most that a count can be limited to: more than anyone will ever ask for.
pub const LARGEST_COUNT: i64 = 1_000_000_000_000;

/// Limits of a key below its account's; those that are absent are the account's.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RateLimits {
    /// Requests within a minute.
    #[schema(minimum = 1, maximum = 1_000_000_000_000i64)]
    #[serde(skip_serializing_if = "Option::is_none")]
    requests_per_minute: Option<i64>,
    /// Requests within ten seconds.
    #[schema(minimum = 1, maximum = 1_000_000_000_000i64)]
    #[serde(skip_serializing_if = "Option::is_none")]
    burst: Option<i64>,
    /// Requests within an hour.
    #[schema(minimum = 1, maximum = 1_000_000_000_000i64)]
    #[serde(skip_serializing_if = "Option::is_none")]
    requests_per_hour: Option<i64>,
    /// Requests within a day.
    #[schema(minimum = 1, maximum = 1_000_000_000_000i64)]
    #[serde(skip_serializing_if = "Option::is_none")]
    requests_per_day: Option<i64>,
    /// Tokens within a minute.
    #[schema(minimum = 1, maximum = 1_000_000_000_000i64)]
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens_per_minute: Option<i64>,
    /// Tokens within a day.
    #[schema(minimum = 1, maximum = 1_000_000_000_000i64)]
    #[serde(skip_serializing_if = "Option::is_none")]
    tokens_per_day: Option<i64>,
    /// Requests at a time.
    #[schema(minimum = 1, maximum = 1_000_000_000_000i64)]
    #[serde(skip_serializing_if = "Option::is_none")]
    concurrency: Option<i64>,
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
pub fn within<T: PartialOrd + std::fmt::Display>(
    param: &'static str,
    figure: Option<T>,
    range: RangeInclusive<T>,
) -> Result<()> {
    if figure.is_none_or(|figure| range.contains(&figure)) {
        return Ok(());
    }
    Err(Error::invalid(param, format!("`{param}` is a number from {} to {}.", range.start(), range.end())))
}
