//! When mail is sent: what an act has queued right after it, and what time has queued when the cron job asks.

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::json;

use super::outbox::{Delivered, deliver};
use crate::app::App;
use crate::error::Result;

/// For how long an act's mail is sent behind it; the cron job sends what is left.
const BEHIND_AN_ACT: Duration = Duration::from_secs(10);

#[derive(Deserialize)]
struct Step {
    more: bool,
}

/// Sends what an act has queued. Whatever goes wrong, the cron job sends it.
pub async fn send_after_act(app: &App) {
    if let Err(error) = deliver(app, BEHIND_AN_ACT).await {
        tracing::warn!(%error, "mail waits for the cron job");
    }
}

/// Queues what time has brought (ends that come near, months that are over), and sends all that is due.
///
/// # Errors
/// When the database is away, or what mail is sent with is malformed.
pub async fn send_all(app: &App, longest: Duration) -> Result<Delivered> {
    let begun = Instant::now();
    while begun.elapsed() < longest / 2 {
        let step: Step = app.supabase()?.rpc("queue_due_mail", &json!({})).await?;
        if !step.more {
            break;
        }
    }
    deliver(app, longest.saturating_sub(begun.elapsed())).await
}
