//! `/api/cron/notifications`: mails what time has brought, and whatever else is due.

use axum::Json;
use axum::extract::State;

use super::{CronCaller, LONGEST};
use crate::app::SharedApp;
use crate::error::Result;
use crate::mail::due::send_all;
use crate::mail::outbox::Delivered;

/// `GET /api/cron/notifications`
///
/// # Errors
/// 401 without the cron secret; 503 when the database is away.
#[utoipa::path(get, path = "/api/cron/notifications", tag = "cron", responses((status = 200, body = Delivered)))]
pub async fn send(State(app): State<SharedApp>, _: CronCaller) -> Result<Json<Delivered>> {
    Ok(Json(send_all(&app, LONGEST).await?))
}
