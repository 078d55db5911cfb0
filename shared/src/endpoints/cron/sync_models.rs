//! `/api/cron/sync-models`: what providers' own lists of models say.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::{CronCaller, LONGEST};
use crate::app::SharedApp;
use crate::error::Result;
use crate::providers::lists::{ReadList, read_all};

/// What became of the lists.
#[derive(Serialize, ToSchema)]
pub struct SyncedModels {
    /// The providers that have our key.
    providers: Vec<ReadList>,
}

/// `GET /api/cron/sync-models`: reads every provider's own list. A price changes by itself only within `PRICE_CHANGE_PERCENT`.
///
/// # Errors
/// 401 without the cron secret; 503 when the database is away.
#[utoipa::path(get, path = "/api/cron/sync-models", tag = "cron", responses((status = 200, body = SyncedModels)))]
pub async fn sync(State(app): State<SharedApp>, _: CronCaller) -> Result<Json<SyncedModels>> {
    Ok(Json(SyncedModels { providers: read_all(&app, LONGEST).await? }))
}
