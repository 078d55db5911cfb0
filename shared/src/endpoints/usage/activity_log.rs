//! `/user/activity/log`: requests one by one, newest first.

use std::collections::HashMap;

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer::{self, Page};
use crate::endpoints::input::{Params, page_size};
use crate::endpoints::window::{Cursor, CursorText, moment};
use crate::error::Result;
use crate::formats::labels::end_user;
use crate::money::Nanos;

/// Which requests, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ActivityQuery {
    /// Those to this model.
    #[param(pattern = r"^[^\u0000]*$")]
    model: Option<String>,
    /// Those that this provider answered.
    #[param(pattern = r"^[^\u0000]*$")]
    provider: Option<String>,
    /// Those of this key.
    key_id: Option<Uuid>,
    /// Those for this end user, as the calls named it.
    user: Option<String>,
    /// Those that ended so.
    #[param(inline)]
    outcome: Option<RequestOutcome>,
    /// Those that ended at this moment or later.
    from: Option<Timestamp>,
    /// Those that ended before this moment.
    to: Option<Timestamp>,
    /// Requests a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// Where the page before ended.
    #[param(inline, value_type = Option<CursorText>)]
    cursor: Option<String>,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RequestOutcome {
    /// With its whole answer.
    Completed,
    /// Without an answer.
    Failed,
    /// The provider cut the answer off.
    Cut,
    /// The client did not wait for its end.
    ClientLeft,
    /// It ran out of time.
    Deadline,
}

/// Whether a request is over.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RequestStatus {
    /// It was admitted and is not settled. What it has used and cost is known, and 0 until then, when it is.
    Running,
    /// The same, and its time is over, so that what was reserved for it is free again. If its settlement still comes, it counts.
    Swept,
    /// It is settled.
    Finished,
}

/// A request that was sent to a provider.
#[derive(ToSchema)]
pub struct LoggedRequest {
    /// `request`.
    pub object: String,
    /// Whether it is over. In lists all are.
    pub status: RequestStatus,
    /// What names the call in the ledger.
    pub call_id: Uuid,
    /// The `x-request-id` of its answer.
    #[schema(required)]
    pub request_id: Option<String>,
    /// The key that it came with.
    pub key_id: Uuid,
    /// The model.
    pub model: String,
    /// The provider that answered last.
    #[schema(required)]
    pub provider: Option<String>,
    /// How it ended; null until then.
    #[schema(required)]
    pub outcome: Option<RequestOutcome>,
    /// What it was answered with if it failed.
    #[schema(required)]
    pub error_code: Option<String>,
    /// Whether the answer was streamed; null before it was.
    #[schema(required)]
    pub stream: Option<bool>,
    /// Tokens of the prompt.
    pub prompt_tokens: i64,
    /// Those of them that the provider had cached.
    pub cached_tokens: i64,
    /// Those of them that it wrote into its cache.
    pub written_tokens: i64,
    /// Tokens of the answer.
    pub completion_tokens: i64,
    /// Those of them that were reasoning.
    pub reasoning_tokens: i64,
    /// What it used besides: `written_long`, `image_input`, `audio_input` (tokens of the prompt), `image_output`, `audio_output`
    /// (tokens of the answer), `images`, `searches`, `milliseconds`, `characters`. What is not there is 0.
    pub units: HashMap<String, i64>,
    /// Whether the tokens were counted here, since the provider did not say.
    pub estimated: bool,
    /// Whether the provider reported more tokens than the model has: so many as it has were charged.
    pub clamped: bool,
    /// Whether it went with the caller's own key at the provider.
    pub own_key: bool,
    /// The earlier call whose cached answer was given again: then this one was sent to no provider.
    #[schema(required)]
    pub replayed_call: Option<Uuid>,
    /// What is reserved for it, while it is not settled.
    pub held: Option<Nanos>,
    /// What it cost.
    pub cost: Nanos,
    /// Until the provider's first byte, in ms.
    #[schema(required)]
    pub first_byte_ms: Option<i64>,
    /// Until its end, in ms.
    #[schema(required)]
    pub duration_ms: Option<i64>,
    /// The app that it said it came from.
    #[schema(required)]
    pub app: Option<String>,
    /// Whom it was made for, as it said: `user`, `safety_identifier` or `metadata.user_id`.
    #[schema(required)]
    pub user: Option<String>,
    /// What it is sorted under: `x-gateway-tag` and `metadata.tags`.
    pub tags: Vec<String>,
    /// What it said of itself besides, in `metadata`.
    #[schema(required, value_type = Option<Object>)]
    pub metadata: Option<serde_json::Value>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was settled, which is what the list is ordered by; null until then.
    #[schema(required)]
    pub finished_at: Option<Timestamp>,
    /// For how long it has run until now, in ms; null once it is settled.
    #[schema(required)]
    pub age_ms: Option<i64>,
}

/// `GET /user/activity/log`: a page looks through a few thousand requests at most, so one with filters may hold less than
/// its limit and still have a page after it. Go by `has_more`.
///
/// # Errors
/// The refusals of key validation; 400 for a parameter that is not known or out of range.
#[utoipa::path(get, path = "/user/activity/log", tag = "usage", params(ActivityQuery),
    responses((status = 200, body = Page<LoggedRequest>)))]
pub async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    Params(query): Params<ActivityQuery>,
) -> Result<Response> {
    let query = json!({
        "model": query.model,
        "provider": query.provider,
        "key_id": query.key_id,
        "user": query.user.as_deref().and_then(end_user),
        "outcome": query.outcome,
        "from": moment("from", query.from)?,
        "to": moment("to", query.to)?,
        "limit": page_size(query.limit, None, 100)?,
        "cursor": Cursor::read(query.cursor.as_deref())?,
    });
    let requests: Box<RawValue> = caller.rpc(&app, "list_activity", json!({ "query": query })).await?;
    Ok(answer::private(&requests))
}
