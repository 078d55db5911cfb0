//! `/user/limits`: every limit of the calling key, and what is left.

use axum::extract::State;
use axum::response::Response;
use http::HeaderValue;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use uuid::Uuid;

use super::balance::Trial;
use crate::answer_headers;
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::endpoints::api_keys::SpendLimit;
use crate::error::Result;
use crate::limits::{Used, every_limit};
use crate::object::Object;

/// The limits of a key and of its account.
#[derive(ToSchema)]
pub struct CallerLimits {
    /// `limits`.
    pub object: String,
    /// The plan in force.
    pub plan: PlanInForce,
    /// The account's limits, over all of its keys.
    pub account: LimitWindows,
    /// The calling key's, none above the account's.
    pub key: LimitWindows,
    /// The requests that the calling key serves in all.
    pub key_requests: KeyRequests,
    /// What the calling key may spend.
    #[schema(required)]
    pub key_spend_limit: Option<SpendLimit>,
    /// The account's quotas of this month.
    pub month: MonthlyQuotas,
    /// The account's trial, if it ever had one.
    #[schema(required)]
    pub trial: Option<Trial>,
}

/// A plan.
#[derive(ToSchema)]
pub struct PlanInForce {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// How many requests a key serves.
#[derive(ToSchema)]
pub struct KeyRequests {
    /// Without a limit if null.
    #[schema(required)]
    pub limit: Option<i64>,
    /// How many it has served.
    pub used: i64,
}

/// A month's quotas, in UTC.
#[derive(ToSchema)]
pub struct MonthlyQuotas {
    /// Of requests.
    pub requests: MonthlyQuota,
    /// Of tokens.
    pub tokens: MonthlyQuota,
    /// When they start anew.
    pub resets_at: Timestamp,
}

/// How much of something there is in a month.
#[derive(ToSchema)]
pub struct MonthlyQuota {
    /// In all.
    pub limit: i64,
    /// Used already.
    pub used: i64,
    /// What is left.
    pub remaining: i64,
}

/// A limit and what is left of it.
#[derive(Serialize, ToSchema)]
pub struct LimitWindow {
    /// How many are admitted.
    #[schema(value_type = i64)]
    limit: u64,
    /// How many still are; null when it cannot be told at the moment.
    #[schema(value_type = Option<i64>, required)]
    remaining: Option<u64>,
}

/// Declares what has one member a limit.
macro_rules! members {
    ($($(#[doc = $what:literal])+ $name:ident: $of:expr,)+) => {
        /// Limits, each with what is left of it.
        #[derive(Serialize, ToSchema)]
        pub struct LimitWindows {
            $($(#[doc = $what])+
            $name: LimitWindow,)+
        }

        /// The limits in force.
        #[derive(Deserialize, ToSchema)]
        pub struct LimitsInForce {
            $($(#[doc = $what])+
            #[schema(value_type = i64)]
            $name: u64,)+
        }

        impl LimitsInForce {
            fn less(&self, used: Option<&Used>) -> LimitWindows {
                let window = |name: &str, limit: u64| LimitWindow {
                    limit,
                    remaining: used.and_then(|used| used.get(name)).map(|used| limit.saturating_sub(*used)),
                };
                LimitWindows { $($name: window(stringify!($name), self.$name)),+ }
            }
        }
    };
}
every_limit!(members);

#[derive(Deserialize)]
struct Found {
    account_id: Uuid,
    key_id: Uuid,
    account: LimitsInForce,
    key: LimitsInForce,
}

/// `GET /user/limits`. While the counters cannot be read, what is left is null and `x-ratelimit-degraded` is set.
///
/// # Errors
/// The refusals of key validation.
#[utoipa::path(get, path = "/user/limits", tag = "account", responses((status = 200, body = CallerLimits)))]
pub async fn show(State(app): State<SharedApp>, caller: Caller) -> Result<Response> {
    let limits: Box<RawValue> = caller.rpc(&app, "get_limits", json!({})).await?;
    let found: Found = serde_json::from_str(limits.get()).map_err(|error| answer::malformed(&error))?;
    let used = app.limiter.usage(found.key_id, found.account_id).await;
    let word = || {
        let mut answer: Object<'_> = serde_json::from_str(limits.get())?;
        answer.remove("account_id");
        answer.remove("key_id");
        answer.set("account", &found.account.less(used.as_ref().map(|used| &used.account)))?;
        answer.set("key", &found.key.less(used.as_ref().map(|used| &used.key)))?;
        serde_json::value::to_raw_value(&answer)
    };
    let worded = word().map_err(|error| answer::malformed(&error))?;
    let mut response = answer::private(&worded);
    if used.is_none() {
        response.headers_mut().insert(answer_headers::DEGRADED, HeaderValue::from_static("true"));
    }
    Ok(response)
}
