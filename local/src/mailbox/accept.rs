//! What Resend takes as a mail, and what it refuses.

use std::time::SystemTime;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

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
    /// Further headers, by name.
    pub headers: serde_json::Map<String, serde_json::Value>,
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
pub(super) struct Email {
    from: Option<String>,
    to: Option<OneOrMany>,
    cc: Option<OneOrMany>,
    bcc: Option<OneOrMany>,
    #[serde(rename = "reply_to")]
    _reply_to: Option<OneOrMany>,
    headers: Option<serde_json::Map<String, serde_json::Value>>,
    #[serde(rename = "tags")]
    _tags: Option<Vec<serde_json::Value>>,
    subject: Option<String>,
    html: Option<String>,
    text: Option<String>,
}

/// Resend's error: its status, its name and a message (<https://resend.com/docs/api-reference/errors>).
pub(super) struct Refusal(pub(super) StatusCode, pub(super) &'static str, pub(super) String);

impl Refusal {
    /// With Resend's own words for what has this name (<https://resend.com/docs/api-reference/errors>).
    pub(super) fn named(status: StatusCode, name: &'static str) -> Self {
        let words = match name {
            "missing_api_key" => "Missing API key in the authorization header.",
            "invalid_api_key" => "API key is invalid.",
            "invalid_idempotency_key" => "The idempotency key must be between 1-256 chars.",
            "invalid_idempotent_request" => {
                "This idempotency key has been used on a request that has a different payload. Retrying this request is useless \
                 without changing the idempotency key or payload."
            }
            "concurrent_idempotent_requests" => {
                "Another request with the same idempotency key is currently in progress. As it isn't finished yet, Resend can't return \
                 the original response. Please retry this request later to get the original response."
            }
            "rate_limit_exceeded" => {
                "Too many requests. You can only make 5 requests per second. See rate limit response headers for more information. Or \
                 contact support to increase rate limit."
            }
            "daily_quota_exceeded" => "You have reached your daily email sending quota.",
            "monthly_quota_exceeded" => "You have reached your monthly email sending quota.",
            _ => "An unexpected error occurred.",
        };
        Self(status, name, words.to_owned())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({"statusCode": self.0.as_u16(), "name": self.1, "message": self.2});
        let mut response = (self.0, Json(body)).into_response();
        if self.1 == "rate_limit_exceeded" {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// The mail, with an id, if Resend would take it.
pub(super) fn accept(email: Email) -> Result<Message, Refusal> {
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
    Ok(Message {
        id: Uuid::new_v4(),
        received: SystemTime::now(),
        from,
        to,
        subject,
        html,
        text,
        headers: email.headers.unwrap_or_default(),
    })
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

pub(super) fn invalid(message: &str) -> Refusal {
    Refusal(StatusCode::UNPROCESSABLE_ENTITY, "validation_error", message.to_owned())
}
