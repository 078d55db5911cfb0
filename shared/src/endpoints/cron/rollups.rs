//! `/api/cron/rollups`: sums up the hours that are over.

use axum::extract::State;
use axum::response::Response;
use serde_json::json;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::CronCaller;
use crate::app::SharedApp;
use crate::endpoints::answer;
use crate::error::Result;

/// What was done.
#[derive(ToSchema)]
pub struct RolledUp {
    /// Accounts whose usage was summed up.
    pub accounts: i64,
}

/// `GET /api/cron/rollups`
///
/// # Errors
/// 401 without the cron secret; 503 when the database is away.
#[utoipa::path(get, path = "/api/cron/rollups", tag = "cron", responses((status = 200, body = RolledUp)))]
pub async fn roll_up(State(app): State<SharedApp>, _: CronCaller) -> Result<Response> {
    let rolled_up: Box<RawValue> = app.supabase()?.rpc("roll_up_usage", &json!({})).await?;
    Ok(answer::private(&rolled_up))
}
