//! `/v1/embeddings`: OpenAI's embeddings.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use utoipa::ToSchema;

use super::origin::origin;
use super::refusals::CallRefusals;
use super::session::NoSession;
use super::{IdempotentCall, TaggedCall};
use crate::app::SharedApp;
use crate::call;
use crate::caller::Caller;
use crate::error::Result;
use crate::formats::embeddings::EmbeddingRequest as Request;
use crate::serve::{Invocation, Payload};

/// Texts to be embedded, as OpenAI's API takes them. What is not named here is passed on.
#[derive(ToSchema)]
#[schema(examples(json!({"model": "openai/text-embedding-3-small", "input": "The quick brown fox", "encoding_format": "float"})))]
pub struct EmbeddingRequest {
    /// A model's id, or `provider:id`; of the kind `embedding`.
    #[schema(
        min_length = 1,
        max_length = 256,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]+$",
        example = "openai/text-embedding-3-small"
    )]
    pub model: String,
    /// The text. An array of up to 2 048 texts, an array of token ids and an array of such arrays are taken, too.
    pub input: String,
    /// How a vector is written: `float`, an array of numbers, or `base64`, its 32-bit floats in little-endian order.
    #[schema(pattern = "^(float|base64)$")]
    pub encoding_format: Option<String>,
    /// How many numbers a vector has, where the model can shorten it.
    #[schema(minimum = 1, maximum = 65_536)]
    pub dimensions: Option<i64>,
    /// Whom the client asks for.
    pub user: Option<String>,
}

/// Embeddings as OpenAI's API gives them, with `usage.cost` and `gateway` added.
#[derive(ToSchema)]
#[schema(example = json!({"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [0.0023, -0.0091, 0.0152]}],
    "model": "openai/text-embedding-3-small", "provider": "openrouter",
    "usage": {"prompt_tokens": 4, "total_tokens": 4, "cost": 0.000_000_08},
    "gateway": {"provider": "openrouter", "upstream_model": "openai/text-embedding-3-small", "request_id": "01a2b3"}}))]
pub struct Embeddings {
    /// `list`.
    pub object: String,
    /// A vector for each input, in their order, each with its `index` and `embedding`.
    #[schema(value_type = Vec<Object>)]
    pub data: Vec<serde_json::Value>,
    /// The model's id in the catalog.
    pub model: String,
    /// Who served it.
    pub provider: String,
    /// Tokens of the inputs, and `cost` in US dollars: exactly what the balance loses.
    #[schema(value_type = Object)]
    pub usage: serde_json::Value,
    /// The provider that served it, its own name of the model (`upstream_model`), and the request's id.
    #[schema(value_type = Object)]
    pub gateway: serde_json::Value,
}

/// `POST /v1/embeddings`
///
/// # Errors
/// Every refusal of key, limits and credit, and every failure of the provider.
#[utoipa::path(post, path = "/v1/embeddings", tag = "inference", params(IdempotentCall, TaggedCall), request_body = EmbeddingRequest,
    responses(
        (status = 200, body = Embeddings),
        (status = 400, description = "`invalid_request`, `invalid_json`, `missing_model`, `unsupported_model`, \
            `context_length_exceeded`; `upstream_rejected` and `context_length_exceeded` in the provider's own words"),
        (status = 404, description = "`model_not_found`"),
        (status = 409, description = "`call_finished`, `idempotency_conflict`, `idempotency_in_progress`"),
        CallRefusals))]
pub async fn create(
    State(app): State<SharedApp>,
    invocation: Invocation,
    caller: Caller,
    _: NoSession,
    headers: HeaderMap,
    payload: Payload,
) -> Result<Response> {
    let request = Request::parse(payload.0, app.config.rows)?;
    call::run(app, &invocation, caller, Arc::new(request), origin(&headers), None).await
}
