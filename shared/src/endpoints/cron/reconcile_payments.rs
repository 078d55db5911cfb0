//! `/api/cron/reconcile-payments`: what no webhook has told of payments.

use axum::Json;
use axum::extract::State;

use super::{CronCaller, LONGEST};
use crate::app::SharedApp;
use crate::error::Result;
use crate::payments::reconcile::{Reconciled, reconcile as find_out};

/// `GET /api/cron/reconcile-payments`
///
/// # Errors
/// 401 without the cron secret; 503 when the database or Stripe is away.
#[utoipa::path(get, path = "/api/cron/reconcile-payments", tag = "cron", responses((status = 200, body = Reconciled)))]
pub async fn reconcile(State(app): State<SharedApp>, _: CronCaller) -> Result<Json<Reconciled>> {
    Ok(Json(find_out(&app, LONGEST).await?))
}
