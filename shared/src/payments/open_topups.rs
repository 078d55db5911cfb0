//! Auto top-ups that nobody has told the outcome of, and those that are due although no call of their account says so.

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::auto_topup::{ToMake, attempt, end, settle, top_up};
use crate::app::App;
use crate::error::Result;
use crate::stripe::{client, requests};

#[derive(Deserialize)]
struct Listed {
    open: Vec<Open>,
    due: Vec<Uuid>,
}

#[derive(Deserialize)]
struct Open {
    made: ToMake,
    /// Whether one that Stripe knows nothing of is to be made.
    wanted: bool,
}

/// Looks after a few. Answers how many.
///
/// # Errors
/// When the database is away.
pub async fn look_after(app: &App, most: u32, begun: Instant, longest: Duration) -> Result<u64> {
    let listed: Listed = app.supabase()?.rpc("list_auto_topups", &json!({ "query": {"limit": most} })).await?;
    let mut done = 0;
    for open in listed.open.into_iter().take_while(|_| begun.elapsed() < longest) {
        if let Err(error) = find_out(app, &open).await {
            tracing::warn!(payment = %open.made.id, %error, "the outcome of an auto top-up cannot be found out");
        }
        done += 1;
    }
    for account in listed.due.into_iter().take_while(|_| begun.elapsed() < longest) {
        top_up(app, account).await;
        done += 1;
    }
    Ok(done)
}

/// Asks by what Stripe has of the customer's intents since then, which is there at once, while a search lags behind. What is not
/// there was never made: it is asked for under its key while Stripe remembers that, and given up after.
async fn find_out(app: &App, open: &Open) -> Result<()> {
    let made = &open.made;
    let Some(customer) = &made.customer else { return end(app, made, "canceled", "resource_missing").await };
    let list = client::send(app, requests::intents_of(customer, made.created - 60), None).await?;
    let ours = |intent: &&Value| intent["metadata"]["payment"] == made.id.to_string();
    match list["data"].as_array().and_then(|intents| intents.iter().find(ours)) {
        Some(intent) => settle(app, made, intent).await,
        None if open.wanted => attempt(app, made).await,
        None => end(app, made, "canceled", "never_made").await,
    }
}
