//! A response by way of chat: for every provider that speaks no Responses.
//!
//! - `request`, `conversation`: the request as a chat completion's. `sealed`: thoughts that a client keeps for a model. `said`: what a
//!   model has said, as a kept chat has it.
//! - `answer`, `output`, `item`: the chat completion as a response.

mod answer;
mod conversation;
mod item;
mod output;
mod request;
mod said;
mod sealed;

pub use answer::OverChat;
pub use request::{kept_messages, to_chat};
pub use said::said;
pub use sealed::{is_ours as sealed_by_us, seal};
