//! `/admin/requests/{request}`: one request of any account, with all that is known of it.

use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::json;
use serde_json::value::RawValue;

use super::requests::PlatformRequest;
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::endpoints::usage::request::{RequestDetail, asked};
use crate::error::Result;

/// `GET /admin/requests/{request}`: from its admission on; while it runs, its `status` says so. Ids that say when they were made (UUIDv7, as ours are) are found at any time, others within the last day.
///
/// # Errors
/// The refusals of key validation; 404 `request_not_found`.
#[utoipa::path(get, path = "/admin/requests/{request}", tag = "admin",
    params(("request" = String, Path, description = "Its `call_id`, the `x-generation-id` or the `x-request-id` of its answer, or the provider's id of that.")),
    responses((status = 200, body = RequestDetail<PlatformRequest>), (status = 404, description = "`request_not_found`")))]
pub async fn show(State(app): State<SharedApp>, caller: Caller, Path(id): Path<String>) -> Result<Response> {
    let request: Box<RawValue> = caller.rpc(&app, "get_platform_request", json!({ "asked": asked(&id) })).await?;
    Ok(answer::private(&request))
}
