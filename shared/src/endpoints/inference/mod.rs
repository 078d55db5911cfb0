//! What the gateway is for.

pub mod chat_completions;
