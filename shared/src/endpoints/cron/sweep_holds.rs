//! `/api/cron/sweep-holds`: releases what dead functions left behind, and stores settles that wait in the outbox.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::CronCaller;
use crate::app::SharedApp;
use crate::credits::settle::drain_outbox;
use crate::error::Result;

/// What was done.
#[derive(Serialize)]
pub struct Swept {
    holds: Box<RawValue>,
    settled_from_outbox: usize,
}

/// `GET /api/cron/sweep-holds`
///
/// # Errors
/// 401 without the cron secret; 503 when the database is away.
pub async fn sweep(State(app): State<SharedApp>, _: CronCaller) -> Result<Json<Swept>> {
    // First what is late, then what never came.
    let settled_from_outbox = drain_outbox(&app).await;
    let holds = app.supabase()?.rpc("sweep_holds", &json!({})).await?;
    Ok(Json(Swept { holds, settled_from_outbox }))
}
