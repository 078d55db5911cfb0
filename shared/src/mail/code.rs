//! The mail with a code to sign in with: queued like any other, and sent at once, since somebody waits for it.

use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::outbox::{Row, SIGN_IN_CODE, attempt, finish};
use crate::app::App;
use crate::error::{Code, Error, Result};
use crate::sign_in::code::Recipe;

/// A mail that is in the outbox, as a batch of its own that whoever has queued it sends.
#[derive(Deserialize)]
pub struct Queued {
    batch: Uuid,
    id: i64,
}

/// What became of it, to be noted behind the answer.
pub struct Tried {
    batch: Uuid,
    outcome: Value,
}

impl Queued {
    /// Sends it. What cannot be sent now stays in the outbox for as long as its code is good.
    ///
    /// # Errors
    /// `not_configured`.
    pub async fn send(self, app: &App, email: &str, recipe: Recipe) -> Result<Tried> {
        let row = Row {
            id: self.id,
            account_id: None,
            kind: SIGN_IN_CODE.to_owned(),
            address: email.to_owned(),
            payload: json!(recipe),
            optional: false,
        };
        Ok(Tried { batch: self.batch, outcome: attempt(app, self.batch, &[row]).await? })
    }
}

impl Tried {
    /// Whether it is on its way.
    ///
    /// # Errors
    /// `mail_unavailable`.
    pub fn outcome(&self) -> Result<()> {
        if self.outcome["sent"].as_array().is_some_and(|sent| !sent.is_empty()) {
            return Ok(());
        }
        tracing::error!(outcome = %self.outcome, "a mail cannot be sent");
        Err(Error::new(Code::MailUnavailable))
    }

    /// Notes what became of it.
    pub async fn note(self, app: &App) {
        if let Err(error) = finish(app, self.batch, &self.outcome).await {
            tracing::warn!(%error, "what became of a mail is not noted: it is sent again, which Resend does once");
        }
    }
}
