//! Looks for what is wrong, in the database and elsewhere, and has it told.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::tell;
use crate::app::App;
use crate::credits::outbox;
use crate::error::Result;
use crate::limits::AttemptOutcome;

/// What was done.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Looked {
    /// Things that are wrong at present, or have happened since the last look.
    pub found: u64,
    /// Of them, those that are new today.
    pub raised: u64,
    /// Mails and posts to the operator that were taken.
    pub told: usize,
    /// Accounts whose spending was looked at, since they want to be told of it.
    pub accounts: u64,
}

#[derive(Deserialize)]
struct Kept {
    found: u64,
    raised: u64,
}

/// Looks, keeps what it finds, and tells what is new.
///
/// # Errors
/// When the database is away.
pub async fn look(app: &App, longest: Duration) -> Result<Looked> {
    let mut found = in_redis(app).await;
    found.extend(check_ledger(app, longest / 2).await);
    // A deployment that sends no mail lets it wait.
    let seen = json!({ "alerts": found, "sends_mail": app.config.mail.is_ok() });
    let kept: Kept = app.supabase()?.rpc("raise_alerts", &json!({ "seen": seen })).await?;
    let told = tell::all(app, longest).await?;
    Ok(Looked { found: kept.found, raised: kept.raised, told, accounts: look_at_spending(app, longest / 2).await? })
}

/// Tells accounts of what they have spent, by the mail and the webhooks that are theirs.
async fn look_at_spending(app: &App, longest: Duration) -> Result<u64> {
    #[derive(Deserialize)]
    struct Step {
        looked: u64,
    }
    let (begun, mut accounts) = (Instant::now(), 0);
    while begun.elapsed() < longest {
        let Step { looked } = app.supabase()?.rpc("look_at_spending", &json!({})).await?;
        accounts += looked;
        if looked == 0 {
            break;
        }
    }
    Ok(accounts)
}

/// Something that is wrong.
fn wrong(cause: &str, subject: &str, details: Value) -> Value {
    json!({ "cause": cause, "subject": subject, "details": details })
}

/// Whether Redis can be used, which providers refuse our account, and how many settlements wait.
async fn in_redis(app: &App) -> Vec<Value> {
    let Some(upstash) = app.upstash_if_configured() else { return Vec::new() };
    let (breakers, waiting) = tokio::join!(app.limiter.open_breakers(upstash), outbox::length(app));
    let (Ok(breakers), Some(waiting)) = (breakers, waiting) else {
        return vec![wrong("redis_unavailable", "", json!({}))];
    };
    let refused = breakers.iter().filter(|breaker| breaker.outcome == AttemptOutcome::Refused);
    let mut found: Vec<Value> =
        refused.map(|breaker| wrong("provider_account", &breaker.provider, json!({}))).collect();
    if waiting > 0 {
        found.push(wrong("outbox_waits", "", json!({ "settlements": waiting })));
    }
    found
}

/// Goes on with the day's check of the ledger, which keeps what it finds; whether it could be made is told here.
async fn check_ledger(app: &App, longest: Duration) -> Option<Value> {
    #[derive(Deserialize)]
    struct Step {
        more: bool,
    }
    let begun = Instant::now();
    while begun.elapsed() < longest {
        match app.supabase().ok()?.rpc::<Step>("check_ledger_by_itself", &json!({})).await {
            Ok(Step { more: true }) => {}
            Ok(Step { more: false }) => return None,
            Err(error) => {
                tracing::warn!(%error, "the ledger cannot be checked");
                return Some(wrong("ledger_check_failed", "", json!({})));
            }
        }
    }
    None
}
