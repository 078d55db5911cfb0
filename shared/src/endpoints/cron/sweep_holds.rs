//! `/api/cron/sweep-holds`: releases what dead functions left behind, and stores settles that wait in the outbox.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::CronCaller;
use crate::app::SharedApp;
use crate::credits::settle::drain_outbox;
use crate::error::Result;
use crate::providers::own_keys;

/// What was done.
#[derive(Serialize, ToSchema)]
pub struct Swept {
    /// Accounts whose overdue holds or grants were released, and old records that were forgotten.
    #[schema(value_type = Housekeeping)]
    holds: Box<RawValue>,
    /// Settles that are now in the books.
    settled_from_outbox: usize,
    /// Users' own provider keys that are now under the newest version of the keyring.
    renewed_provider_keys: usize,
}

/// What the database did.
#[derive(ToSchema)]
pub struct Housekeeping {
    /// Accounts that were looked after.
    pub accounts: i64,
    /// Records that were forgotten.
    pub forgotten: i64,
}

/// `GET /api/cron/sweep-holds`
///
/// # Errors
/// 401 without the cron secret; 503 when the database is away.
#[utoipa::path(get, path = "/api/cron/sweep-holds", tag = "cron", responses((status = 200, body = Swept)))]
pub async fn sweep(State(app): State<SharedApp>, _: CronCaller) -> Result<Json<Swept>> {
    // First what is late, then what never came.
    let settled_from_outbox = drain_outbox(&app).await;
    let holds = app.supabase()?.rpc("sweep_holds", &json!({})).await?;
    let renewed_provider_keys = own_keys::renew_outdated(&app).await?;
    Ok(Json(Swept { holds, settled_from_outbox, renewed_provider_keys }))
}
