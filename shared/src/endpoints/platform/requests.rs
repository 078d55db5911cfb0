//! `/admin/requests`: finding requests among those of all accounts.

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
use crate::endpoints::usage::activity_log::{RequestOutcome, RequestStatus};
use crate::endpoints::window::{Cursor, CursorText, moment};
use crate::error::Result;
use crate::money::Nanos;

/// Which requests, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct RequestsQuery {
    /// The one with this call id, or those with this `x-request-id`, or whose answer has this id of its provider's. Ids that say when they were made (UUIDv7, as ours are) are
    /// found at any time; others within the last day, unless `from` says otherwise.
    #[param(pattern = r"^[^\u0000]*$")]
    id: Option<String>,
    /// Those that are over, or `running`: admitted and not settled, the newest first. Left out, they are over, or, with an `id`, both.
    #[param(inline)]
    status: Option<AskedStatus>,
    /// Those of this account.
    account_id: Option<Uuid>,
    /// Those of this key.
    key_id: Option<Uuid>,
    /// Those to this model.
    #[param(pattern = r"^[^\u0000]*$")]
    model: Option<String>,
    /// Those that this provider answered.
    #[param(pattern = r"^[^\u0000]*$")]
    provider: Option<String>,
    /// Those that ended so.
    #[param(inline)]
    outcome: Option<RequestOutcome>,
    /// Those that failed with this code.
    #[param(pattern = r"^[^\u0000]*$")]
    error_code: Option<String>,
    /// Those that ended at this moment or later; a day before `to` if left out.
    from: Option<Timestamp>,
    /// Those that ended before this moment; now if left out.
    to: Option<Timestamp>,
    /// Requests a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// Where the page before ended.
    #[param(inline, value_type = Option<CursorText>)]
    cursor: Option<String>,
}

/// Which of them.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AskedStatus {
    /// Those that are admitted and not settled.
    Running,
    /// Those that are settled.
    Finished,
}

/// A request, as an operator sees it.
#[derive(ToSchema)]
pub struct PlatformRequest {
    /// `request`.
    pub object: String,
    /// Whether it is over.
    pub status: RequestStatus,
    /// What names the call in the ledger.
    pub call_id: Uuid,
    /// The `x-request-id` of its answer.
    #[schema(required)]
    pub request_id: Option<String>,
    /// Whose it was.
    pub account_id: Uuid,
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
    /// What it used besides, as in the account's own log.
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
    /// What was reserved for it.
    pub held: Nanos,
    /// What it cost.
    pub cost: Nanos,
    /// What of that the provider gets by its prices; null: nobody knew the markup.
    #[schema(required)]
    pub provider_cost: Option<Nanos>,
    /// Until the provider's first byte, in ms.
    #[schema(required)]
    pub first_byte_ms: Option<i64>,
    /// Until its end, in ms.
    #[schema(required)]
    pub duration_ms: Option<i64>,
    /// The app that it said it came from.
    #[schema(required)]
    pub app: Option<String>,
    /// Whom it was made for, in the account's own word.
    #[schema(required)]
    pub user: Option<String>,
    /// What the account sorts it under.
    pub tags: Vec<String>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was settled, which is what the list is ordered by; null until then.
    #[schema(required)]
    pub finished_at: Option<Timestamp>,
    /// For how long it has run until now, in ms; null once it is settled.
    #[schema(required)]
    pub age_ms: Option<i64>,
}

/// `GET /admin/requests`: a page looks through some thousand requests at most, so one with filters may hold less than its limit
/// and still have a page after it. Go by `has_more`.
///
/// # Errors
/// The refusals of key validation; 400 for a parameter that is not known or out of range.
#[utoipa::path(get, path = "/admin/requests", tag = "admin", params(RequestsQuery),
    responses((status = 200, body = Page<PlatformRequest>)))]
pub async fn list(
    State(app): State<SharedApp>,
    caller: Caller,
    Params(query): Params<RequestsQuery>,
) -> Result<Response> {
    let query = json!({
        "id": query.id,
        "status": query.status,
        "account_id": query.account_id,
        "key_id": query.key_id,
        "model": query.model,
        "provider": query.provider,
        "outcome": query.outcome,
        "error_code": query.error_code,
        "from": moment("from", query.from)?,
        "to": moment("to", query.to)?,
        "limit": page_size(query.limit, None, 100)?,
        "cursor": Cursor::read(query.cursor.as_deref())?,
    });
    let requests: Box<RawValue> = caller.rpc(&app, "list_platform_requests", json!({ "query": query })).await?;
    Ok(answer::private(&requests))
}
