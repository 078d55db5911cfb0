//! `/v1/rerank`: documents by how well they answer a query.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use utoipa::ToSchema;

use super::origin::origin;
use super::refusals::CallRefusals;
use super::session::NoSession;
use crate::app::SharedApp;
use crate::call;
use crate::caller::Caller;
use crate::error::Result;
use crate::formats::rerank::RerankRequest as Request;
use crate::serve::{Invocation, Payload};

/// A query and documents, as Cohere's, Jina's and OpenRouter's APIs take them. What is not named here is passed on.
#[derive(ToSchema)]
#[schema(examples(json!({"model": "cohere/rerank-v3.5", "query": "What is the capital of France?",
    "documents": ["Paris is the capital of France.", "Berlin is the capital of Germany."], "top_n": 1})))]
pub struct RerankRequest {
    /// A model's id, or `provider:id`; of the kind `rerank`.
    #[schema(min_length = 1, max_length = 256, pattern = r"^[^\x00-\x1f\x7f-\x9f]+$", example = "cohere/rerank-v3.5")]
    pub model: String,
    /// What the documents are to answer.
    #[schema(min_length = 1)]
    pub query: String,
    /// The documents. Objects with a `text` are taken, too.
    #[schema(min_items = 1, max_items = 10_000)]
    pub documents: Vec<String>,
    /// How many are given back, the best first; all unless said.
    #[schema(minimum = 1, maximum = 10_000)]
    pub top_n: Option<i64>,
    /// Whether each is given back with its text. Unless said, as the provider does.
    pub return_documents: Option<bool>,
}

/// The documents, the best first, with `usage.cost` and `gateway` added.
#[derive(ToSchema)]
#[schema(examples(json!({
    "id": "0193a5b0", "model": "cohere/rerank-v3.5", "provider": "openrouter",
    "results": [{"index": 1, "relevance_score": 0.98}, {"index": 0, "relevance_score": 0.12}],
    "usage": {"search_units": 1, "total_tokens": 42, "cost": 0.002},
    "gateway": {"provider": "openrouter", "upstream_model": "cohere/rerank-v3.5", "request_id": "0193a5b0-7c3e-7000-8000-000000000001"}})))]
pub struct Ranking {
    /// The provider's id of the answer.
    pub id: String,
    /// The model's id in the catalog.
    pub model: String,
    /// Who served it.
    pub provider: String,
    /// Each with its `index` among the documents, its `relevance_score` and, where asked for, the `document`.
    #[schema(value_type = Vec<Object>)]
    pub results: Vec<serde_json::Value>,
    /// `search_units`, `total_tokens` and `cost` in US dollars: exactly what the balance loses.
    #[schema(value_type = Object)]
    pub usage: serde_json::Value,
    /// The provider that served it, its own name of the model (`upstream_model`), and the request's id.
    #[schema(value_type = Object)]
    pub gateway: serde_json::Value,
}

/// `POST /v1/rerank`
///
/// # Errors
/// Every refusal of key, limits and credit, and every failure of the provider.
#[utoipa::path(post, path = "/v1/rerank", tag = "inference", request_body = RerankRequest,
    responses(
        (status = 200, body = Ranking),
        (status = 400, description = "`invalid_request`, `invalid_json`, `missing_model`, `unsupported_model`; \
            `upstream_rejected` and `context_length_exceeded` in the provider's own words"),
        (status = 404, description = "`model_not_found`"),
        (status = 409, description = "`call_finished`"),
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
