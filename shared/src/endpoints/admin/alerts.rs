//! `/admin/rate-limits/alerts` and `/admin/rate-limits/system`: what the operator was told of, and how the limits stand.

use std::borrow::Cow;
use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{IntoParams, PartialSchema, ToSchema};
use uuid::Uuid;

use crate::alerts::causes::{CAUSES, find};
use crate::app::{App, SharedApp};
use crate::caller::Caller;
use crate::credits::outbox;
use crate::endpoints::answer::{self, Page, malformed};
use crate::endpoints::api_keys::key_cursor;
use crate::endpoints::input::{Params, page_size};
use crate::endpoints::platform::breakers::Breaker;
use crate::error::Result;
use crate::object::Object;

/// The name of a cause.
#[derive(Clone, Copy, Debug)]
pub struct CauseName(&'static str);

impl<'de> Deserialize<'de> for CauseName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let name = Cow::<'_, str>::deserialize(deserializer)?;
        find(&name).map(|cause| Self(cause.name)).ok_or_else(|| D::Error::custom("no cause of alerts"))
    }
}

impl PartialSchema for CauseName {
    fn schema() -> RefOr<Schema> {
        let names = CAUSES.iter().map(|cause| cause.name);
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names)).into()
    }
}

impl ToSchema for CauseName {}

/// Which alerts, and which page of them.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AlertQuery {
    /// Of this cause.
    #[param(inline)]
    cause: Option<CauseName>,
    /// Alerts a page.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u32>,
    /// Where the page before ended.
    #[param(format = "uuid")]
    cursor: Option<String>,
}

/// Something that was wrong on a day.
#[derive(ToSchema)]
pub struct Alert {
    /// `alert`.
    pub object: String,
    /// Its id.
    pub id: Uuid,
    /// What is wrong: `ledger_problem`, `dispute`, `provider_account` … (docs/operations.md names them all).
    pub cause: String,
    /// What it is about, such as a provider's name.
    #[schema(required)]
    pub subject: Option<String>,
    /// The day (UTC) on which it is told of once.
    #[schema(value_type = String, format = Date)]
    pub day: Date,
    /// What is known of it, as it was found last.
    #[schema(value_type = Object)]
    pub details: serde_json::Value,
    /// When it was first found on that day.
    pub first_at: Timestamp,
    /// When it was last found on that day.
    pub last_at: Timestamp,
    /// When it was mailed to `ALERT_EMAIL`.
    #[schema(required)]
    pub mailed_at: Option<Timestamp>,
    /// When `ALERT_WEBHOOK_URL` took it.
    #[schema(required)]
    pub posted_at: Option<Timestamp>,
}

/// How the limiter stands.
#[derive(ToSchema)]
pub struct LimitSystem {
    /// `rate_limit_system`.
    pub object: String,
    /// `ok`; `unavailable` or `not_configured`, where each instance limits calls by itself.
    pub redis: String,
    /// Whom calls avoid at present.
    pub breakers: Vec<Breaker>,
    /// Settlements that wait to be booked; null where Redis does not tell.
    #[schema(required)]
    pub outbox: Option<i64>,
    /// Calls that are under way, or whose function died within the last minutes.
    pub open_calls: i64,
    /// The limits of each plan.
    pub plans: Vec<LimitsOfPlan>,
    /// Accounts with limits in place of their plan's.
    pub accounts_with_own_limits: i64,
    /// Keys with limits below their account's.
    pub keys_with_own_limits: i64,
}

/// What a plan allows.
#[derive(ToSchema)]
pub struct LimitsOfPlan {
    /// Its id.
    pub id: String,
    /// Its limits by their names.
    pub limits: BTreeMap<String, i64>,
}

/// `GET /admin/rate-limits/alerts`: what the operator was told of in the last ninety days, newest first.
///
/// # Errors
/// The refusals of key validation; 400 for a parameter that is not known or out of range.
#[utoipa::path(get, path = "/admin/rate-limits/alerts", tag = "admin", params(AlertQuery),
    responses((status = 200, body = Page<Alert>)))]
pub async fn list(State(app): State<SharedApp>, caller: Caller, Params(query): Params<AlertQuery>) -> Result<Response> {
    let query = json!({
        "cause": query.cause.map(|cause| cause.0),
        "limit": page_size(query.limit, None, 100)?,
        "cursor": key_cursor(query.cursor.as_deref())?,
    });
    let alerts: Box<RawValue> = caller.rpc(&app, "list_alerts", json!({ "query": query })).await?;
    Ok(answer::private(&alerts))
}

/// `GET /admin/rate-limits/system`: whether Redis counts, whom calls avoid, what waits, and which limits hold.
///
/// # Errors
/// The refusals of key validation.
#[utoipa::path(get, path = "/admin/rate-limits/system", tag = "admin", responses((status = 200, body = LimitSystem)))]
pub async fn system(State(app): State<SharedApp>, caller: Caller) -> Result<Response> {
    let stored: Box<RawValue> = caller.rpc(&app, "get_limit_system", json!({})).await?;
    let (redis, breakers, waiting) = redis(&app).await;
    let show = || {
        let mut system: Object<'_> = serde_json::from_str(stored.get())?;
        system.set("redis", redis)?;
        system.set("breakers", &breakers)?;
        system.set("outbox", &waiting)?;
        to_raw_value(&system)
    };
    Ok(answer::private(&show().map_err(|error| malformed(&error))?))
}

/// How Redis is, whom calls avoid, and how many settlements wait.
async fn redis(app: &App) -> (&'static str, Vec<Breaker>, Option<i64>) {
    let Some(upstash) = app.upstash_if_configured() else { return ("not_configured", Vec::new(), None) };
    let (breakers, waiting) = tokio::join!(app.limiter.open_breakers(upstash), outbox::length(app));
    match (breakers, waiting) {
        (Ok(breakers), Some(waiting)) => ("ok", breakers.into_iter().map(Breaker::of).collect(), Some(waiting)),
        _ => ("unavailable", Vec::new(), None),
    }
}
