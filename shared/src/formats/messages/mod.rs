//! Anthropic's Messages on the wire (anthropic-sdk-python `types/message_create_params.py`, `types/message.py`,
//! `types/raw_message_stream_event.py`).
//!
//! A provider that speaks it is asked natively, so that prompt caches, signatures of thoughts, documents and citations
//! pass untouched. Any other is asked for a chat completion. The other way round, a provider that speaks nothing else
//! serves the clients of OpenAI's formats through [`AlsoOverMessages`].
//!
//! - `request`, `members`, `prompt`: the request, what is refused since it is not priced, how large its prompt is.
//! - `betas`: which of Anthropic's betas go on. `wire`: events and errors. `usage`: the token counts.
//! - `native`: a provider's message, streamed or whole.
//! - `over_chat`: a message asked for and given by way of chat. `for_chat`: chat by way of a message.

mod betas;
mod for_chat;
mod members;
mod native;
mod over_chat;
mod prompt;
mod request;
mod usage;
pub mod wire;

pub use for_chat::AlsoOverMessages;
pub use prompt::count;
pub use request::MessagesRequest;
