//! `/api/cron/webhooks`: tells users' webhooks what is due.

use std::time::Instant;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::json;

use super::{CronCaller, LONGEST};
use crate::app::SharedApp;
use crate::error::Result;
use crate::keyring;
use crate::webhooks::outbox::{Told, count, deliver};

#[derive(Deserialize)]
struct Written {
    told: u32,
}

/// `GET /api/cron/webhooks`: writes the usage of the day that is over for those that want it, and sends what is due.
///
/// # Errors
/// 401 without the cron secret; 503 when the database is away, or without a keyring.
#[utoipa::path(get, path = "/api/cron/webhooks", tag = "cron", responses((status = 200, body = Told)))]
pub async fn send(State(app): State<SharedApp>, _: CronCaller) -> Result<Json<Told>> {
    // What nobody can sign waits, and is no sign that a webhook fails.
    keyring::newest(&app)?;
    let begun = Instant::now();
    while begun.elapsed() < LONGEST / 3 {
        let written: Written = app.supabase()?.rpc("emit_daily_usage", &json!({})).await?;
        if written.told == 0 {
            break;
        }
    }
    Ok(Json(count(&deliver(&app, None, LONGEST).await?)))
}
