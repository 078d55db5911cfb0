//! `/user/rate-limits`: the limits of every key.

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::limits::LimitsInForce;
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer::{self, Page};
use crate::endpoints::api_keys::{RateLimits, key_cursor};
use crate::endpoints::input::{Params, page_size};
use crate::error::Result;
use crate::key_environment::KeyEnvironment;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct RateLimitQuery {
    /// Keys a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// Where the page before ended.
    #[param(format = "uuid")]
    cursor: Option<String>,
}

/// The limits of a key.
#[derive(ToSchema)]
pub struct KeyLimits {
    /// `rate_limits`.
    pub object: String,
    /// The key's id.
    pub key_id: Uuid,
    /// What its owner calls it.
    pub name: String,
    /// What it is for: keys of other environments than `live` have half of the account's limits.
    pub environment: KeyEnvironment,
    /// Its own limits.
    pub rate_limits: RateLimits,
    /// What follows from its own limits, its environment and its account's limits.
    pub in_force: LimitsInForce,
}

/// `GET /user/rate-limits`: of every active key, the newest first.
///
/// # Errors
/// The refusals of key validation; 400 for a parameter that is not known or out of range.
#[utoipa::path(get, path = "/user/rate-limits", tag = "keys", params(RateLimitQuery),
    responses((status = 200, body = Page<KeyLimits>)))]
pub async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    Params(query): Params<RateLimitQuery>,
) -> Result<Response> {
    let query = json!({ "limit": page_size(query.limit, None, 100)?, "cursor": key_cursor(query.cursor.as_deref())? });
    let limits: Box<RawValue> = caller.rpc(&app, "list_rate_limits", json!({ "query": query })).await?;
    Ok(answer::private(&limits))
}
