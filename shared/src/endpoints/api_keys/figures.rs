//! The figures in a key's settings, and its rate limits, which are nothing else.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::{Error, Result};
use crate::integer::Integer;
use crate::limits::every_limit;

/// The most that a count can be limited to: more than anyone will ever ask for.
pub const LARGEST_COUNT: i64 = 1_000_000_000_000;

/// Declares what has one member a limit.
macro_rules! members {
    ($($(#[doc = $what:literal])+ $name:ident: $of:expr,)+) => {
        /// Limits of a key below its account's; those that are absent are the account's.
        #[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        #[schema(examples(json!({"requests_per_minute": 60, "tokens_per_day": 1000000})))]
        pub struct RateLimits {
            $($(#[doc = $what])+
            #[schema(value_type = Option<i64>, minimum = 1, maximum = 1_000_000_000_000i64)]
            #[serde(skip_serializing_if = "Option::is_none")]
            $name: Option<Integer>,)+
        }

        impl RateLimits {
            /// Checks every figure; whether one is above the account's, the database knows.
            ///
            /// # Errors
            /// 400 that names the member.
            pub fn check(&self) -> Result<()> {
                let figures = [$((stringify!($name), self.$name)),+];
                figures.into_iter().try_for_each(|(name, figure)| within(name, figure, 1..=LARGEST_COUNT))
            }
        }
    };
}
every_limit!(members);

/// Checks that a figure, if it is there, is one of these.
pub fn within(param: &'static str, figure: Option<Integer>, range: RangeInclusive<i64>) -> Result<()> {
    if figure.is_none_or(|figure| range.contains(&figure.0)) {
        return Ok(());
    }
    Err(Error::invalid(param, format!("`{param}` is a number from {} to {}.", range.start(), range.end())))
}
