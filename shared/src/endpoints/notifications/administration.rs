//! `/admin/notifications/stats` and `/admin/notifications/process`: the outbox of mail.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::app::SharedApp;
use crate::caller::Caller;
use crate::endpoints::answer;
use crate::endpoints::input::Input;
use crate::error::Result;
use crate::mail::due::send_all;
use crate::mail::outbox::Delivered;

/// For how long one request sends.
const LONGEST: Duration = Duration::from_secs(8);

/// How the outbox stands.
#[derive(ToSchema)]
pub struct NotificationStats {
    /// `notification_stats`.
    pub object: String,
    /// Mails that wait.
    pub due: i64,
    /// Mails of batches that are under way, or wait to be sent again.
    pub sending: i64,
    /// Since when the oldest waits.
    #[schema(required)]
    pub oldest_due_at: Option<Timestamp>,
    /// What became of those of the last thirty days.
    pub ended: Vec<EndedNotifications>,
    /// Addresses that take no mail.
    pub suppressed_addresses: i64,
}

/// Mails of a kind that have ended alike.
#[derive(ToSchema)]
pub struct EndedNotifications {
    /// Their kind.
    pub kind: String,
    /// `sent`, `failed`, `suppressed`, or `unknown` where nobody could say within a day.
    pub state: String,
    /// How many.
    pub count: i64,
}

/// Nothing: all that is due is sent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({})))]
pub struct ProcessRequest {}

/// `GET /admin/notifications/stats`
///
/// # Errors
/// The refusals of key validation.
#[utoipa::path(get, path = "/admin/notifications/stats", tag = "admin", responses((status = 200, body = NotificationStats)))]
pub async fn stats(State(app): State<SharedApp>, caller: Caller) -> Result<Response> {
    let stats: Box<RawValue> = caller.rpc(&app, "get_notification_stats", json!({})).await?;
    Ok(answer::private(&stats))
}

/// `POST /admin/notifications/process`: sends what is due, as the cron job does.
///
/// # Errors
/// The refusals of key validation; 503 when the database is away.
#[utoipa::path(post, path = "/admin/notifications/process", tag = "admin", request_body = ProcessRequest,
    responses((status = 200, body = Delivered)))]
pub async fn process(
    State(app): State<SharedApp>,
    caller: Caller,
    _: Input<ProcessRequest>,
) -> Result<Json<Delivered>> {
    let _: Value = caller.rpc(&app, "check_caller", json!({ "scope": "admin:notifications" })).await?;
    Ok(Json(send_all(&app, LONGEST).await?))
}
