//! `/v1/responses`: OpenAI's Responses, streamed or not.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response as HttpResponse;
use http::HeaderMap;
use utoipa::ToSchema;

use super::origin::origin;
use super::refusals::CallRefusals;
use super::session::{Session, SessionParams};
use super::{IdempotentCall, StreamEvent, TaggedCall};
use crate::app::SharedApp;
use crate::call;
use crate::caller::Caller;
use crate::error::Result;
use crate::formats::messages::AlsoOverMessages;
use crate::formats::responses::ResponsesRequest;
use crate::serve::{Invocation, Payload};

/// A response as OpenAI's API is asked for it. A provider that speaks the format gets it as it came, what is not named here
/// included; any other is asked for a chat completion.
///
/// Not offered are `background`, `conversation`, `prompt`, `context_management`, ids of files, and tools that run at the
/// provider. A search of the web that is offered beside other tools, and not forced, is left out: agents add it unasked.
#[derive(ToSchema)]
#[schema(examples(json!({"model": "openai/gpt-4o-mini", "input": "Hello!"})))]
pub struct ResponseRequest {
    /// A model's id, or `provider:id`.
    #[schema(min_length = 1, max_length = 256, pattern = r"^[^\x00-\x1f\x7f-\x9f]+$", example = "openai/gpt-4o-mini")]
    pub model: String,
    /// A text, or the items of the conversation: `message`, `function_call`, `function_call_output`, `custom_tool_call`,
    /// `custom_tool_call_output`, `reasoning`, `additional_tools`, and `image_generation_call`, which a model that draws gets back. A message's content is a text or parts: `input_text`,
    /// `input_image` with an address or a data URL, `input_file` with its data, `input_audio`, `output_text`, `refusal`.
    #[schema(value_type = String)]
    pub input: serde_json::Value,
    /// What the model is told before the conversation.
    pub instructions: Option<String>,
    /// Whether the answer comes as server-sent events.
    pub stream: Option<bool>,
    /// With `stream` only; `include_obfuscation`.
    #[schema(value_type = Option<Object>)]
    pub stream_options: Option<serde_json::Value>,
    /// The most tokens of the answer, those of reasoning included.
    #[schema(minimum = 1, maximum = 10_000_000)]
    pub max_output_tokens: Option<i64>,
    /// From 0 to 2.
    #[schema(minimum = 0, maximum = 2)]
    pub temperature: Option<f64>,
    /// From 0 to 1.
    #[schema(minimum = 0, maximum = 1)]
    pub top_p: Option<f64>,
    /// `effort`, how much a model that reasons is to think, and `summary`, whether it tells of it.
    #[schema(value_type = Option<Object>)]
    pub reasoning: Option<serde_json::Value>,
    /// `format`, with the `type` text, json_object or json_schema, and `verbosity`.
    #[schema(value_type = Option<Object>)]
    pub text: Option<serde_json::Value>,
    /// What the answer may be: `["text"]`, or with a model that draws (`image` in its `output_modalities`) `["image", "text"]`, as at
    /// OpenRouter. A picture is an item `image_generation_call`, whole as base64 in its `result`, and in a stream an item that is whole
    /// at once; its tokens are in `output_tokens_details.image_tokens` and cost the model's `image_output`.
    #[schema(example = json!(null))]
    pub modalities: Option<Vec<String>>,
    /// How pictures are to be: `aspect_ratio`, such as `16:9`, and `image_size`, such as `2K`.
    #[schema(value_type = Option<Object>)]
    pub image_config: Option<serde_json::Value>,
    /// Tools that the client runs: `function`, `custom`, and `namespace`s of them.
    #[schema(value_type = Option<Vec<Object>>)]
    pub tools: Option<serde_json::Value>,
    /// `none`, `auto` or `required`; or an object that names a `function`, a `custom` tool or `allowed_tools`.
    #[schema(value_type = Option<String>, pattern = "^(none|auto|required)$")]
    pub tool_choice: Option<serde_json::Value>,
    /// Whether several tools may be called at once.
    pub parallel_tool_calls: Option<bool>,
    /// What the response holds besides: `reasoning.encrypted_content`, `message.output_text.logprobs`.
    pub include: Option<Vec<String>>,
    /// How many likely tokens are told of for each one.
    #[schema(minimum = 0, maximum = 20)]
    pub top_logprobs: Option<i64>,
    /// `auto` or `disabled`. By way of chat nothing is left out of a conversation.
    #[schema(pattern = "^(auto|disabled)$")]
    pub truncation: Option<String>,
    /// At most 16 texts, which the response repeats.
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<serde_json::Value>,
    /// Whether the response is stored, encrypted, so that it can be read again and gone on from, for as many days as `PATCH
    /// /user/privacy` says; true where nothing is said. No provider stores anything. The response says whether it is stored.
    /// Of pictures beyond 4 MiB in an answer the items are stored without them.
    pub store: Option<bool>,
    /// A stored response of this account: all that was said in it and before it goes with this request, and is charged as a part of
    /// its prompt. Its instructions and tools do not.
    #[schema(max_length = 100, example = json!(null))]
    pub previous_response_id: Option<String>,
    /// Requests with the same key find each other's caches.
    pub prompt_cache_key: Option<String>,
    /// Who asks, as a hash.
    pub safety_identifier: Option<String>,
    /// The older name of the two before.
    pub user: Option<String>,
    /// `auto`, `default` or `flex`; faster tiers are charged apart.
    #[schema(pattern = "^(auto|default|flex|standard_only)$")]
    pub service_tier: Option<String>,
    /// How often tools may be called that run at the provider. There are none, so it changes nothing.
    pub max_tool_calls: Option<serde_json::Value>,
}

