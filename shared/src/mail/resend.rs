//! How a batch is sent: Resend's `POST /emails/batch` (<https://resend.com/docs/api-reference/emails/send-batch-emails>).
//!
//! The request is ours and not the client crate's: that keeps the headers of a mail in a map without an order, and a repetition
//! under the same `Idempotency-Key` has to be the same to the byte.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::app::App;
use crate::config::configured;
use crate::error::Result;
use crate::reason::reason;

/// How long Resend may take.
const TIMEOUT: Duration = Duration::from_secs(20);

/// How often a second is waited for.
const PAUSES: u32 = 4;

/// A mail as Resend takes it.
#[derive(Serialize)]
pub struct Mail {
    pub from: String,
    pub to: [String; 1],
    pub subject: String,
    pub html: String,
    pub text: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<&'static str, String>,
}

/// What became of a batch.
#[derive(Debug, PartialEq)]
pub enum Outcome {
    /// Of each mail its id at Resend, or what is wrong with it.
    Sent(Vec<std::result::Result<String, String>>),
    /// It had been taken before; nobody tells the ids again.
    AlreadySent,
    /// Send it again, as it is, in so many seconds.
    Later(u32, String),
    /// It is not taken as a whole.
    Refused(String),
}

#[derive(Deserialize)]
struct Taken {
    data: Vec<Id>,
    #[serde(default)]
    errors: Vec<Wrong>,
}

#[derive(Deserialize)]
struct Id {
    id: String,
}

#[derive(Deserialize)]
struct Wrong {
    index: usize,
    message: String,
}

#[derive(Default, Deserialize)]
struct Refusal {
    #[serde(default)]
    name: String,
}

/// Sends a batch under its id. A limit that is over in a moment is waited for.
///
/// # Errors
/// `not_configured`.
pub async fn send(app: &App, batch: Uuid, mails: &[Mail]) -> Result<Outcome> {
    let mut pauses = PAUSES;
    loop {
        match try_to_send(app, batch, mails).await? {
            Outcome::Later(wait @ ..=1, _) if pauses > 0 => {
                pauses -= 1;
                tokio::time::sleep(Duration::from_secs(wait.into())).await;
            }
            outcome => return Ok(outcome),
        }
    }
}

async fn try_to_send(app: &App, batch: Uuid, mails: &[Mail]) -> Result<Outcome> {
    let settings = configured(&app.config.mail)?;
    let address = format!("{}/emails/batch", settings.url.as_str().trim_end_matches('/'));
    let Ok(body) = serde_json::to_vec(mails) else { return Ok(Outcome::Refused("the mails are not JSON".to_owned())) };
    let request = app.http.post(address).timeout(TIMEOUT).bearer_auth(&settings.key);
    let request = request.header("idempotency-key", batch.to_string()).header("x-batch-validation", "permissive");
    let answer = match request.header(header::CONTENT_TYPE, "application/json").body(body).send().await {
        Ok(answer) => answer,
        Err(error) => return Ok(Outcome::Later(60, reason(error))),
    };
    let (status, headers) = (answer.status(), answer.headers().clone());
    match answer.bytes().await {
        Ok(body) => Ok(read(status, &headers, &body, mails.len())),
        Err(error) => Ok(Outcome::Later(60, reason(error))),
    }
}

fn read(status: StatusCode, headers: &HeaderMap, body: &[u8], mails: usize) -> Outcome {
    if status.is_success() {
        let Ok(taken) = serde_json::from_slice::<Taken>(body) else {
            return Outcome::Later(60, "an answer that cannot be read".to_owned());
        };
        let mut wrong: HashMap<usize, String> = taken.errors.into_iter().map(|w| (w.index, w.message)).collect();
        let mut ids = taken.data.into_iter();
        // The ids are those of the good ones, in their order.
        let of_each = (0..mails).map(|index| match wrong.remove(&index) {
            Some(message) => Err(message),
            None => ids.next().map(|id| id.id).ok_or_else(|| "Resend tells nothing of it".to_owned()),
        });
        return Outcome::Sent(of_each.collect());
    }
    let Refusal { name } = serde_json::from_slice(body).unwrap_or_default();
    let wait = headers.get(header::RETRY_AFTER).and_then(|wait| wait.to_str().ok()?.parse().ok());
    let told = format!("status {}, {name}", status.as_u16());
    match status.as_u16() {
        409 if name == "invalid_idempotent_request" => Outcome::AlreadySent,
        409 => Outcome::Later(30, told),
        // The day's or the month's mails are used up.
        429 if name.contains("quota") => Outcome::Later(3600, told),
        429 => Outcome::Later(wait.unwrap_or(5), told),
        // The key or the sender's domain: somebody has to act, and then it goes.
        401 | 403 => Outcome::Later(900, told),
        400..500 => Outcome::Refused(told),
        _ => Outcome::Later(60, told),
    }
}
