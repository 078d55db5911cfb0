//! `/v1/chat/completions`: OpenAI chat, streamed or not, every field passed on.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use utoipa::ToSchema;

use super::origin::origin;
use super::refusals::CallRefusals;
use super::session::{Session, SessionParams};
use super::{IdempotentCall, StreamEvent, TaggedCall};
use crate::app::SharedApp;
use crate::call;
use crate::caller::Caller;
use crate::dialect::Dialect;
use crate::error::{Code, Error, Result};
use crate::formats::Request;
use crate::formats::chat::ChatRequest;
use crate::formats::messages::AlsoOverMessages;
use crate::serve::{Invocation, Payload};

/// A chat completion as OpenAI's API takes it. What is not named here is passed on to the provider, unless it would be charged
/// for and is not priced here: then it is refused by its name.
#[derive(ToSchema)]
#[schema(examples(
    json!({"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": "Hello!"}]}),
    json!({"model": "openai/gpt-4o-mini", "stream": true, "stream_options": {"include_usage": true}, "temperature": 0.7,
        "max_completion_tokens": 512, "messages": [{"role": "system", "content": "You are brief."},
        {"role": "user", "content": "Why is the sky blue?"}]}),
))]
pub struct ChatCompletionRequest {
    /// A model's id, or `provider:id`. At `/api/v1` a list in `models` names others to be asked, in turn, where one cannot answer.
    #[schema(min_length = 1, max_length = 256, pattern = r"^[^\x00-\x1f\x7f-\x9f]+$", example = "openai/gpt-4o-mini")]
    pub model: String,
    /// The conversation.
    #[schema(min_items = 1)]
    pub messages: Vec<ChatMessage>,
    /// Whether the answer comes as server-sent events.
    pub stream: Option<bool>,
    /// Of a stream: `{"include_usage": true}` asks for the usage, with its cost, in the last chunk.
    #[schema(value_type = Option<Object>)]
    pub stream_options: Option<serde_json::Value>,
    /// The most tokens of an answer, thoughts included. Left out, it is the model's, or what a quarter of the credit buys.
    #[schema(minimum = 1, maximum = 10_000_000)]
    pub max_completion_tokens: Option<i64>,
    /// The older name of `max_completion_tokens`.
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
    #[schema(value_type = Option<Object>, example = json!("END"))]
    pub stop: Option<serde_json::Value>,
    /// The same seed makes the same choice more likely.
    pub seed: Option<i64>,
    /// Makes words less likely the more often they came.
    #[schema(minimum = -2, maximum = 2)]
    pub frequency_penalty: Option<f64>,
    /// Makes words less likely that came before.
    #[schema(minimum = -2, maximum = 2)]
    pub presence_penalty: Option<f64>,
    /// Makes tokens, by their ids, more or less likely.
    #[schema(value_type = Option<Object>)]
    pub logit_bias: Option<serde_json::Value>,
    /// Whether each token comes with how likely it was.
    pub logprobs: Option<bool>,
    /// With `logprobs`: how many others are shown for each.
    #[schema(minimum = 0, maximum = 20)]
    pub top_logprobs: Option<i64>,
    /// Functions that the model may ask you to call. Tools that run at the provider are charged apart and not offered.
    #[schema(value_type = Option<Vec<Object>>, min_items = 1)]
    pub tools: Option<Vec<serde_json::Value>>,
    /// `none`, `auto`, `required`, or one tool by its name.
    #[schema(value_type = Option<Object>, example = json!("auto"))]
    pub tool_choice: Option<serde_json::Value>,
    /// Whether several tools may be asked for at once.
    pub parallel_tool_calls: Option<bool>,
    /// `{"type": "json_object"}`, or `json_schema` with a schema that the answer is to follow.
    #[schema(value_type = Option<Object>)]
    pub response_format: Option<serde_json::Value>,
    /// How long a model that reasons does so: `none`, `minimal`, `low`, `medium`, `high` or what else the model knows.
    pub reasoning_effort: Option<String>,
    /// The same in OpenRouter's form: `effort` or `max_tokens`, and `exclude`.
    #[schema(value_type = Option<Object>)]
    pub reasoning: Option<serde_json::Value>,
    /// How long the answer is: `low`, `medium` or `high`.
    pub verbosity: Option<String>,
    /// What the answer may be: `["text"]`, or with a model that draws (`image` in its `output_modalities`)
    /// `["image", "text"]`, as at OpenRouter. Pictures come in `images` of the message, or of a stream's deltas, each
    /// whole as a data URL; their tokens are in `completion_tokens_details.image_tokens` and cost the model's `image_output`.
    /// Answers in sound are not offered here.
    #[schema(example = json!(["image", "text"]))]
    pub modalities: Option<Vec<String>>,
    /// How pictures are to be: `aspect_ratio`, such as `16:9`, and `image_size`, such as `2K`.
    #[schema(value_type = Option<Object>, example = json!({"aspect_ratio": "16:9"}))]
    pub image_config: Option<serde_json::Value>,
    /// `auto`, `default`, `flex` or `standard_only`: faster tiers are charged apart and not offered here.
    #[schema(pattern = "^(auto|default|flex|standard_only)$")]
    pub service_tier: Option<String>,
    /// Who is served: which of the providers, in which order, and whether another may be asked where one fails.
    pub provider: Option<ProviderWishes>,
    /// Your own name of whoever asks; passed on.
    pub user: Option<String>,
    /// What you keep with the call at a provider that does; passed on.
    #[schema(value_type = Option<Object>)]
    pub metadata: Option<serde_json::Value>,
}

