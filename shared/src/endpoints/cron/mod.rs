//! Housekeeping that a timer calls. Without it the gateway serves on, but holds of dead functions stay open until the next call of
//! their account, old data stays, and keys that were sealed under an older ENCRYPTION_KEYS version are not renewed.

pub mod alerts;
pub mod notifications;
pub mod reconcile_payments;
pub mod retention;
pub mod rollups;
pub mod sweep_holds;
pub mod sync_models;
pub mod webhooks;

use std::time::Duration;

use axum::extract::FromRequestParts;
use http::request::Parts;
use serde::Deserialize;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use crate::app::SharedApp;
use crate::caller::bearer;
use crate::config::configured;
use crate::error::{Code, Error};

/// After this time no further step begins: the function has a minute, and the next run goes on where this one ended.
pub(super) const LONGEST: Duration = Duration::from_secs(30);

/// An account for which a step failed; the step is done for all others.
#[derive(Debug, Deserialize)]
struct FailedAccount {
    account_id: Uuid,
    reason: String,
}

fn log_failed(what: &'static str, failed: &[FailedAccount]) {
    for FailedAccount { account_id, reason } in failed {
        tracing::error!(%account_id, %reason, "housekeeping of an account fails: {what}");
    }
}

/// A caller that knows the cron secret. Vercel sends it as a bearer token.
pub struct CronCaller;

impl FromRequestParts<SharedApp> for CronCaller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &SharedApp) -> Result<Self, Error> {
        let secret = configured(&app.config.cron_secret)?;
        let shown = bearer(&parts.headers).unwrap_or_default();
        if bool::from(shown.as_bytes().ct_eq(secret.as_bytes())) {
            Ok(Self)
        } else {
            Err(Code::InvalidCronSecret.into())
        }
    }
}
