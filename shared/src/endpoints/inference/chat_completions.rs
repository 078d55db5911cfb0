//! `/v1/chat/completions`: OpenAI chat, streamed or not, every field passed on.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use utoipa::ToSchema;

use super::app_name::app_name;
use super::{IdempotentCall, StreamEvent};
use crate::app::SharedApp;
use crate::call;
use crate::caller::Caller;
use crate::error::Result;
use crate::formats::chat::ChatRequest;
use crate::formats::messages::AlsoOverMessages;
use crate::serve::{Invocation, Payload};

/// A chat completion as OpenAI's API takes it. What is not named here is passed on to the provider.
#[derive(ToSchema)]
#[schema(examples(json!({"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": "Hello!"}]})))]
pub struct ChatCompletionRequest {
    /// A model's id, or `provider:id`.
    #[schema(min_length = 1, max_length = 256, pattern = r"^[^\x00-\x1f\x7f-\x9f]+$", example = "openai/gpt-4o-mini")]
    pub model: String,
    /// The conversation.
    #[schema(min_items = 1)]
    pub messages: Vec<ChatMessage>,
    /// Whether the answer comes as server-sent events.
    pub stream: Option<bool>,
    /// The most tokens of an answer.
    #[schema(minimum = 1, maximum = 10_000_000)]
    pub max_completion_tokens: Option<i64>,
    /// The older name of `max_completion_tokens`.
    #[schema(minimum = 1, maximum = 10_000_000)]
    pub max_tokens: Option<i64>,
    /// How many answers.
    #[schema(minimum = 1, maximum = 128)]
    pub n: Option<i64>,
}

/// A message of the conversation, as OpenAI's API takes it.
#[derive(ToSchema)]
pub struct ChatMessage {
    /// `system`, `developer`, `user`, `assistant` or `tool`.
    #[schema(pattern = "^(system|developer|user|assistant|tool)$")]
    pub role: String,
    /// What was said.
    pub content: String,
}

/// A chat completion as OpenAI's API gives it, with `usage.cost` and `gateway` added.
#[derive(ToSchema)]
pub struct ChatCompletion {
    /// The provider's id of the answer.
    pub id: String,
    /// `chat.completion`.
    pub object: String,
    /// Unix time.
    pub created: i64,
    /// The model's id in the catalog.
    pub model: String,
    /// Who served it; in events, too.
    pub provider: String,
    /// The answers. Where the balance, and not `max_completion_tokens` or the model, set the output limit and an answer ended
    /// at it, `limited_by: "credit"` stands beside its `finish_reason: "length"`: add credits, and it goes further. The
    /// header `x-gateway-output-limit: 4096;by=credit` tells that limit beforehand, plain and streamed.
    #[schema(value_type = Vec<Object>)]
    pub choices: Vec<serde_json::Value>,
    /// Tokens, and `cost` in US dollars: exactly what the balance loses.
    #[schema(value_type = Object)]
    pub usage: serde_json::Value,
    /// The provider that served it, its own name of the model (`upstream_model`), and the request's id.
    #[schema(value_type = Object)]
    pub gateway: serde_json::Value,
}

/// `POST /v1/chat/completions`
///
/// # Errors
/// Every refusal of key, limits and credit, and every failure before the first byte.
#[utoipa::path(post, path = "/v1/chat/completions", tag = "inference", params(IdempotentCall), request_body = ChatCompletionRequest,
    responses(
        (status = 200, description = "The answer; with `stream`, chunks of it.",
         content((ChatCompletion = "application/json"), (StreamEvent = "text/event-stream"))),
        (status = 400, description = "`invalid_request`, `invalid_json`, `missing_model`, `unsupported_model`, `unsupported_modality`, \
            `context_length_exceeded`; `upstream_rejected` and `context_length_exceeded` in the provider's own words"),
        (status = 402, description = "`insufficient_credits`, `credits_in_flight`, `spend_limit_reached`, `account_in_debt`"),
        (status = 404, description = "`model_not_found`"),
        (status = 409, description = "`call_finished`, `idempotency_conflict`, `idempotency_in_progress`"),
        (status = 422, description = "`upstream_rejected`"),
        (status = 429, description = "`rate_limit_exceeded`, `concurrency_exceeded`, `request_limit_reached`, \
            `quota_exceeded`, `trial_requests_used`, `upstream_rate_limited`"),
        (status = 502, description = "`upstream_error`"),
        (status = 503, description = "`service_unavailable`, `not_configured`, `no_provider`, `model_not_priced`, `upstream_unavailable`"),
        (status = 504, description = "`upstream_timeout`, `deadline_exceeded`")))]
pub async fn create(
    State(app): State<SharedApp>,
    invocation: Invocation,
    caller: Caller,
    headers: HeaderMap,
    payload: Payload,
) -> Result<Response> {
    let request = AlsoOverMessages(ChatRequest::parse(payload.0)?);
    call::run(app, &invocation, caller, Arc::new(request), app_name(&headers)).await
}
