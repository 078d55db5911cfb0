//! `/user/privacy`: what is kept of an account, and for how long.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::endpoints::input::Input;
use crate::error::{Error, Result};
use crate::integer::Integer;

/// The longest time, in days: ten years.
const LONGEST: i64 = 3650;

/// What is kept, and for how long.
#[derive(ToSchema)]
pub struct Privacy {
    /// `privacy`.
    pub object: String,
    /// For how many days after its last message a chat session is kept; null: until it is deleted.
    #[schema(required)]
    pub chat_retention_days: Option<i64>,
}

/// What changes of it.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"chat_retention_days": 90})))]
pub struct PrivacyChange {
    /// For how many days after its last message a chat session is kept, 1 to 3650; null: until it is deleted. What is past
    /// a shorter time is gone at once.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required, value_type = Option<i64>, minimum = 1, maximum = 3650)]
    chat_retention_days: Option<Integer>,
}

/// `GET /user/privacy`: what is kept of the account's chats, and for how long.
///
/// # Errors
/// The refusals of key validation.
#[utoipa::path(get, path = "/user/privacy", tag = "account", responses((status = 200, body = Privacy)))]
pub async fn show(State(app): State<SharedApp>, caller: Caller) -> Result<Response> {
    let privacy: Box<RawValue> = caller.rpc(&app, "get_privacy", json!({})).await?;
    Ok(answer::private(&privacy))
}

/// `PATCH /user/privacy`: changes for how long chats are kept.
///
/// # Errors
/// The refusals of key validation; 400 for what is no number of days.
#[utoipa::path(patch, path = "/user/privacy", tag = "account", request_body = PrivacyChange,
    responses((status = 200, body = Privacy)))]
pub async fn update(State(app): State<SharedApp>, caller: Caller, input: Input<PrivacyChange>) -> Result<Response> {
    let change = input.body;
    if change.chat_retention_days.is_some_and(|days| !(1..=LONGEST).contains(&days.0)) {
        let message = format!(
            "`chat_retention_days` is a number from 1 to {LONGEST}, or null to keep chats until they are deleted."
        );
        return Err(Error::invalid("chat_retention_days", message));
    }
    let privacy: Box<RawValue> = caller.rpc(&app, "update_privacy", json!({ "request": change })).await?;
    Ok(answer::private(&privacy))
}
