//! `/v1/chat/completions`: OpenAI chat, streamed or not, every field passed on.

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, header};

use crate::app::SharedApp;
use crate::call;
use crate::caller::{Caller, text};
use crate::chat::request::ChatRequest;
use crate::error::Result;
use crate::serve::{Invocation, Payload};

/// What is kept of an app's name.
const APP_NAME_LENGTH: usize = 128;

/// `POST /v1/chat/completions`
///
/// # Errors
/// Every refusal of key, limits and credit, and every failure before the first byte.
pub async fn create(
    State(app): State<SharedApp>,
    invocation: Invocation,
    caller: Caller,
    headers: HeaderMap,
    payload: Payload,
) -> Result<Response> {
    let request = ChatRequest::parse(payload.0)?;
    call::run(app, &invocation, caller, request, app_name(&headers)).await
}

/// The app that calls, as OpenRouter's clients name it.
fn app_name(headers: &HeaderMap) -> Option<String> {
    let name =
        text(headers, "x-title").or_else(|| text(headers, header::REFERER)).or_else(|| text(headers, "http-referer"));
    name.map(|name| name.chars().take(APP_NAME_LENGTH).collect())
}
