//! `/v1/completions`: OpenAI's legacy text completions, streamed or not.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use utoipa::ToSchema;

use super::origin::origin;
use super::refusals::CallRefusals;
use super::session::Session;
use super::{IdempotentCall, StreamEvent, TaggedCall};
use crate::app::SharedApp;
use crate::call;
use crate::caller::Caller;
use crate::error::Result;
use crate::formats::completions::CompletionRequest;
use crate::formats::messages::AlsoOverMessages;
use crate::serve::{Invocation, Payload};

/// A text completion as OpenAI's API takes it. What is not named here is passed on to a provider that speaks the format;
/// any other is asked for a chat of one message.
#[derive(ToSchema)]
#[schema(examples(json!({"model": "openai/gpt-4o-mini", "prompt": "Once upon a time", "max_tokens": 64})))]
pub struct TextCompletionRequest {
    /// A model's id, or `provider:id`.
    #[schema(min_length = 1, max_length = 256, pattern = r"^[^\x00-\x1f\x7f-\x9f]+$", example = "openai/gpt-4o-mini")]
    pub model: String,
    /// The text to be completed. Several at once, and token ids, are taken where the provider takes them.
    pub prompt: String,
    /// Whether the answer comes as server-sent events.
    pub stream: Option<bool>,
    /// The most tokens of an answer; 16 unless given.
    #[schema(minimum = 1, maximum = 10_000_000)]
    pub max_tokens: Option<i64>,
    /// How many answers; each is charged.
    #[schema(minimum = 1, maximum = 128)]
    pub n: Option<i64>,
    /// How much chance there is in the choice of words.
    #[schema(minimum = 0, maximum = 2)]
    pub temperature: Option<f64>,
    /// Only words that together are this likely are chosen from.
    #[schema(minimum = 0, maximum = 1)]
    pub top_p: Option<f64>,
    /// Texts at which the answer ends: one, or a list.
    #[schema(value_type = Option<Object>, example = json!("\n"))]
    pub stop: Option<serde_json::Value>,
    /// The same seed makes the same choice more likely.
    pub seed: Option<i64>,
}

/// A text completion as OpenAI's API gives it, with `usage.cost` and `gateway` added.
#[derive(ToSchema)]
#[schema(example = json!({"id": "cmpl-9f3a", "object": "text_completion", "created": 1_790_000_000, "model": "openai/gpt-4o-mini",
    "provider": "openrouter", "choices": [{"index": 0, "finish_reason": "stop", "text": ", in a land far away", "logprobs": null}],
    "usage": {"prompt_tokens": 4, "completion_tokens": 6, "total_tokens": 10, "cost": 0.000_004_2},
    "gateway": {"provider": "openrouter", "upstream_model": "openai/gpt-4o-mini", "request_id": "01a2b3"}}))]
pub struct TextCompletion {
    /// The provider's id of the answer.
    pub id: String,
    /// `text_completion`.
    pub object: String,
    /// Unix time.
    pub created: i64,
    /// The model's id in the catalog.
    pub model: String,
    /// Who served it; in events, too.
    pub provider: String,
    /// The answers, each with its `text`.
    #[schema(value_type = Vec<Object>)]
    pub choices: Vec<serde_json::Value>,
    /// Tokens, and `cost` in US dollars: exactly what the balance loses.
    #[schema(value_type = Object)]
    pub usage: serde_json::Value,
    /// The provider that served it, its own name of the model (`upstream_model`), and the request's id.
    #[schema(value_type = Object)]
    pub gateway: serde_json::Value,
}

/// `POST /v1/completions`
///
/// # Errors
/// Every refusal of key, limits and credit, and every failure before the first output.
#[utoipa::path(post, path = "/v1/completions", tag = "inference", params(IdempotentCall, TaggedCall), request_body = TextCompletionRequest,
    responses(
        (status = 200, description = "The answer; with `stream`, chunks of it.",
         content((TextCompletion = "application/json"), (StreamEvent = "text/event-stream"))),
        (status = 400, description = "`invalid_request`, `invalid_json`, `missing_model`, `unsupported_model`, `unsupported_modality`, \
            `context_length_exceeded`; `upstream_rejected` and `context_length_exceeded` in the provider's own words"),
        (status = 404, description = "`model_not_found`"),
        (status = 409, description = "`call_finished`, `idempotency_conflict`, `idempotency_in_progress`"),
        CallRefusals))]
pub async fn create(
    State(app): State<SharedApp>,
    invocation: Invocation,
    caller: Caller,
    session: Session,
    headers: HeaderMap,
    payload: Payload,
) -> Result<Response> {
    let request = AlsoOverMessages(CompletionRequest::parse(payload.0, app.config.rows)?);
    let session_id = session.of(&request)?;
    call::run(app, &invocation, caller, Arc::new(request), origin(&headers), session_id).await
}
