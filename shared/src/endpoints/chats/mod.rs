//! `/v1/chat/…`: chats that an account keeps.

pub mod export;
pub mod messages;
pub mod search;
pub mod session;
pub mod sessions;
pub mod shown;
pub mod stats;
