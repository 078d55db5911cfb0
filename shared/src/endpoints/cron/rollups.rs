//! `/api/cron/rollups`: sums up the hours that are over, and drops requests that are older than they are kept.

use std::time::Instant;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{CronCaller, FailedAccount, LONGEST, log_failed};
use crate::app::SharedApp;
use crate::error::Result;

/// What was done.
#[derive(Serialize, ToSchema)]
pub struct RolledUp {
    /// Accounts whose usage was summed up.
    pub accounts: u64,
}

/// A few accounts, and where to go on.
#[derive(Deserialize)]
struct Step {
    accounts: u64,
    failed: Vec<FailedAccount>,
    next: Option<Uuid>,
    dropped: Option<String>,
}

/// `GET /api/cron/rollups`: in steps, none of which keeps an account's calls waiting for long.
///
/// # Errors
/// 401 without the cron secret; 503 when the database is away.
#[utoipa::path(get, path = "/api/cron/rollups", tag = "cron", responses((status = 200, body = RolledUp)))]
pub async fn roll_up(State(app): State<SharedApp>, _: CronCaller) -> Result<Json<RolledUp>> {
    let begun = Instant::now();
    let kept_days = app.config.requests_kept_days;
    let (mut accounts, mut after) = (0, None);
    loop {
        let step: Step =
            app.supabase()?.rpc("roll_up_usage", &json!({ "after": after, "kept_days": kept_days })).await?;
        accounts += step.accounts;
        log_failed("its usage is not summed up", &step.failed);
        after = step.next;
        if let Some(month) = step.dropped {
            tracing::info!(month, "requests dropped");
        }
        if after.is_none() || begun.elapsed() > LONGEST {
            return Ok(Json(RolledUp { accounts }));
        }
    }
}