/// A response as OpenAI's API gives it, with `usage.cost` and `gateway` added. What the request said is repeated in it.
#[derive(ToSchema)]
#[schema(examples(json!({
    "id": "resp_0193a5b07c3e70008000000000000001", "object": "response", "created_at": 1764071502, "status": "completed",
    "model": "openai/gpt-4o-mini", "error": null, "incomplete_details": null,
    "output": [{"id": "msg_1", "type": "message", "role": "assistant", "status": "completed",
        "content": [{"type": "output_text", "text": "Hello! How can I help?", "annotations": []}]}],
    "usage": {"input_tokens": 9, "output_tokens": 7, "total_tokens": 16, "cost": 0.00000555},
    "gateway": {"provider": "openrouter", "upstream_model": "openai/gpt-4o-mini", "request_id": "0193a5b0-7c3e-7000-8000-000000000001"}})))]
pub struct Response {
    /// Its id.
    pub id: String,
    /// `response`.
    pub object: String,
    /// Unix time.
    pub created_at: i64,
    /// `completed` or `incomplete`; in a stream that fails, `failed`.
    pub status: String,
    /// The model's id in the catalog.
    pub model: String,
    /// `reasoning`, `message`, `image_generation_call`, `function_call` and `custom_tool_call`, in the order in which they came.
    #[schema(value_type = Vec<Object>)]
    pub output: Vec<serde_json::Value>,
    /// Of a stream that failed: OpenAI's `code`, and ours in `gateway_code`.
    #[schema(value_type = Option<Object>)]
    pub error: Option<serde_json::Value>,
    /// `reason`: `max_output_tokens` or `content_filter`.
    #[schema(value_type = Option<Object>)]
    pub incomplete_details: Option<serde_json::Value>,
    /// Tokens, and `cost` in US dollars: exactly what the balance loses.
    #[schema(value_type = Object)]
    pub usage: serde_json::Value,
    /// The provider that served it, its own name of the model (`upstream_model`), and the request's id.
    #[schema(value_type = Object)]
    pub gateway: serde_json::Value,
}

/// `POST /v1/responses`
///
/// # Errors
/// Every refusal of key, limits and credit, and every failure before the first output.
#[utoipa::path(post, path = "/v1/responses", tag = "inference", params(SessionParams, IdempotentCall, TaggedCall), request_body = ResponseRequest,
    responses(
        (status = 200, description = "The answer; with `stream`, its events, of which the last one tells of a failure, too.",
         content((Response = "application/json"), (StreamEvent = "text/event-stream"))),
        (status = 400, description = "`invalid_request`, `invalid_json`, `missing_model`, `unsupported_model`, `unsupported_modality`, \
            `context_length_exceeded`, `previous_response_not_found`; `upstream_rejected` and `context_length_exceeded` in the provider's own words"),
        (status = 404, description = "`model_not_found`, `chat_session_not_found`"),
        (status = 409, description = "`call_finished`, `response_thread_full`, `chat_session_busy`, `chat_session_full`, `chat_storage_full`, `idempotency_conflict`, `idempotency_in_progress`"),
        CallRefusals))]
pub async fn create(
    State(app): State<SharedApp>,
    invocation: Invocation,
    caller: Caller,
    session: Session,
    headers: HeaderMap,
    payload: Payload,
) -> Result<HttpResponse> {
    let request = ResponsesRequest::parse(payload.0, app.config.rows)?;
    let session_id = session.of(&request)?;
    let request = if session_id.is_some() { request.in_session()? } else { request };
    let request = Arc::new(AlsoOverMessages(request));
    call::run(app, &invocation, caller, request, origin(&headers), session_id).await
}
