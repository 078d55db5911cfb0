//! Housekeeping that a timer calls. Nothing is wrong if it never does.

pub mod retention;
pub mod rollups;
pub mod sweep_holds;

use axum::extract::FromRequestParts;
use http::request::Parts;
use subtle::ConstantTimeEq;

use crate::app::SharedApp;
use crate::caller::bearer;
use crate::config::configured;
use crate::error::{Code, Error};

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
