//! `/v1/messages/count_tokens`: how many tokens a prompt has, before anybody pays for it.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::messages::ConversationMessage;
use super::session::NoSession;
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::error::{Code, Error, Result};
use crate::formats::messages::count as count_prompt;
use crate::formats::openai::body;
use crate::limits::RateLimitStatus;
use crate::serve::Payload;

/// A prompt as Anthropic's API takes it: a message without what only concerns its answer.
#[derive(ToSchema)]
#[schema(examples(json!({"model": "anthropic/claude-sonnet-4.5", "messages": [{"role": "user", "content": "Hello!"}]})))]
pub struct CountTokensRequest {
    /// A model's id.
    #[schema(
        min_length = 1,
        max_length = 256,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]+$",
        example = "anthropic/claude-sonnet-4.5"
    )]
    pub model: String,
    /// The conversation.
    #[schema(min_items = 1)]
    pub messages: Vec<ConversationMessage>,
}

/// How many tokens a prompt has.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"input_tokens": 9, "estimated": true}))]
pub struct TokenCount {
    /// The tokens of the prompt.
    #[schema(value_type = i64)]
    input_tokens: u64,
    /// `true`: they are counted by the gateway's own tokenizer, and the model's may count a few percent otherwise.
    estimated: bool,
}

/// `POST /v1/messages/count_tokens`: free, and no call: nothing is held, charged or sent to a provider. As many counts a minute
/// as calls, counted apart from them.
///
/// # Errors
/// The refusals of key validation; 429; 400 that names what is no prompt.
#[utoipa::path(post, path = "/v1/messages/count_tokens", tag = "inference", request_body = CountTokensRequest,
    responses((status = 200, body = TokenCount), (status = 402, description = "`spend_limit_reached`"),
        (status = 429, description = "`rate_limit_exceeded`, `request_limit_reached`")))]
pub async fn count(State(app): State<SharedApp>, caller: Caller, _: NoSession, payload: Payload) -> Result<Response> {
    {
        let request = body::parse(&payload.0)?;
        body::model(&request, app.config.rows)?;
    }
    let status = admit(&app, &caller).await?;
    // Off the async threads: a prompt may be megabytes.
    let counted = tokio::task::spawn_blocking(move || count_prompt(&body::parse(&payload.0)?));
    let input_tokens = counted.await.map_err(|error| {
        tracing::error!(%error, "the tokens of a prompt cannot be counted");
        Error::new(Code::InternalError)
    })??;
    let mut answer = Json(TokenCount { input_tokens, estimated: true }).into_response();
    status.write(answer.headers_mut());
    Ok(answer)
}

/// What the SQL function `check_caller` answers.
#[derive(Deserialize)]
struct Checked {
    limits: String,
}

/// Asks at the same time whether the key is good and whether the minute has room: as many counts as calls, counted apart
/// from them.
async fn admit(app: &SharedApp, caller: &Caller) -> Result<RateLimitStatus> {
    let mut limited = app.limiter.request_apart("count_tokens:", caller.key_hash());
    let (checked, ()) =
        tokio::join!(caller.rpc::<Checked>(app, "check_caller", json!({ "scope": "inference" })), limited.first(),);
    // Of a key that is refused nothing is left to be given back.
    limited.confirm_apart(&checked?.limits).await
}
