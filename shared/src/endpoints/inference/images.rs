//! `/images/generate` and `/v1/images/generations`: OpenAI's images, streamed or not.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use utoipa::ToSchema;

use super::StreamEvent;
use super::origin::origin;
use super::refusals::CallRefusals;
use super::session::NoSession;
use crate::app::SharedApp;
use crate::call;
use crate::caller::Caller;
use crate::error::Result;
use crate::formats::images::ImageRequest as Request;
use crate::serve::{Invocation, Payload};

/// An image to be made, as OpenAI's API takes it. What is not named here is passed on.
#[derive(ToSchema)]
#[schema(examples(json!({"model": "openai/gpt-image-1-mini", "prompt": "A red panda astronaut", "size": "1024x1024", "quality": "low"})))]
pub struct ImageRequest {
    /// A model's id, or `provider:id`; of the kind `image`.
    #[schema(
        min_length = 1,
        max_length = 256,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]+$",
        example = "openai/gpt-image-1-mini"
    )]
    pub model: String,
    /// What the image shows.
    #[schema(min_length = 1)]
    pub prompt: String,
    /// How many.
    #[schema(minimum = 1, maximum = 10)]
    pub n: Option<i64>,
    /// Width and height, such as `1024x1024`; the model's choice unless said.
    pub size: Option<String>,
    /// Such as `low`, `medium` or `high`; the model's choice unless said.
    pub quality: Option<String>,
    /// `png`, `jpeg` or `webp`.
    pub output_format: Option<String>,
    /// Whether the images come as server-sent events, partial ones first.
    pub stream: Option<bool>,
}

/// Images as OpenAI's API gives them, with `usage.cost` and `gateway` added.
#[derive(ToSchema)]
#[schema(examples(json!({
    "created": 1764071502, "data": [{"b64_json": "iVBORw0KGgo="}], "model": "openai/gpt-image-1-mini", "provider": "portkey",
    "usage": {"input_tokens": 12, "output_tokens": 272, "total_tokens": 284, "cost": 0.0022},
    "gateway": {"provider": "portkey", "upstream_model": "gpt-image-1-mini", "request_id": "0193a5b0-7c3e-7000-8000-000000000001"}})))]
pub struct Images {
    /// Unix time.
    pub created: i64,
    /// Each with its `b64_json` or `url`.
    #[schema(value_type = Vec<Object>)]
    pub data: Vec<serde_json::Value>,
    /// The model's id in the catalog.
    pub model: String,
    /// Who served it.
    pub provider: String,
    /// Tokens, images, and `cost` in US dollars: exactly what the balance loses.
    #[schema(value_type = Object)]
    pub usage: serde_json::Value,
    /// The provider that served it, its own name of the model (`upstream_model`), and the request's id.
    #[schema(value_type = Object)]
    pub gateway: serde_json::Value,
}

/// `POST /images/generate`
///
/// # Errors
/// Every refusal of key, limits and credit, and every failure before the first image.
#[utoipa::path(post, path = "/images/generate", tag = "inference", request_body = ImageRequest,
    responses(
        (status = 200, description = "The images; with `stream`, events.",
         content((Images = "application/json"), (StreamEvent = "text/event-stream"))),
        (status = 400, description = "`invalid_request`, `invalid_json`, `missing_model`, `unsupported_model`; \
            `upstream_rejected` in the provider's own words"),
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
