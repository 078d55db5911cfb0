//! Stands in for Resend: takes what would be sent and shows it at `/_local/mail`.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use http::{HeaderMap, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

/// So many messages are kept; the oldest go first.
const KEPT: usize = 100;

/// Resend's limit on the addresses of one field.
const MAX_RECIPIENTS: usize = 50;

/// A message that was accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Message {
    /// The id that the sender was given.
    pub id: Uuid,
    /// When it was accepted.
    pub received: SystemTime,
    /// `a@example.com` or `Name <a@example.com>`.
    pub from: String,
    /// The recipients of `to`, `cc` and `bcc`.
    pub to: Vec<String>,
    /// The subject.
    pub subject: String,
    /// The HTML body, if one was given.
    pub html: Option<String>,
    /// The plain text body, if one was given.
    pub text: Option<String>,
}

/// The messages of one stand-in. Clones share them.
#[derive(Clone, Debug)]
pub struct Mailbox {
    key: Arc<str>,
    messages: Arc<Mutex<VecDeque<Message>>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// The body of `POST /emails` (<https://resend.com/docs/api-reference/emails/send-email>), without what no message of
/// ours has, such as attachments and a time to send at: that is refused.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Email {
    from: Option<String>,
    to: Option<OneOrMany>,
    cc: Option<OneOrMany>,
    bcc: Option<OneOrMany>,
    #[serde(rename = "reply_to")]
    _reply_to: Option<OneOrMany>,
    #[serde(rename = "headers")]
    _headers: Option<serde_json::Map<String, serde_json::Value>>,
    #[serde(rename = "tags")]
    _tags: Option<Vec<serde_json::Value>>,
    subject: Option<String>,
    html: Option<String>,
    text: Option<String>,
}

/// Resend's error: its status, its name and a message (<https://resend.com/docs/api-reference/errors>).
struct Refusal(StatusCode, &'static str, String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({"statusCode": self.0.as_u16(), "name": self.1, "message": self.2});
        (self.0, Json(body)).into_response()
    }
}

impl Mailbox {
    /// An empty mailbox whose API accepts this key.
    #[must_use]
    pub fn new(key: &str) -> Self {
        Self { key: key.into(), messages: Arc::default() }
    }

    /// What was accepted, oldest first, at most the last 100.
    #[must_use]
    pub fn messages(&self) -> Vec<Message> {
        self.lock().iter().cloned().collect()
    }

    /// Resend's API: `POST /emails`.
    pub fn api(&self) -> Router {
        Router::new().route("/emails", post(send)).with_state(self.clone())
    }

    /// The page: `GET /_local/mail`, as HTML or, if the caller accepts it, as JSON.
    pub fn page(&self) -> Router {
        Router::new().route("/_local/mail", get(show)).with_state(self.clone())
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Message>> {
        self.messages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn send(State(mailbox): State<Mailbox>, headers: HeaderMap, body: Bytes) -> Result<Response, Refusal> {
    let key = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let key = key.ok_or_else(|| Refusal(StatusCode::UNAUTHORIZED, "missing_api_key", "no key was sent".to_owned()))?;
    if key != &*mailbox.key {
        return Err(Refusal(StatusCode::FORBIDDEN, "invalid_api_key", "the key is not valid".to_owned()));
    }
    let email: Email = serde_json::from_slice(&body).map_err(|error| invalid(&error.to_string()))?;
    let message = accept(email)?;
    let id = message.id;
    let mut messages = mailbox.lock();
    if messages.len() == KEPT {
        messages.pop_front();
    }
    messages.push_back(message);
    Ok(Json(json!({"id": id})).into_response())
}

fn accept(email: Email) -> Result<Message, Refusal> {
    let from = email.from.ok_or_else(|| missing("from"))?;
    if !is_address(&from) {
        let message = format!("'from' must be an address, or a name and an address, not {from:?}");
        return Err(Refusal(StatusCode::UNPROCESSABLE_ENTITY, "invalid_from_address", message));
    }
    let mut to = recipients("to", email.to)?;
    if to.is_empty() {
        return Err(missing("to"));
    }
    to.extend(recipients("cc", email.cc)?);
    to.extend(recipients("bcc", email.bcc)?);
    let subject = email.subject.ok_or_else(|| missing("subject"))?;
    let (html, text) = (email.html, email.text);
    if html.is_none() && text.is_none() {
        return Err(missing("html' or 'text"));
    }
    Ok(Message { id: Uuid::new_v4(), received: SystemTime::now(), from, to, subject, html, text })
}

fn recipients(field: &str, given: Option<OneOrMany>) -> Result<Vec<String>, Refusal> {
    let addresses = match given {
        None => Vec::new(),
        Some(OneOrMany::One(address)) => vec![address],
        Some(OneOrMany::Many(addresses)) => addresses,
    };
    if addresses.len() > MAX_RECIPIENTS {
        return Err(invalid(&format!("'{field}' has more than {MAX_RECIPIENTS} addresses")));
    }
    match addresses.iter().find(|address| !is_address(address)) {
        Some(address) => Err(invalid(&format!("'{field}' has {address:?}, which is no address"))),
        None => Ok(addresses),
    }
}

/// `email@example.com` or `Name <email@example.com>`.
fn is_address(text: &str) -> bool {
    let bare = match text.split_once('<') {
        Some((_, rest)) => rest.strip_suffix('>').unwrap_or_default(),
        None => text,
    };
    let plain = |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || "<>@,;".contains(c));
    bare.split_once('@').is_some_and(|(local, domain)| plain(local) && plain(domain) && domain.contains('.'))
}

fn missing(field: &str) -> Refusal {
    Refusal(StatusCode::UNPROCESSABLE_ENTITY, "missing_required_field", format!("'{field}' is missing"))
}

fn invalid(message: &str) -> Refusal {
    Refusal(StatusCode::UNPROCESSABLE_ENTITY, "validation_error", message.to_owned())
}

async fn show(State(mailbox): State<Mailbox>, headers: HeaderMap) -> Response {
    let messages = mailbox.messages();
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accepts.contains("application/json") {
        return Json(messages).into_response();
    }
    let mut page = "<!doctype html><meta charset=\"utf-8\"><title>Mail</title><h1>Mail</h1>\n".to_owned();
    // Newest first, and the source of HTML bodies rather than their looks: a page must not run what was mailed.
    for message in messages.iter().rev() {
        let body = message.text.as_deref().or(message.html.as_deref()).unwrap_or_default();
        page.push_str(&format!(
            "<article><h2>{}</h2><p>{} &rarr; {}</p><pre>{}</pre></article>\n",
            escaped(&message.subject),
            escaped(&message.from),
            escaped(&message.to.join(", ")),
            escaped(body)
        ));
    }
    Html(page).into_response()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
