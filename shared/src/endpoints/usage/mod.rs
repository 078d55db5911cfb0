//! What an account has used: totals, and requests one by one.

pub mod activity_log;
pub mod activity_stats;
pub mod api_keys;
pub mod environments;
pub mod export;
pub mod monitor;
pub mod report;
pub mod request;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::window::moment;
use crate::error::Result;
use crate::money::Nanos;

/// The window that totals are asked for. They are kept by the hour, so it is made of whole hours in UTC, and spans 366
/// days at most: the answer says which it was.
#[derive(Debug, Deserialize, IntoParams, Serialize)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// From the hour that holds this moment on, but not more than 366 days before `to`.
    from: Option<Timestamp>,
    /// Up to the end of the hour before this moment, or that holds it; now unless given.
    to: Option<Timestamp>,
}

impl Window {
    /// The window as the database takes it.
    ///
    /// # Errors
    /// 400 naming the moment that RFC 3339 does not have.
    pub fn read(self) -> Result<Self> {
        Ok(Self { from: moment("from", self.from)?, to: moment("to", self.to)? })
    }
}

/// What some requests came to, by when they ended.
#[derive(ToSchema)]
pub struct UsageSums {
    /// Requests that were sent to a provider.
    pub requests: i64,
    /// Those of them that a provider failed or cut off, or that ran out of time.
    pub failed: i64,
    /// Those of them that went with the caller's own key at the provider, and cost nothing here.
    pub own_key: i64,
    /// Tokens of prompts.
    pub prompt_tokens: i64,
    /// Those of them that a provider had cached.
    pub cached_tokens: i64,
    /// Tokens of answers.
    pub completion_tokens: i64,
    /// Those of them that were reasoning.
    pub reasoning_tokens: i64,
    /// Tokens of prompts and answers.
    pub tokens: i64,
    /// What they cost.
    pub cost: Nanos,
}

/// The usage of an environment.
#[derive(ToSchema)]
pub struct EnvironmentUsage {
    /// `live`, `test`, `staging` or `development`.
    pub environment: String,
    /// What its keys used.
    pub usage: UsageSums,
}

/// The usage of a model.
#[derive(ToSchema)]
pub struct ModelUsage {
    /// Its id.
    pub model: String,
    /// What it was used for.
    pub usage: UsageSums,
}
