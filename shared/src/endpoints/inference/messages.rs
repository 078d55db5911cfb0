//! `/v1/messages`: Anthropic's Messages, streamed or not, every field passed on.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use utoipa::ToSchema;

use super::chat_completions::ProviderWishes;
use super::origin::origin;
use super::refusals::CallRefusals;
use super::session::{Session, SessionParams};
use super::{IdempotentCall, StreamEvent, TaggedCall};
use crate::app::SharedApp;
use crate::call;
use crate::caller::Caller;
use crate::error::Result;
use crate::formats::messages::MessagesRequest;
use crate::serve::{Invocation, Payload};

/// A message as Anthropic's API takes it. What is not named here is passed on to a provider that speaks the format; any
/// other is asked for a chat completion.
#[derive(ToSchema)]
#[schema(examples(json!({"model": "anthropic/claude-sonnet-4.5", "max_tokens": 1024, "messages": [{"role": "user", "content": "Hello!"}]})))]
pub struct MessageRequest {
    /// A model's id, or `provider:id`.
    #[schema(
        min_length = 1,
        max_length = 256,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]+$",
        example = "anthropic/claude-sonnet-4.5"
    )]
    pub model: String,
    /// The most tokens that the model may write.
    #[schema(minimum = 1, maximum = 10_000_000)]
    pub max_tokens: i64,
    /// The conversation.
    #[schema(min_items = 1)]
    pub messages: Vec<ConversationMessage>,
    /// Whether the answer comes as server-sent events.
    pub stream: Option<bool>,
    /// What the model is told before the conversation: a text, or a list of text blocks.
    #[schema(value_type = Option<MessageContent>)]
    pub system: Option<serde_json::Value>,
    /// How much chance there is in the choice of words.
    #[schema(minimum = 0, maximum = 1)]
    pub temperature: Option<f64>,
    /// Only words that together are this likely are chosen from.
    #[schema(minimum = 0, maximum = 1)]
    pub top_p: Option<f64>,
    /// Only so many of the likeliest words are chosen from.
    #[schema(minimum = 0)]
    pub top_k: Option<i64>,
    /// Texts at which the answer ends.
    pub stop_sequences: Option<Vec<String>>,
    /// Functions that the model may ask you to call. Tools that run at the provider are charged apart and not offered.
    #[schema(value_type = Option<Vec<Object>>)]
    pub tools: Option<Vec<serde_json::Value>>,
    /// `{"type": "auto"}`, `any`, `none`, or one `tool` by its name.
    #[schema(value_type = Option<Object>)]
    pub tool_choice: Option<serde_json::Value>,
    /// Whether and how long the model thinks first: `{"type": "enabled", "budget_tokens": 1024}`, `adaptive`, `disabled`.
    #[schema(value_type = Option<Object>)]
    pub thinking: Option<serde_json::Value>,
    /// Your own name of whoever asks, as `user_id`; passed on.
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<serde_json::Value>,
    /// Who is served: which of the providers, in which order, and whether another may be asked where one fails.
    pub provider: Option<ProviderWishes>,
}

/// A turn of the conversation, as Anthropic's API takes it.
#[derive(ToSchema)]
pub struct ConversationMessage {
    /// `user` or `assistant`.
    #[schema(pattern = "^(user|assistant)$")]
    pub role: String,
    /// What was said: a text, or a list of blocks such as `{"type": "text", "text": "…"}`.
    #[schema(value_type = MessageContent)]
    pub content: serde_json::Value,
}

/// A text, or a list of blocks.
#[derive(ToSchema)]
#[schema(examples(json!("Hello!")))]
#[serde(untagged)]
pub enum MessageContent {
    /// A text.
    Text(String),
    /// Texts, pictures, documents, thoughts, and what tools were asked and answered.
    #[schema(value_type = Vec<Object>)]
    Blocks(Vec<serde_json::Value>),
}

/// A message as Anthropic's API gives it, with `usage.cost` and `gateway` added.
#[derive(ToSchema)]
#[schema(example = json!({"id": "msg_01ab", "type": "message", "role": "assistant", "model": "anthropic/claude-sonnet-4.5",
    "content": [{"type": "text", "text": "Hello! How can I help?"}], "stop_reason": "end_turn", "stop_sequence": null,
    "usage": {"input_tokens": 9, "output_tokens": 10, "cost": 0.000_177},
    "gateway": {"provider": "anthropic", "upstream_model": "claude-sonnet-4-5", "request_id": "01a2b3"}}))]
pub struct Message {
    /// The provider's id of the message.
    pub id: String,
    /// `message`.
    #[schema(rename = "type")]
    pub r#type: String,
    /// `assistant`.
    pub role: String,
    /// The model's id in the catalog.
    pub model: String,
    /// The blocks of the answer.
    #[schema(value_type = Vec<Object>)]
    pub content: Vec<serde_json::Value>,
    /// Why the model has stopped.
    pub stop_reason: String,
    /// Tokens, and `cost` in US dollars: exactly what the balance loses.
    #[schema(value_type = Object)]
    pub usage: serde_json::Value,
    /// The provider that served it, its own name of the model (`upstream_model`), and the request's id.
    #[schema(value_type = Object)]
    pub gateway: serde_json::Value,
}

/// `POST /v1/messages`
///
/// # Errors
/// Every refusal of key, limits and credit, and every failure before the first output.
#[utoipa::path(post, path = "/v1/messages", tag = "inference", params(SessionParams, IdempotentCall, TaggedCall), request_body = MessageRequest,
    responses(
        (status = 200, description = "The answer; with `stream`, its events.",
         content((Message = "application/json"), (StreamEvent = "text/event-stream"))),
        (status = 404, description = "`model_not_found`, `chat_session_not_found`"),
        (status = 409, description = "`call_finished`, `idempotency_conflict`, `idempotency_in_progress`, `chat_session_busy`, `chat_session_full`, `chat_storage_full`"),
        CallRefusals))]
pub async fn create(
    State(app): State<SharedApp>,
    invocation: Invocation,
    caller: Caller,
    session: Session,
    headers: HeaderMap,
    payload: Payload,
) -> Result<Response> {
    let request = MessagesRequest::parse(payload.0, &headers, app.config.rows)?;
    let session_id = session.of(&request)?;
    call::run(app, &invocation, caller, Arc::new(request), origin(&headers), session_id).await
}
