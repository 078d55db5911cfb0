//! `/api/cron/alerts`: looks for what the operator should be told at once.

use axum::Json;
use axum::extract::State;

use super::{CronCaller, LONGEST};
use crate::alerts::look::{Looked, look};
use crate::app::SharedApp;
use crate::error::Result;

/// `GET /api/cron/alerts`: looks for what is wrong and tells it, each once a day and cause; checks the whole ledger once a day, some of
/// it a run; and tells accounts of spending that they want to be told of.
///
/// # Errors
/// 401 without the cron secret; 503 when the database is away.
#[utoipa::path(get, path = "/api/cron/alerts", tag = "cron", responses((status = 200, body = Looked)))]
pub async fn watch(State(app): State<SharedApp>, _: CronCaller) -> Result<Json<Looked>> {
    Ok(Json(look(&app, LONGEST / 2).await?))
}
