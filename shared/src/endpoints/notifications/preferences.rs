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
    /// Credit that lapses soon.
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool, required = false)]
    credits_expiring: Option<bool>,
    /// End users that come near their budget, or to it.
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool, required = false)]
    end_user_budget: Option<bool>,
    /// Keys that expire soon.
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool, required = false)]
    key_expiring: Option<bool>,
    /// A balance that is low.
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool, required = false)]
    low_balance: Option<bool>,
    /// No credit left.
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool, required = false)]
    out_of_credits: Option<bool>,
    /// Rewards of recommendations.
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool, required = false)]
    referral_reward: Option<bool>,
    /// Keys that come near their spend limit, or to it.
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool, required = false)]
    spend_limit: Option<bool>,
    /// A trial that has ended.
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool, required = false)]
    trial_ended: Option<bool>,
    /// A trial that ends soon.
    #[serde(default, deserialize_with = "not_null", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = bool, required = false)]
    trial_ending: Option<bool>,
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use utoipa::PartialSchema as _;

    use super::*;
    use crate::mail::KINDS;

    #[test]
    fn each_kind_of_mail_that_can_be_switched_off_is_offered() {
        let schema = serde_json::to_value(PreferencesChange::schema()).expect("a schema");
        let offered: BTreeSet<&str> =
            schema["properties"].as_object().expect("properties").keys().map(String::as_str).collect();
        let optional: BTreeSet<&str> = KINDS.iter().filter(|kind| kind.optional).map(|kind| kind.name).collect();
        assert_eq!(offered, optional);
    }
}
