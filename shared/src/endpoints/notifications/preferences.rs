//! `/user/notifications/preferences`: which mail an account wants.

use std::collections::BTreeMap;

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
use crate::endpoints::members::not_null;
use crate::error::Result;

/// What an account has said of mail.
#[derive(ToSchema)]
pub struct NotificationPreferences {
    /// `notification_preferences`.
    pub object: String,
    /// Where mail goes.
    #[schema(required)]
    pub address: Option<String>,
    /// Why none is sent there: it was returned, or its reader complained.
    #[schema(required)]
    pub suppressed: Option<String>,
    /// The kinds that can be switched off, and whether they are on. Of money and of security everybody hears.
    pub kinds: BTreeMap<String, bool>,
}

/// Kinds to be switched on or off; what is left out stays.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"usage_report": false})))]
pub struct PreferencesChange {
    /// Rewards of recommendations.
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool, required = false)]
    referral_reward: Option<bool>,
    /// Reports of what was used.
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool, required = false)]
    usage_report: Option<bool>,
}

/// `GET /user/notifications/preferences`: which kinds of mail the account gets.
///
/// # Errors
/// The refusals of key validation.
#[utoipa::path(get, path = "/user/notifications/preferences", tag = "account",
    responses((status = 200, body = NotificationPreferences)))]
pub async fn show(State(app): State<SharedApp>, caller: Caller) -> Result<Response> {
    let preferences: Box<RawValue> = caller.rpc(&app, "get_notification_preferences", json!({})).await?;
    Ok(answer::private(&preferences))
}

/// `PATCH /user/notifications/preferences`: switches kinds of mail on or off.
///
/// # Errors
/// The refusals of key validation; 400 for a kind that cannot be switched off.
#[utoipa::path(patch, path = "/user/notifications/preferences", tag = "account", request_body = PreferencesChange,
    responses((status = 200, body = NotificationPreferences)))]
pub async fn change(State(app): State<SharedApp>, caller: Caller, input: Input<PreferencesChange>) -> Result<Response> {
    let arguments = json!({ "request": input.body });
    let preferences: Box<RawValue> = caller.rpc(&app, "set_notification_preferences", arguments).await?;
    Ok(answer::private(&preferences))
}