/// Which providers may serve a call, as at OpenRouter.
#[derive(ToSchema)]
pub struct ProviderWishes {
    /// These first, in this order.
    #[schema(example = json!(["openrouter", "chutes"]))]
    pub order: Option<Vec<String>>,
    /// No others than these.
    pub only: Option<Vec<String>>,
    /// None of these.
    pub ignore: Option<Vec<String>>,
    /// Whether the next one is asked where one fails; `true` unless given.
    pub allow_fallbacks: Option<bool>,
    /// What one may cost: US dollars of a million tokens (`prompt`, `completion`), of a call (`request`), of a picture in the prompt
    /// (`image`).
    #[schema(value_type = Option<Object>, example = json!({"prompt": 1, "completion": 2}))]
    pub max_price: Option<serde_json::Value>,
    /// Whether only those are asked that take each parameter of the request; else what one does not know, it ignores.
    pub require_parameters: Option<bool>,
    /// How exact the weights may be: `fp8`, `bf16` … or `unknown`.
    pub quantizations: Option<Vec<String>>,
    /// `deny`: only those that train no models on what they are sent.
    #[schema(pattern = "^(allow|deny)$")]
    pub data_collection: Option<String>,
    /// Whether only those are asked that keep nothing of what they are sent.
    pub zdr: Option<bool>,
    /// After how many milliseconds without output the next one is asked besides, once a call. Who has output first answers; what reading
    /// the prompt cost at the other is charged, too.
    #[schema(minimum = 0, maximum = 60_000)]
    pub hedge_ms: Option<i64>,
    /// Those that were slower lately are asked last: seconds to the first byte, of the median answer, or of `p50`, `p75`, `p90` and
    /// `p99` each.
    #[schema(value_type = Option<Object>, example = json!({"p90": 3}))]
    pub preferred_max_latency: Option<serde_json::Value>,
    /// The same of the tokens that they wrote in a second.
    #[schema(value_type = Option<Object>, example = json!({"p50": 40}))]
    pub preferred_min_throughput: Option<serde_json::Value>,
    /// By what the others come: `price`, as they do anyway; `latency`, by the time to their first byte lately; or `throughput`, by
    /// the tokens that they wrote in a second. The endings `:floor` and `:nitro` of a model's id ask for the first and the last.
    #[schema(value_type = Option<String>, pattern = "^(price|latency|throughput)$")]
    pub sort: Option<serde_json::Value>,
}

