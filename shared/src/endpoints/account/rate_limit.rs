//! `/user/rate-limits/{key_id}`: lowers a key's limits.

use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::json;
use serde_json::value::RawValue;

use super::rate_limits::KeyLimits;
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::endpoints::api_keys::RateLimits;
use crate::endpoints::input::{Input, named_id};
use crate::error::Result;

/// `PUT /user/rate-limits/{key_id}`: replaces the key's own limits from the next request on; `{}` clears them.
///
/// # Errors
/// The refusals of key validation; 400 for a limit above the account's; 404 `api_key_not_found`; 409
/// `api_key_inactive`.
#[utoipa::path(put, path = "/user/rate-limits/{key_id}", tag = "keys", request_body = RateLimits,
    params(("key_id" = Uuid, Path, description = "The key's id.")),
    responses(
        (status = 200, body = KeyLimits),
        (status = 404, description = "`api_key_not_found`"),
        (status = 409, description = "`api_key_inactive`")))]
pub async fn replace(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(path): Path<String>,
    input: Input<RateLimits>,
) -> Result<Response> {
    input.body.check()?;
    let arguments = json!({ "target": named_id(&path), "rate_limits": input.body });
    let limits: Box<RawValue> = caller.rpc(&app, "set_rate_limits", arguments).await?;
    Ok(answer::private(&limits))
}
