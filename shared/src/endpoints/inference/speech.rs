//! `/v1/audio/speech`: a text that is spoken.

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
use crate::formats::speech::SpeechRequest as Request;
use crate::serve::{Invocation, Payload};

/// A text to be spoken, as OpenAI's API takes it. What is not named here is passed on.
#[derive(ToSchema)]
#[schema(examples(json!({"model": "openai/tts-1", "input": "Hello!", "voice": "alloy", "response_format": "mp3"})))]
pub struct SpeechRequest {
    /// A model's id, or `provider:id`; of the kind `speech`.
    #[schema(min_length = 1, max_length = 256, pattern = r"^[^\x00-\x1f\x7f-\x9f]+$", example = "openai/tts-1")]
    pub model: String,
    /// The text. Its characters are what it costs, or the tokens of its sound.
    #[schema(min_length = 1)]
    pub input: String,
    /// Who speaks.
    pub voice: String,
    /// How the sound is written; `mp3` unless said.
    #[schema(pattern = "^(mp3|opus|aac|flac|wav|pcm)$")]
    pub response_format: Option<String>,
    /// `audio`, the sound as bytes, or `sse`, the same as server-sent events, whose last has `usage` with its `cost`: of models
    /// that are sold by tokens.
    #[schema(pattern = "^(audio|sse)$")]
    pub stream_format: Option<String>,
}

/// `POST /v1/audio/speech`: the sound comes while it is made. A body that breaks off is not all of it.
///
/// # Errors
/// Every refusal of key, limits and credit, and every failure before the first sound.
#[utoipa::path(post, path = "/v1/audio/speech", tag = "inference", request_body = SpeechRequest,
    responses(
        (status = 200, description = "The sound, of the type that belongs to `response_format`.",
         content((Vec<u8> = "audio/mpeg"), (Vec<u8> = "audio/opus"), (Vec<u8> = "audio/aac"), (Vec<u8> = "audio/flac"),
                 (Vec<u8> = "audio/wav"), (Vec<u8> = "audio/pcm"), (StreamEvent = "text/event-stream"))),
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
