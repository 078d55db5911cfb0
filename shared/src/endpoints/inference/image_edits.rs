//! `/v1/images/edits`: images that are changed as a prompt says, streamed or not.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::HeaderMap;
use utoipa::ToSchema;

use super::StreamEvent;
use super::images::Images;
use super::origin::origin;
use super::refusals::CallRefusals;
use super::session::NoSession;
use crate::app::SharedApp;
use crate::call;
use crate::caller::Caller;
use crate::error::Result;
use crate::formats::form;
use crate::formats::images::{FILES, ImageEditRequest as Request};
use crate::serve::{Invocation, Payload};

/// Images to be changed, as a form as OpenAI's API takes it, or as JSON with data URLs. What is not named here is passed on.
#[derive(ToSchema)]
#[schema(examples(json!({"model": "openai/gpt-image-1-mini", "prompt": "Give it a hat", "image": "data:image/png;base64,iVBORw0KGgo=", "quality": "low"})))]
pub struct ImageEditRequest {
    /// A model's id, or `provider:id`; of the kind `image`.
    #[schema(
        min_length = 1,
        max_length = 256,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]+$",
        example = "openai/gpt-image-1-mini"
    )]
    pub model: String,
    /// The image, or as `image[]` up to 16 of them, as parts of a form with a `filename`; in JSON a data URL or several. The whole
    /// request is at most 4.5 MB.
    #[schema(value_type = String)]
    pub image: serde_json::Value,
    /// An image whose transparent parts say where to change the first one.
    #[schema(value_type = Option<String>)]
    pub mask: Option<Vec<u8>>,
    /// What is to be changed.
    #[schema(min_length = 1)]
    pub prompt: String,
    /// How many images come of it.
    #[schema(minimum = 1, maximum = 10)]
    pub n: Option<i64>,
    /// Width and height, such as `1024x1024`; the model's choice unless said.
    pub size: Option<String>,
    /// Such as `low`, `medium` or `high`; the model's choice unless said.
    pub quality: Option<String>,
    /// How close it stays to what is given, faces above all: `high` costs more tokens of the prompt.
    pub input_fidelity: Option<String>,
    /// Whether the images come as server-sent events, partial ones first.
    pub stream: Option<bool>,
}

/// `POST /v1/images/edits`
///
/// # Errors
/// Every refusal of key, limits and credit, and every failure before the first image.
#[utoipa::path(post, path = "/v1/images/edits", tag = "inference",
    request_body(content((ImageEditRequest = "multipart/form-data"), (ImageEditRequest = "application/json"))),
    responses(
        (status = 200, description = "The images; with `stream`, events.",
         content((Images = "application/json"), (StreamEvent = "text/event-stream"))),
        (status = 400, description = "`invalid_request`, `invalid_json`, `missing_model`, `unsupported_model`, `unsupported_modality`; \
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
    let form = form::read(&headers, payload.0, FILES).await?;
    let request = Request::parse(form, app.config.rows)?;
    call::run(app, &invocation, caller, Arc::new(request), origin(&headers), None).await
}
