//! From the outbox to Resend, in frozen batches: whoever claims a batch sends it under its id, and whoever claims it again, since
//! nobody said what became of it, sends the same under the same id, which Resend takes once.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::letters::letter;
use super::resend::{Mail, Outcome, send};
use super::unsubscribe;
use crate::app::App;
use crate::config::{Misconfigured, configured};
use crate::error::Result;
use crate::sign_in::code::Recipe;

/// Between two batches: Resend takes five requests a second of all of a team.
const PAUSE: Duration = Duration::from_millis(300);

/// The kind of mail whose row does not hold what it says.
pub(super) const SIGN_IN_CODE: &str = "sign_in_code";

#[derive(Deserialize)]
struct Batch {
    batch: Uuid,
    mails: Vec<Row>,
}

#[derive(Deserialize)]
pub(super) struct Row {
    pub id: i64,
    pub account_id: Option<Uuid>,
    pub kind: String,
    pub address: String,
    pub payload: Value,
    pub optional: bool,
}

/// What was done.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Delivered {
    /// Mails that Resend took.
    pub sent: usize,
    /// Mails that it will never take.
    pub failed: usize,
    /// Mails of a batch that is sent again later.
    pub waiting: usize,
}

/// Sends what is due. A deployment that sends no mail keeps it.
///
/// # Errors
/// When the database is away, or what mail is sent with is malformed.
pub async fn deliver(app: &App, longest: Duration) -> Result<Delivered> {
    let mut done = Delivered::default();
    if app.config.mail.as_ref().is_err_and(Misconfigured::is_missing) {
        return Ok(done);
    }
    // What is due by now is seen to here.
    app.supabase()?.queued().take_mail();
    let begun = Instant::now();
    while begun.elapsed() < longest {
        let claimed: Option<Batch> = app.supabase()?.rpc("claim_notifications", &json!({})).await?;
        let Some(Batch { batch, mails }) = claimed else { break };
        let outcome = attempt(app, batch, &mails).await?;
        let waits = outcome.get("retry_in").is_some();
        let count = |what: &str| outcome[what].as_array().map_or(0, Vec::len);
        done.sent += count("sent");
        done.failed += count("failed");
        if waits {
            done.waiting += mails.len();
            tracing::warn!(%batch, mails = mails.len(), reason = %outcome["error"], "mails wait to be sent again");
        }
        if count("failed") > 0 {
            tracing::error!(%batch, failed = %outcome["failed"], "mails cannot be sent");
        }
        finish(app, batch, &outcome).await?;
        if waits {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(done)
}

/// Notes what became of a batch.
pub(super) async fn finish(app: &App, batch: Uuid, outcome: &Value) -> Result<()> {
    let _: Value = app.supabase()?.rpc("finish_notifications", &json!({ "batch": batch, "outcome": outcome })).await?;
    Ok(())
}

/// Sends a batch; what is to be noted of it.
pub(super) async fn attempt(app: &App, batch: Uuid, rows: &[Row]) -> Result<Value> {
    let (mut mails, mut ids, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        match mail(app, row) {
            Ok(mail) => {
                mails.push(mail);
                ids.push(row.id);
            }
            Err(error) => failed.push(json!({ "id": row.id, "error": error })),
        }
    }
    let outcome = if mails.is_empty() { Outcome::Sent(Vec::new()) } else { send(app, batch, &mails).await? };
    Ok(match outcome {
        Outcome::Later(seconds, error) => json!({ "retry_in": seconds, "error": error }),
        Outcome::Refused(error) => json!({ "split": true, "error": error }),
        Outcome::AlreadySent => {
            let sent: Vec<Value> = ids.iter().map(|id| json!({ "id": id, "message_id": null })).collect();
            json!({ "sent": sent, "failed": failed })
        }
        Outcome::Sent(of_each) => {
            let mut sent = Vec::new();
            for (id, became) in ids.into_iter().zip(of_each) {
                match became {
                    Ok(message) => sent.push(json!({ "id": id, "message_id": message })),
                    Err(error) => failed.push(json!({ "id": id, "error": error })),
                }
            }
            json!({ "sent": sent, "failed": failed })
        }
    })
}

/// What a mail with a code says: the code is in no row, and made anew each time.
fn with_code(app: &App, row: &Row) -> Option<Value> {
    let recipe: Recipe = serde_json::from_value(row.payload.clone()).ok()?;
    let code = recipe.code(&row.address, app.config.peppers.as_ref().ok()?)?;
    Some(json!({ "code": code.to_string() }))
}

/// A row as a mail; what is wrong with it in our own words, since its payload is its reader's.
fn mail(app: &App, row: &Row) -> std::result::Result<Mail, &'static str> {
    let settings = configured(&app.config.mail).map_err(|_| "mail is not configured")?;
    let name = &app.config.app_name;
    let payload = if row.kind == SIGN_IN_CODE { &with_code(app, row).ok_or("no pepper")? } else { &row.payload };
    let mut letter = letter(&row.kind, payload, &app.config.frontend_url).map_err(|_| "its payload lacks something")?;
    let mut headers = BTreeMap::new();
    if let (true, Some(account)) = (row.optional, row.account_id) {
        let link = unsubscribe::link(app, account, &row.kind).ok_or("no pepper")?;
        // RFC 2369 and RFC 8058.
        headers.insert("List-Unsubscribe", format!("<{link}>"));
        headers.insert("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned());
        letter.unsubscribe = Some(link);
    }
    let unrendered = |_| "its template fails";
    Ok(Mail {
        from: settings.from.clone(),
        to: [row.address.clone()],
        subject: format!("{} – {name}", letter.subject),
        html: letter.html(name).map_err(unrendered)?,
        text: letter.text(name).map_err(unrendered)?,
        headers,
    })
}
