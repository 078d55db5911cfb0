//! Tells the operator: a mail, and JSON that Slack, Discord and whatever reads JSON understand.

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::causes::{find, rows, title};
use crate::app::App;
use crate::config::Misconfigured;
use crate::error::Result;
use crate::mail::operator;
use crate::reason::reason;

/// How long the operator's webhook may take.
const TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Deserialize)]
struct Alert {
    id: Uuid,
    cause: String,
    subject: String,
    details: Value,
    at: jiff::Timestamp,
    mail: bool,
    post: bool,
}

/// Tells what was not told before; answers how many mails and posts were taken. What is not taken,
/// and what is left after `longest`, is told by a later run.
pub async fn all(app: &App, longest: Duration) -> Result<usize> {
    let begun = Instant::now();
    let (email, webhook) = (&app.config.alert_email, &app.config.alert_webhook);
    let malformed = [email.as_ref().err(), webhook.as_ref().err()].into_iter().flatten().filter(|it| !it.is_missing());
    malformed.for_each(Misconfigured::log);
    let wanted = json!({ "mail": email.is_ok() && app.config.mail.is_ok(), "post": webhook.is_ok() });
    let alerts: Vec<Alert> = app.supabase()?.rpc("claim_alerts", &json!({ "wanted": wanted })).await?;
    let mut told = 0;
    for alert in alerts.into_iter().take_while(|_| begun.elapsed() < longest) {
        let (mailed, posted) = (alert.mail && mail(app, &alert).await?, alert.post && post(app, &alert).await);
        let arguments = json!({ "alert": alert.id, "told": {"mailed": mailed, "posted": posted} });
        let _: Value = app.supabase()?.rpc("finish_alert", &arguments).await?;
        told += usize::from(mailed) + usize::from(posted);
    }
    Ok(told)
}

/// What it is about, what is known of it, and what to do.
fn words(alert: &Alert) -> (String, Vec<String>, &'static str) {
    let known = rows(&alert.details).into_iter().map(|(name, value)| format!("{name}: {value}")).collect();
    match find(&alert.cause) {
        Some(cause) => (title(cause, &alert.subject), known, cause.remedy),
        None => (alert.cause.clone(), known, ""),
    }
}

async fn mail(app: &App, alert: &Alert) -> Result<bool> {
    let (what, known, remedy) = words(alert);
    let Ok(address) = &app.config.alert_email else { return Ok(false) };
    let paragraphs = [known.join(", "), remedy.to_owned()].into_iter().filter(|text| !text.is_empty()).collect();
    operator::send(app, alert.id, address, (what, paragraphs, alert.cause.as_str())).await
}

/// `text` is what Slack shows, and `content` what Discord does.
async fn post(app: &App, alert: &Alert) -> bool {
    let Ok(url) = &app.config.alert_webhook else { return false };
    let (what, known, remedy) = words(alert);
    let text = format!("{} – {what}\n{}\n{remedy}", app.config.app_name, known.join("\n"));
    let body = json!({ "id": alert.id, "cause": alert.cause, "subject": alert.subject, "details": alert.details,
                       "at": alert.at, "text": text, "content": text });
    let sent = app.http.post(url.clone()).timeout(TIMEOUT).header("content-type", "application/json");
    match sent.body(body.to_string()).send().await {
        Ok(answer) if answer.status().is_success() => true,
        Ok(answer) => {
            tracing::warn!(status = %answer.status(), "an alert is not taken by ALERT_WEBHOOK_URL");
            false
        }
        Err(error) => {
            tracing::warn!(reason = reason(error), "an alert is not taken by ALERT_WEBHOOK_URL");
            false
        }
    }
}
