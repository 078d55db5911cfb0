//! `/api/cron/retention`: forgets what is past its account's retention, and seals anew what older keys sealed.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::{CronCaller, LONGEST};
use crate::app::SharedApp;
use crate::error::Result;
use crate::{chats, stored, webhooks};

/// What was done.
#[derive(Deserialize, Serialize, ToSchema)]
pub struct Forgotten {
    /// Chat sessions that were past their account's retention.
    sessions: i64,
    /// Stored responses that were past theirs.
    responses: i64,
    /// Titles, metadata and messages of chats, stored responses, and secrets of webhooks, that are now under the newest key of the keyring.
    #[serde(default)]
    renewed: usize,
}

/// `GET /api/cron/retention`: forgets chats and stored responses that are past their account's retention, and seals under the newest of
/// `ENCRYPTION_KEYS` what older ones sealed.
///
/// # Errors
/// 401 without the cron secret; 503 when the database is away.
#[utoipa::path(get, path = "/api/cron/retention", tag = "cron", responses((status = 200, body = Forgotten)))]
pub async fn forget(State(app): State<SharedApp>, _: CronCaller) -> Result<Json<Forgotten>> {
    let mut forgotten: Forgotten = app.supabase()?.rpc("apply_retention", &json!({})).await?;
    forgotten.renewed = webhooks::renew::renew_outdated(&app, LONGEST / 6).await?
        + chats::renew::renew_outdated(&app, LONGEST / 2).await?
        + stored::renew::renew_outdated(&app, LONGEST / 2).await?;
    Ok(Json(forgotten))
}
