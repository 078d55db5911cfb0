//! `/v1/messages/count_tokens`: how many tokens a prompt has, before anybody pays for it.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::messages::ConversationMessage;
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::error::{Code, Error, Result};
use crate::formats::messages::count as count_prompt;
use crate::formats::openai::body;
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
pub struct TokenCount {
    /// The tokens of the prompt.
    #[schema(value_type = i64)]
    input_tokens: u64,
    /// `true`: they are counted by the gateway's own tokenizer, and the model's may count a few percent otherwise.
    estimated: bool,
}

/// `POST /v1/messages/count_tokens`: free, and no call: nothing is held, charged or sent to a provider.
///
/// # Errors
/// The refusals of key validation; 400 that names what is no prompt.
#[utoipa::path(post, path = "/v1/messages/count_tokens", tag = "inference", request_body = CountTokensRequest,
    responses((status = 200, body = TokenCount), (status = 402, description = "`spend_limit_reached`"),
        (status = 429, description = "`request_limit_reached`")))]
pub async fn count(State(app): State<SharedApp>, caller: Caller, payload: Payload) -> Result<Response> {
    {
        let request = body::parse(&payload.0)?;
        body::model(&request)?;
    }
    let _: Value = caller.rpc(&app, "check_caller", json!({ "scope": "inference" })).await?;
    // Off the async threads: a prompt may be megabytes.
    let counted = tokio::task::spawn_blocking(move || count_prompt(&body::parse(&payload.0)?));
    let input_tokens = counted.await.map_err(|error| {
        tracing::error!(%error, "the tokens of a prompt cannot be counted");
        Error::new(Code::InternalError)
    })??;
    Ok(Json(TokenCount { input_tokens, estimated: true }).into_response())
}
