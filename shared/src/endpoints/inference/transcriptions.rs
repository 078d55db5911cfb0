//! `/v1/audio/transcriptions` and `/v1/audio/translations`: the text of what is spoken.

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
use crate::formats::form;
use crate::formats::transcription::{FILES, TranscriptionRequest as Request, Wanted};
use crate::serve::{Invocation, Payload};

/// A sound whose text is asked for, as a form as OpenAI's API takes it, or as JSON with `input_audio` as OpenRouter's does. What
/// is not named here is passed on.
#[derive(ToSchema)]
#[schema(examples(json!({"model": "openai/whisper-1", "input_audio": {"data": "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=", "format": "wav"}})))]
pub struct TranscriptionRequest {
    /// A model's id, or `provider:id`; of the kind `transcription`.
    #[schema(min_length = 1, max_length = 256, pattern = r"^[^\x00-\x1f\x7f-\x9f]+$", example = "openai/whisper-1")]
    pub model: String,
    /// The sound, as a part of a form with a `filename` whose extension says its format. The whole request is at most 4.5 MB.
    #[schema(value_type = Option<String>, content_media_type = "application/octet-stream")]
    pub file: Option<Vec<u8>>,
    /// In JSON: `data`, the sound in base64, and its `format`.
    #[schema(value_type = Option<Object>)]
    pub input_audio: Option<serde_json::Value>,
    /// The language that is spoken, as in ISO 639-1.
    pub language: Option<String>,
    /// Words that may be said, or what was said before.
    pub prompt: Option<String>,
    /// What the text comes as; `json` unless said. Which of them a model knows is its own matter.
    #[schema(pattern = "^(json|text|srt|vtt|verbose_json|diarized_json)$")]
    pub response_format: Option<String>,
    /// Of `verbose_json`: `word`, `segment`.
    pub timestamp_granularities: Option<Vec<String>>,
    /// Whether the text comes as server-sent events, while it is written.
    pub stream: Option<bool>,
}

/// A transcript as OpenAI's API gives it, with `usage.cost` and `gateway` added.
#[derive(ToSchema)]
#[schema(examples(json!({
    "text": "Hello there.", "model": "openai/whisper-1", "provider": "openai",
    "usage": {"type": "duration", "seconds": 3, "cost": 0.0003},
    "gateway": {"provider": "openai", "upstream_model": "whisper-1", "request_id": "0193a5b0-7c3e-7000-8000-000000000001"}})))]
pub struct Transcript {
    /// What is said.
    pub text: String,
    /// The model's id in the catalog.
    pub model: String,
    /// Who served it.
    pub provider: String,
    /// Seconds or tokens, and `cost` in US dollars: exactly what the balance loses.
    #[schema(value_type = Object)]
    pub usage: serde_json::Value,
    /// The provider that served it, its own name of the model (`upstream_model`), and the request's id.
    #[schema(value_type = Object)]
    pub gateway: serde_json::Value,
}

/// `POST /v1/audio/transcriptions`
///
/// # Errors
/// Every refusal of key, limits and credit, and every failure before the first text.
#[utoipa::path(post, path = "/v1/audio/transcriptions", tag = "inference",
    request_body(content((TranscriptionRequest = "multipart/form-data"), (TranscriptionRequest = "application/json"))),
    responses(
        (status = 200, description = "The text; with `stream`, events.",
         content((Transcript = "application/json"), (String = "text/plain"), (StreamEvent = "text/event-stream"))),
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
    let request = Request::parse(form, Wanted::Transcription, app.config.rows)?;
    call::run(app, &invocation, caller, Arc::new(request), origin(&headers), None).await
}

/// `POST /v1/audio/translations`: the text in English.
///
/// # Errors
/// As of a transcription.
#[utoipa::path(post, path = "/v1/audio/translations", tag = "inference",
    request_body(content((TranscriptionRequest = "multipart/form-data"), (TranscriptionRequest = "application/json"))),
    responses(
        (status = 200, description = "The text in English; with `stream`, events.",
         content((Transcript = "application/json"), (String = "text/plain"), (StreamEvent = "text/event-stream"))),
        (status = 400, description = "`invalid_request`, `invalid_json`, `missing_model`, `unsupported_model`, `unsupported_modality`; \
            `upstream_rejected` in the provider's own words"),
        (status = 404, description = "`model_not_found`"),
        (status = 409, description = "`call_finished`"),
        CallRefusals))]
pub async fn translate(
    State(app): State<SharedApp>,
    invocation: Invocation,
    caller: Caller,
    _: NoSession,
    headers: HeaderMap,
    payload: Payload,
) -> Result<Response> {
    let form = form::read(&headers, payload.0, FILES).await?;
    let request = Request::parse(form, Wanted::Translation, app.config.rows)?;
    call::run(app, &invocation, caller, Arc::new(request), origin(&headers), None).await
}
