//! `/v1/responses/{id}/cancel`: there is nothing to cancel.

use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::json;
use serde_json::value::RawValue;

use crate::app::SharedApp;
use crate::caller::Caller;
use crate::error::{Code, Error, Result};
use crate::formats::responses::id_of;

/// `POST /v1/responses/{id}/cancel`: refused, as OpenAI refuses it for a response that was not made in the background, which none is
/// here.
///
/// # Errors
/// The refusals of key validation; 400 `invalid_request`; 404 `response_not_found`.
#[utoipa::path(post, path = "/v1/responses/{id}/cancel", tag = "responses",
    params(("id" = String, Path, format = "response-id", pattern = "^resp_[0-9a-f]{32}$", description = "The response.")),
    responses((status = 400, description = "`invalid_request`: only a response that is made in the background can be cancelled"),
              (status = 404, description = "`response_not_found`")))]
pub async fn cancel(State(app): State<SharedApp>, caller: Caller, Path(id): Path<String>) -> Result<Response> {
    let _: Box<RawValue> = caller.rpc(&app, "check_response", json!({ "target": id_of(&id) })).await?;
    let message = "Cannot cancel a synchronous response: `background` is not offered here, so a response is over when it is there. \
                   To stop one that is streamed, close the connection.";
    Err(Error::new(Code::InvalidRequest).with_message(message))
}