/// A message of the conversation, as OpenAI's API takes it. What is not named here is passed on.
#[derive(ToSchema)]
pub struct ChatMessage {
    /// `system`, `developer`, `user`, `assistant` or `tool`.
    #[schema(pattern = "^(system|developer|user|assistant|tool)$")]
    pub role: String,
    /// What was said: a text, or a list of parts such as `{"type": "text", "text": "…"}` and
    /// `{"type": "image_url", "image_url": {"url": "…"}}`.
    #[schema(value_type = ChatContent)]
    pub content: serde_json::Value,
    /// Of an assistant's message: the tools that it asked for.
    #[schema(value_type = Option<Vec<Object>>)]
    pub tool_calls: Option<Vec<serde_json::Value>>,
    /// Of a tool's message: which of them it answers.
    pub tool_call_id: Option<String>,
}

/// A text, or a list of parts.
#[derive(ToSchema)]
#[schema(examples(json!("Hello!")))]
#[serde(untagged)]
pub enum ChatContent {
    /// A text.
    Text(String),
    /// Texts, pictures, sounds and files, where the model takes them.
    #[schema(value_type = Vec<Object>)]
    Parts(Vec<serde_json::Value>),
}

/// A chat completion as OpenAI's API gives it, with `usage.cost` and `gateway` added.
#[derive(ToSchema)]
#[schema(example = json!({"id": "chatcmpl-9f3a", "object": "chat.completion", "created": 1_790_000_000, "model": "openai/gpt-4o-mini",
    "provider": "openrouter", "choices": [{"index": 0, "finish_reason": "stop",
    "message": {"role": "assistant", "content": "Hello! How can I help?"}}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 7, "total_tokens": 16, "cost": 0.000_005_55},
    "gateway": {"provider": "openrouter", "upstream_model": "openai/gpt-4o-mini", "request_id": "01a2b3"}}))]
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
#[utoipa::path(post, path = "/v1/chat/completions", tag = "inference", params(SessionParams, IdempotentCall, TaggedCall), request_body = ChatCompletionRequest,
    responses(
        (status = 200, description = "The answer; with `stream`, chunks of it.",
         content((ChatCompletion = "application/json"), (StreamEvent = "text/event-stream"))),
        (status = 400, description = "`invalid_request`, `invalid_json`, `missing_model`, `unsupported_model`, `unsupported_modality`, \
            `context_length_exceeded`; `upstream_rejected` and `context_length_exceeded` in the provider's own words"),
        (status = 404, description = "`model_not_found`, `chat_session_not_found`"),
        (status = 409, description = "`call_finished`, `idempotency_conflict`, `idempotency_in_progress`, `chat_session_busy`, `chat_session_full`, `chat_storage_full`"),
        CallRefusals))]
pub async fn create(
    State(app): State<SharedApp>,
    invocation: Invocation,
    caller: Caller,
    session: Session,
    dialect: Dialect,
    headers: HeaderMap,
    payload: Payload,
) -> Result<Response> {
    let requests = match dialect {
        Dialect::OpenAi => vec![ChatRequest::parse(payload.0, app.config.rows)?],
        Dialect::OpenRouter => ChatRequest::parse_alternatives(payload.0, app.config.rows)?,
    };
    let mut session_id = None;
    let mut in_turn: Vec<Arc<dyn Request>> = Vec::with_capacity(requests.len());
    for request in requests {
        let request = AlsoOverMessages(request.spoken_in(dialect));
        session_id = session.of(&request)?;
        in_turn.push(Arc::new(request));
    }
    let Some((first, alternatives)) = in_turn.split_first() else { return Err(Error::new(Code::MissingModel)) };
    let requests = (first.clone(), alternatives.to_vec());
    call::run_in_turn(app, &invocation, caller, requests, origin(&headers), session_id).await
}
