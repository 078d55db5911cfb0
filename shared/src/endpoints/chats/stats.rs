//! `/v1/chat/stats`: how much an account keeps.

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::error::Result;

/// What an account keeps of its chats.
#[derive(ToSchema)]
pub struct ChatStats {
    /// `chat.stats`.
    pub object: String,
    /// Sessions.
    pub sessions: i64,
    /// How many there may be.
    pub sessions_limit: i64,
    /// Their messages.
    pub messages: i64,
    /// What all of it takes, encrypted.
    pub bytes: i64,
    /// How much it may take.
    pub bytes_limit: i64,
    /// When the last message came.
    #[schema(required)]
    pub last_message_at: Option<Timestamp>,
    /// For how many days after its last message a session is kept; null: until it is deleted.
    #[schema(required)]
    pub retention_days: Option<i64>,
}

/// `GET /v1/chat/stats`: how many sessions and messages the account keeps, and how much room they take.
///
/// # Errors
/// The refusals of key validation.
#[utoipa::path(get, path = "/v1/chat/stats", tag = "chats", responses((status = 200, body = ChatStats)))]
pub async fn show(State(app): State<SharedApp>, caller: Caller) -> Result<Response> {
    let stats: Box<RawValue> = caller.rpc(&app, "get_chat_stats", json!({})).await?;
    Ok(answer::private(&stats))
}
