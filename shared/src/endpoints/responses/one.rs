//! `/v1/responses/{id}`: a stored response, and its end.

use axum::extract::{Path, State};
use axum::response::Response as HttpResponse;
use http::Uri;
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};
use utoipa::ToSchema;

use super::query::ResponseQuery;
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::endpoints::inference::responses::Response;
use crate::error::Result;
use crate::formats::responses::id_of;
use crate::formats::responses::stored::shown;
use crate::stored::opened::{self, Stored, unreadable};

/// That a response is gone.
#[derive(ToSchema)]
pub struct DeletedResponse {
    /// Its id.
    pub id: String,
    /// `response`.
    pub object: String,
    /// True.
    pub deleted: bool,
}

/// `GET /v1/responses/{id}`: a stored response, as it was given. One that was cut off has what had come of it.
///
/// # Errors
/// The refusals of key validation; 400 for `stream`; 404 `response_not_found`.
#[utoipa::path(get, path = "/v1/responses/{id}", tag = "responses",
    params(("id" = String, Path, format = "response-id", pattern = "^resp_[0-9a-f]{32}$", description = "The response."), ResponseQuery),
    responses((status = 200, body = Response), (status = 404, description = "`response_not_found`")))]
pub async fn show(
    State(app): State<SharedApp>,
    caller: Caller,
    Path(id): Path<String>,
    uri: Uri,
) -> Result<HttpResponse> {
    let query = ResponseQuery::read(&uri)?;
    let stored: Stored = caller.rpc(&app, "get_response", json!({ "target": id_of(&id) })).await?;
    let (said, response) = (opened::said(&app, &stored.input, &stored.output)?, opened::shown(&app, &stored.shown)?);
    let include = query.include.unwrap_or_default();
    Ok(answer::private(&shown(&response, &said, &include).map_err(|error| unreadable(&error))?))
}

/// `DELETE /v1/responses/{id}`: deletes a stored response, at once and for good. Responses that went on from it stay, but nothing goes
/// on from them any more.
///
/// # Errors
/// The refusals of key validation; 404 `response_not_found`.
#[utoipa::path(delete, path = "/v1/responses/{id}", tag = "responses",
    params(("id" = String, Path, format = "response-id", pattern = "^resp_[0-9a-f]{32}$", description = "The response.")),
    responses((status = 200, body = DeletedResponse), (status = 404, description = "`response_not_found`")))]
pub async fn delete(State(app): State<SharedApp>, caller: Caller, Path(id): Path<String>) -> Result<HttpResponse> {
    let _: Box<RawValue> = caller.rpc(&app, "delete_response", json!({ "target": id_of(&id) })).await?;
    let gone = to_raw_value(&json!({ "id": id, "object": "response", "deleted": true }));
    Ok(answer::private(&gone.map_err(|error| unreadable(&error))?))
}
