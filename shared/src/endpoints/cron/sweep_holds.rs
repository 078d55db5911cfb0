//! `/api/cron/sweep-holds`: releases what dead functions left behind, and stores settles that wait in the outbox.

use std::time::Instant;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{CronCaller, FailedAccount, LONGEST, log_failed};
use crate::app::{App, SharedApp};
use crate::credits::settle::drain_outbox;
use crate::error::Result;
use crate::providers::own_keys;

/// What was done.
#[derive(Serialize, ToSchema)]
pub struct Swept {
    /// Accounts whose overdue holds or grants were released, and old records that were forgotten.
    holds: Housekeeping,
    /// Settles that are now in the books.
    settled_from_outbox: usize,
    /// Users' own provider keys that are now under the newest version of the keyring.
    renewed_provider_keys: usize,
}

/// What the database did.
#[derive(Default, Serialize, ToSchema)]
pub struct Housekeeping {
    /// Accounts that were looked after.
    pub accounts: u64,
    /// Records that were forgotten.
    pub forgotten: u64,
}

/// A few accounts, and where to go on.
#[derive(Deserialize)]
struct Step {
    accounts: u64,
    failed: Vec<FailedAccount>,
    forgotten: u64,
    next: Option<Uuid>,
}

/// `GET /api/cron/sweep-holds`
///
/// # Errors
/// 401 without the cron secret; 503 when the database is away.
#[utoipa::path(get, path = "/api/cron/sweep-holds", tag = "cron", responses((status = 200, body = Swept)))]
pub async fn sweep(State(app): State<SharedApp>, _: CronCaller) -> Result<Json<Swept>> {
    // First what is late, then what never came.
    let settled_from_outbox = drain_outbox(&app).await;
    let holds = sweep_accounts(&app).await?;
    let renewed_provider_keys = own_keys::renew_outdated(&app).await?;
    Ok(Json(Swept { holds, settled_from_outbox, renewed_provider_keys }))
}

/// In steps, each of which has few accounts locked.
async fn sweep_accounts(app: &App) -> Result<Housekeeping> {
    let begun = Instant::now();
    let (mut done, mut after) = (Housekeeping::default(), None);
    loop {
        let step: Step = app.supabase()?.rpc("sweep_holds", &json!({ "after": after })).await?;
        done.accounts += step.accounts;
        done.forgotten += step.forgotten;
        log_failed("its holds are not swept", &step.failed);
        after = step.next;
        if after.is_none() || begun.elapsed() > LONGEST {
            return Ok(done);
        }
    }
}
