//! A response by way of chat: for every provider that speaks no Responses.
//!
//! - `request`, `conversation`: the request as a chat completion's. `sealed`: thoughts that a client keeps for a model.
//! - `answer`, `output`, `item`: the chat completion as a response.

mod answer;
mod conversation;
mod item;
mod output;
mod request;
mod sealed;

pub use answer::OverChat;
pub use request::{kept_messages, to_chat};
pub use sealed::{is_ours as sealed_by_us, seal};
