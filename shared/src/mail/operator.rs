//! Mail to whoever operates this deployment: it is nobody's account's, so it stands in no outbox.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::letter::Letter;
use super::resend::{Mail, Outcome, send as send_batch};
use crate::app::App;
use crate::config::configured;
use crate::error::{Code, Error, Result};

/// Sends a mail under this id, once however often it is asked for within a day. Answers whether Resend has taken it.
///
/// # Errors
/// `not_configured`.
pub async fn send(
    app: &App,
    id: Uuid,
    address: &str,
    (subject, paragraphs, cause): (String, Vec<String>, &str),
) -> Result<bool> {
    let (settings, name) = (configured(&app.config.mail)?, &app.config.app_name);
    let letter = Letter {
        subject,
        paragraphs,
        rows: vec![("Cause", cause.to_owned())],
        note: Some("Told once a day and cause; docs/operations.md explains each."),
        ..Letter::default()
    };
    let unrendered = |_| Error::new(Code::InternalError);
    let mail = Mail {
        from: settings.from.clone(),
        to: [address.to_owned()],
        subject: format!("{} – {name}", letter.subject),
        html: letter.html(name).map_err(unrendered)?,
        text: letter.text(name).map_err(unrendered)?,
        headers: BTreeMap::new(),
    };
    Ok(match send_batch(app, id, &[mail]).await? {
        Outcome::Sent(of_each) => of_each.iter().all(std::result::Result::is_ok),
        Outcome::AlreadySent => true,
        Outcome::Later(_, error) | Outcome::Refused(error) => {
            tracing::warn!(%error, "an alert is not mailed");
            false
        }
    })
}
