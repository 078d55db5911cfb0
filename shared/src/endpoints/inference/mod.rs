//! What the gateway is for.

mod app_name;
pub mod chat_completions;
pub mod completions;

use utoipa::ToSchema;

/// A server-sent event of a streamed answer.
#[derive(ToSchema)]
pub struct StreamEvent {
    /// A chunk as OpenAI's API gives it, as JSON; the last one is `[DONE]`.
    pub data: String,
}
