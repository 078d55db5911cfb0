//! A message by way of chat: for every provider that speaks no Messages.
//!
//! - `request`, `content`: the request as a chat completion's. `names`: names of tools that chat finds too long.
//! - `answer`, `pieces`, `blocks`: the chat completion as a message.

mod answer;
mod blocks;
mod content;
mod names;
mod pieces;
mod request;

pub use answer::OverChat;
pub use content::kept_messages;
pub use request::to_chat;
