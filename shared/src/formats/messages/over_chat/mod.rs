//! A message by way of chat: for every provider that speaks no Messages.
//!
//! - `request`, `content`: the request as a chat completion's.
//! - `answer`, `blocks`: the chat completion as a message.

mod answer;
mod blocks;
mod content;
mod request;

pub use answer::OverChat;
pub use content::kept_messages;
pub use request::to_chat;
