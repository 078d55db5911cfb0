//! What the gateway is for.

mod app_name;
pub mod chat_completions;
pub mod completions;
pub mod count_tokens;
pub mod embeddings;
pub mod image_edits;
pub mod images;
pub mod messages;
mod origin;
mod refusals;
pub mod rerank;
pub mod responses;
mod session;
pub mod speech;
pub mod transcriptions;

use utoipa::{IntoParams, ToSchema};

/// The header that makes a plain call safe to repeat, as documentation sees it.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct IdempotentCall {
    /// For ten minutes the same key and body give the same answer, with `idempotent-replayed: true` and without a charge; while
    /// the first call runs, 409 `idempotency_in_progress`; another body is refused. A call that failed is not remembered, nor one
    /// whose answer is larger than 128 KiB. Streams and forms ignore it.
    #[param(rename = "Idempotency-Key", min_length = 1, max_length = 255)]
    pub idempotency_key: Option<String>,
}

/// The header that sorts a call, as documentation sees it.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct TaggedCall {
    /// What the call is sorted under in reports (`GET /v1/report?group_by=tag`): up to ten tags of at most 64 characters, with
    /// commas between them. `metadata.tags` says the same in the body.
    #[param(rename = "x-gateway-tag", example = "production,chatbot")]
    pub tags: Option<String>,
}

/// A server-sent event of a streamed answer.
#[derive(ToSchema)]
pub struct StreamEvent {
    /// A chunk as OpenAI's API gives it, as JSON, and last `[DONE]`; or an event as the Responses API or
    /// Anthropic's gives it.
    pub data: String,
}
