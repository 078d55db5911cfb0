//! What the gateway is for.

mod app_name;
pub mod chat_completions;
pub mod completions;
pub mod count_tokens;
pub mod embeddings;
pub mod images;
pub mod messages;
pub mod rerank;
mod session;
pub mod speech;

use utoipa::ToSchema;

/// A server-sent event of a streamed answer.
#[derive(ToSchema)]
pub struct StreamEvent {
    /// A chunk as OpenAI's API gives it, as JSON, and last `[DONE]`; or an event as Anthropic's API gives it.
    pub data: String,
}
