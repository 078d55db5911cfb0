//! `/user/notifications/test` and `/user/notifications/send-usage-report`: mail that is asked for.

use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::app::{App, SharedApp};
use crate::caller::Caller;
use crate::config::configured;
use crate::endpoints::answer;
use crate::endpoints::input::Input;
use crate::error::Result;
use crate::mail::outbox::deliver;

/// For how long mail is sent before the answer; what is left goes by the cron job.
const LONGEST: Duration = Duration::from_secs(3);

/// Nothing: it goes to the account's own address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(json!({})))]
pub struct MailRequest {}

/// A mail that is on its way.
#[derive(ToSchema)]
pub struct RequestedMail {
    /// `notification`.
    pub object: String,
    /// Which: `test` or `usage_report`.
    pub kind: String,
    /// Where it goes.
    pub address: String,
}

async fn request(app: &App, caller: &Caller, kind: &str) -> Result<Response> {
    configured(&app.config.mail)?;
    let queued: Box<RawValue> = caller.rpc(app, "request_mail", json!({ "kind": kind })).await?;
    if let Err(error) = deliver(app, LONGEST).await {
        tracing::warn!(%error, "mail waits for the cron job");
    }
    Ok(answer::private(&queued))
}

/// `POST /user/notifications/test`: mails the account, to see whether mail reaches it. Five an hour.
///
/// # Errors
/// The refusals of key validation; 409 `mail_not_possible`; 429 `too_many_attempts`.
#[utoipa::path(post, path = "/user/notifications/test", tag = "account", request_body = MailRequest, responses(
    (status = 200, body = RequestedMail), (status = 409, description = "`mail_not_possible`"),
    (status = 429, description = "`too_many_attempts`"),
    (status = 503, description = "`service_unavailable`, `account_busy`, `not_configured`")))]
pub async fn test(State(app): State<SharedApp>, caller: Caller, _: Input<MailRequest>) -> Result<Response> {
    request(&app, &caller, "test").await
}

/// `POST /user/notifications/send-usage-report`: mails what was used this month so far. Five an hour.
///
/// # Errors
/// As for a test.
#[utoipa::path(post, path = "/user/notifications/send-usage-report", tag = "account", request_body = MailRequest, responses(
    (status = 200, body = RequestedMail), (status = 409, description = "`mail_not_possible`"),
    (status = 429, description = "`too_many_attempts`"),
    (status = 503, description = "`service_unavailable`, `account_busy`, `not_configured`")))]
pub async fn usage_report(State(app): State<SharedApp>, caller: Caller, _: Input<MailRequest>) -> Result<Response> {
    request(&app, &caller, "usage_report").await
}
