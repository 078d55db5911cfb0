//! `/admin/limit`: an account's own limits in place of its plan's.

use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use super::check_account;
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::endpoints::input::Input;
use crate::endpoints::members::{given, object};
use crate::error::{Error, Result};
use crate::integer::Integer;
use crate::limits::every_limit;

/// The highest limit: a million times what any plan gives a minute, and a number that every store counts exactly.
const HIGHEST: i64 = 1_000_000_000_000;

/// Declares the limits once for the request, where each may be left out, and for answers, where each is there.
macro_rules! members {
    ($($(#[doc = $what:literal])+ $name:ident,)+) => {
        /// Limits to be set; what is left out stays, and null goes back to the plan's.
        #[derive(Debug, Deserialize, Serialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        pub struct NewAccountLimits {
            $($(#[doc = $what])+
            #[serde(default, deserialize_with = "given", skip_serializing_if = "Option::is_none")]
            #[schema(value_type = Option<i64>, minimum = 1, maximum = 1_000_000_000_000_i64)]
            $name: Option<Option<Integer>>,)+
        }

        impl NewAccountLimits {
            /// Each limit that is given a figure.
            fn figures(&self) -> impl Iterator<Item = (&'static str, i64)> {
                [$((stringify!($name), self.$name)),+]
                    .into_iter()
                    .filter_map(|(name, given)| Some((name, given??.0)))
            }
        }

        /// An account's own limits; null where its plan's holds.
        #[derive(ToSchema)]
        pub struct AccountRateLimits {
            $($(#[doc = $what])+
            #[schema(required)]
            pub $name: Option<i64>,)+
        }
    };
}

/// Those that the limiter counts, and the month's, which the database does.
macro_rules! with_months {
    ($($(#[doc = $what:literal])+ $name:ident: $of:expr,)+) => {
        members! {
            $($(#[doc = $what])+ $name,)+
            /// Requests within a month.
            requests_per_month,
            /// Tokens within a month.
            tokens_per_month,
        }
    };
}
every_limit!(with_months);

/// Whose limits, and which. The account is named by id or by e-mail.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({"email": "ann@example.com", "limits": {"requests_per_minute": 600, "burst": null}})))]
pub struct LimitChange {
    /// The account's id.
    account_id: Option<Uuid>,
    /// Its address, in place of the id.
    email: Option<String>,
    /// The limits to be set.
    #[serde(deserialize_with = "object")]
    limits: NewAccountLimits,
}

/// The limits that the account has now.
#[derive(ToSchema)]
pub struct AccountLimits {
    /// `account_limits`.
    pub object: String,
    /// The account.
    pub account_id: Uuid,
    /// The plan whose limits hold where there is none of its own.
    pub plan_in_force: String,
    /// Its own limits.
    pub rate_limits: AccountRateLimits,
}

/// `POST /admin/limit`: holds on the account's next call.
///
/// # Errors
/// The refusals of key validation; 404 `account_not_found`; 409 `account_deleted`; 400 for a limit out of range.
#[utoipa::path(post, path = "/admin/limit", tag = "admin", request_body = LimitChange, responses(
    (status = 200, body = AccountLimits),
    (status = 404, description = "`account_not_found`"),
    (status = 409, description = "`account_deleted`")))]
pub async fn set(State(app): State<SharedApp>, caller: Caller, input: Input<LimitChange>) -> Result<Response> {
    let request = input.body;
    check_account(request.account_id, request.email.as_deref())?;
    if let Some((name, _)) = request.limits.figures().find(|(_, figure)| !(1..=HIGHEST).contains(figure)) {
        let message = format!("`limits.{name}` is a number from 1 to {HIGHEST}, or null.");
        return Err(Error::invalid(format!("limits.{name}"), message));
    }
    let limits: Box<RawValue> = caller.rpc(&app, "set_account_limits", json!({ "request": request })).await?;
    Ok(answer::private(&limits))
}
