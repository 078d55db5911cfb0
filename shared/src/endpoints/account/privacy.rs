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
use crate::endpoints::members::{given, not_null};
use crate::error::{Code, Error, Result};
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
    /// For how many days after the last response of its conversation a stored response is kept; 0: none is stored.
    pub response_retention_days: i64,
    /// How the account's usage stands in the public rankings.
    pub ranking: RankingChoice,
}

/// How an account's usage stands in `GET /ranking/models` and `/ranking/apps`.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RankingChoice {
    /// It is counted; its apps are shown where five accounts or more use them.
    Counted,
    /// It is counted, and its apps are shown however few accounts use them, if all of these wish so.
    Named,
    /// From now on it is not counted.
    Excluded,
}

/// What changes of it: at least one of its members. What is past a shorter time is gone at once.
#[derive(Debug, Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(min_properties = 1, examples(json!({"chat_retention_days": 90}), json!({"response_retention_days": 0}), json!({"ranking": "excluded"})))]
pub struct PrivacyChange {
    /// For how many days after its last message a chat session is kept, 1 to 3650; null: until it is deleted.
    #[serde(deserialize_with = "given", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 3650)]
    chat_retention_days: Option<Option<Integer>>,
    /// For how many days after the last response of its conversation a stored response is kept, 0 to 3650: with 0 none is stored,
    /// whatever `store` says.
    #[serde(deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = i64, minimum = 0, maximum = 3650, required = false)]
    response_retention_days: Option<Integer>,
    /// How the account's usage stands in the public rankings: `counted`, `named` or `excluded`.
    #[serde(deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = RankingChoice, required = false)]
    ranking: Option<RankingChoice>,
}

/// `GET /user/privacy`: for how long the account's chats and stored responses are kept, and how its usage stands in rankings.
///
/// # Errors
/// The refusals of key validation.
#[utoipa::path(get, path = "/user/privacy", tag = "account", responses((status = 200, body = Privacy)))]
pub async fn show(State(app): State<SharedApp>, caller: Caller) -> Result<Response> {
    let privacy: Box<RawValue> = caller.rpc(&app, "get_privacy", json!({})).await?;
    Ok(answer::private(&privacy))
}

/// `PATCH /user/privacy`: changes for how long chats and stored responses are kept, and how the usage stands in rankings.
///
/// # Errors
/// The refusals of key validation; 400 for what is no number of days or no choice.
#[utoipa::path(patch, path = "/user/privacy", tag = "account", request_body = PrivacyChange,
    responses((status = 200, body = Privacy)))]
pub async fn update(State(app): State<SharedApp>, caller: Caller, input: Input<PrivacyChange>) -> Result<Response> {
    let change = input.body;
    if change.chat_retention_days.flatten().is_some_and(|days| !(1..=LONGEST).contains(&days.0)) {
        let message = format!(
            "`chat_retention_days` is a number from 1 to {LONGEST}, or null to keep chats until they are deleted."
        );
        return Err(Error::invalid("chat_retention_days", message));
    }
    if change.response_retention_days.is_some_and(|days| !(0..=LONGEST).contains(&days.0)) {
        let message = format!("`response_retention_days` is a number from 0, which stores none, to {LONGEST}.");
        return Err(Error::invalid("response_retention_days", message));
    }
    if change.chat_retention_days.is_none() && change.response_retention_days.is_none() && change.ranking.is_none() {
        let message = "Say what is to change: `chat_retention_days`, `response_retention_days` or `ranking`.";
        return Err(Error::new(Code::InvalidRequest).with_message(message));
    }
    let privacy: Box<RawValue> = caller.rpc(&app, "update_privacy", json!({ "request": change })).await?;
    Ok(answer::private(&privacy))
}
