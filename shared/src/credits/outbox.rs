//! The outbox: a list in Redis of settles that the database could not take.

use serde_json::value::RawValue;

use crate::app::App;
use crate::upstash::UpstashError;

/// How many are looked at in one go.
const BATCH: &str = "9";

fn key(app: &App) -> String {
    format!("{}outbox", app.config.redis_prefix)
}

/// Appends a settle.
///
/// # Errors
/// When Redis cannot take it either.
pub async fn push(app: &App, settlement: &RawValue) -> Result<(), UpstashError> {
    let upstash = app.upstash().map_err(|error| UpstashError::new(error.to_string()))?;
    upstash.command(&["RPUSH", &key(app), settlement.get()]).await.map(|_| ())
}

/// The oldest entries, which stay where they are.
pub async fn peek(app: &App) -> Vec<String> {
    let Ok(upstash) = app.upstash() else { return Vec::new() };
    match upstash.command(&["LRANGE", &key(app), "0", BATCH]).await {
        Ok(entries) => entries
            .as_array()
            .map(|entries| entries.iter().filter_map(|entry| entry.as_str().map(str::to_owned)).collect())
            .unwrap_or_default(),
        Err(error) => {
            tracing::warn!(%error, "the outbox cannot be read");
            Vec::new()
        }
    }
}

/// How many entries wait; `None` when Redis cannot say.
pub async fn length(app: &App) -> Option<i64> {
    let counted = app.upstash().ok()?.command(&["LLEN", &key(app)]).await;
    counted.inspect_err(|error| tracing::warn!(%error, "the outbox cannot be counted")).ok()?.as_i64()
}

/// Removes an entry that is in the books.
pub async fn remove(app: &App, entry: &str) {
    let Ok(upstash) = app.upstash() else { return };
    if let Err(error) = upstash.command(&["LREM", &key(app), "1", entry]).await {
        tracing::warn!(%error, "a stored settle stays in the outbox; storing it again changes nothing");
    }
}
