//! `/user/activity/log/{request}`: one request with all that is known of it.

use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::activity_log::LoggedRequest;
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::error::Result;
use crate::generation_id;
use crate::money::Nanos;

/// A request with the providers that were asked, and what each part of it cost.
#[derive(ToSchema)]
pub struct RequestDetail<T: ToSchema> {
    /// `request_detail`.
    pub object: String,
    /// The request.
    pub request: T,
    /// The providers that were asked, in this order: several, where one after the other has failed.
    pub attempts: Vec<RequestAttempt>,
    /// What each part of it cost. Together they are its cost, to the nano-dollar.
    pub costs: Vec<RequestCost>,
    /// What of its time was the gateway's own, in ms: the database, the limits and the work on the answer. Null where nobody knows.
    #[schema(required)]
    pub overhead_ms: Option<i64>,
    /// The provider's id of the answer.
    #[schema(required)]
    pub answer_id: Option<String>,
    /// Why its first choice ended, in the provider's word.
    #[schema(required)]
    pub finish_reason: Option<String>,
}

/// A provider that was asked once. Times are in ms, those of day since the request's beginning.
#[derive(ToSchema)]
pub struct RequestAttempt {
    /// Who.
    pub provider: String,
    /// For which model: another than the request's, where that was asked in the place of one before.
    pub model: String,
    /// When it was asked.
    pub started_ms: i64,
    /// How long it took, to the end of its answer or to its failure.
    pub duration_ms: i64,
    /// When its first byte came.
    #[schema(required)]
    pub first_byte_ms: Option<i64>,
    /// Its HTTP status. An answer that turned out to be an error has that of a success.
    #[schema(required)]
    pub status: Option<i64>,
    /// What it failed with; null if it did not.
    #[schema(required)]
    pub error_code: Option<String>,
}

/// A part of what a request cost.
#[derive(ToSchema)]
pub struct RequestCost {
    /// `input`, `cached`, `written`, `written_long`, `image_input`, `audio_input` (tokens of the prompt), `output`, `reasoning`,
    /// `image_output`, `audio_output` (tokens of the answer), `request`, `images`, `searches`, `milliseconds`, `characters`. Or
    /// `reserved`: nobody knows what was used, so that what was reserved was charged; or `limited`: what an estimate would have cost
    /// beyond that, which is not charged.
    pub kind: String,
    /// How many tokens or units.
    pub quantity: i64,
    /// What they cost.
    pub cost: Nanos,
}

/// What asks for the request that is called so: a call's id as this gateway writes it anywhere, a request's, or that of an answer.
#[must_use]
pub fn asked(id: &str) -> Value {
    json!({ "call_id": Uuid::try_parse(id).ok().or_else(|| generation_id::read(id)), "id": id })
}

/// `GET /user/activity/log/{request}`: a request of the account, from its admission on: while it runs, its `status` says so. By other ids than those
/// of calls its newest few thousand requests are found; the id of its answer is known once it is settled.
///
/// # Errors
/// The refusals of key validation; 404 `request_not_found`.
#[utoipa::path(get, path = "/user/activity/log/{request}", tag = "usage",
    params(("request" = String, Path, description = "Its `call_id`, the `x-generation-id` or the `x-request-id` of its answer, or the `id` in it.")),
    responses((status = 200, body = RequestDetail<LoggedRequest>), (status = 404, description = "`request_not_found`")))]
pub async fn show(State(app): State<SharedApp>, caller: Caller, Path(id): Path<String>) -> Result<Response> {
    let request: Box<RawValue> = caller.rpc(&app, "get_request", json!({ "asked": asked(&id) })).await?;
    Ok(answer::private(&request))
}
