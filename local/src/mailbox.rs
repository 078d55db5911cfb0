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
use shared::html::escape;
use uuid::Uuid;

use crate::pages::page;

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
    let plain = |part: &str| {
        !part.contains(|c: char| c.is_whitespace() || "<>@,;".contains(c))
            && part.split('.').all(|atom| !atom.is_empty())
    };
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
    let mut body = String::new();
    if messages.is_empty() {
        body.push_str(
            "<p>No mail yet. A sign-in code that is asked for at <code>POST /auth/register</code> arrives here.</p>\n",
        );
    }
    // Newest first, and the source of HTML bodies rather than their looks: a page must not run what was mailed.
    for message in messages.iter().rev() {
        let text = message.text.as_deref().or(message.html.as_deref()).unwrap_or_default();
        body.push_str(&format!(
            "<article><h2>{}</h2><p>{} &rarr; {}, <time datetime=\"{received}\">{received}</time></p>\
             <pre>{}</pre></article>\n",
            escape(&message.subject),
            escape(&message.from),
            escape(&message.to.join(", ")),
            escape(text),
            received = received(message.received),
        ));
    }
    let introduction = "What the gateway would have sent, the newest first, times in UTC. For programs: \
                        <code>curl -H 'accept: application/json' /_local/mail</code> at this address.";
    Html(page("Mail", introduction, &body)).into_response()
}

/// The time in UTC to the second (RFC 3339).
fn received(time: SystemTime) -> String {
    jiff::Timestamp::try_from(time).map(|time| format!("{time:.0}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// The requests of this module are plain HTTP; the client still wants to know its TLS.
    fn test_client() -> reqwest::Client {
        // Another test may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        reqwest::Client::new()
    }

    async fn start() -> (Mailbox, String) {
        let mailbox = Mailbox::new("re_key");
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let app = mailbox.api().merge(mailbox.page());
        tokio::spawn(async move { axum::serve(listener, app).await });
        (mailbox, url)
    }

    async fn post(url: &str, key: Option<&str>, body: &Value) -> (u16, Value) {
        let request = test_client().post(format!("{url}/emails")).body(body.to_string());
        let request = match key {
            Some(key) => request.bearer_auth(key),
            None => request,
        };
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON"))
    }

    fn email() -> Value {
        json!({"from": "Us <us@example.com>", "to": ["a@example.com"], "subject": "<b>Hi</b>", "text": "a & b"})
    }

    #[tokio::test]
    async fn a_message_is_kept_and_shown_escaped() {
        let (mailbox, url) = start().await;
        let (status, answer) = post(&url, Some("re_key"), &email()).await;
        let message = &mailbox.messages()[0];
        assert_eq!((status, answer["id"].as_str()), (200, Some(message.id.to_string().as_str())));
        assert_eq!((message.subject.as_str(), message.text.as_deref()), ("<b>Hi</b>", Some("a & b")));
        let page = |accept: &'static str| test_client().get(format!("{url}/_local/mail")).header("accept", accept);
        let html = page("text/html").send().await.expect("an answer").text().await.expect("a body");
        assert!(html.contains("&lt;b&gt;Hi&lt;/b&gt;") && html.contains("a &amp; b") && !html.contains("<b>"));
        let received = received(message.received);
        assert!(received.len() == "2026-11-28T12:00:00Z".len() && received.ends_with('Z'), "{received}");
        for part in [&received, "name=\"viewport\"", "color-scheme: light dark", "accept: application/json"] {
            assert!(html.contains(part), "{part} in {html}");
        }
        let list = page("application/json").send().await.expect("an answer").text().await.expect("a body");
        assert_eq!(serde_json::from_str::<Value>(&list).expect("JSON")[0]["to"], json!(["a@example.com"]));
    }

    #[tokio::test]
    async fn what_resend_refuses_is_refused() {
        let (mailbox, url) = start().await;
        assert_eq!(post(&url, None, &email()).await.1["name"], "missing_api_key");
        assert_eq!(post(&url, Some("other"), &email()).await.0, 403);
        let cases = [
            (json!({"from": null}), "missing_required_field"),
            (json!({"from": "us"}), "invalid_from_address"),
            (json!({"to": null}), "missing_required_field"),
            (json!({"to": []}), "missing_required_field"),
            (json!({"to": "nobody"}), "validation_error"),
            (json!({"to": vec!["a@example.com"; 51]}), "validation_error"),
            (json!({"subject": null}), "missing_required_field"),
            (json!({"text": null}), "missing_required_field"),
            (json!({"attachments": []}), "validation_error"),
        ];
        for (change, name) in cases {
            let mut body = email();
            body.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
            let (status, answer) = post(&url, Some("re_key"), &body).await;
            assert_eq!((status, &answer["name"]), (422, &json!(name)), "{change}");
        }
        assert!(mailbox.messages().is_empty());
    }

    #[tokio::test]
    async fn the_last_hundred_are_kept() {
        let (mailbox, url) = start().await;
        for number in 0..=KEPT {
            let mut body = email();
            body["subject"] = json!(number.to_string());
            assert_eq!(post(&url, Some("re_key"), &body).await.0, 200);
        }
        let messages = mailbox.messages();
        assert_eq!((messages.len(), messages[0].subject.as_str()), (KEPT, "1"));
    }
}
