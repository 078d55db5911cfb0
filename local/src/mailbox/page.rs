//! `/_local/mail`: what would have been sent, newest first.

use std::time::SystemTime;

use axum::Json;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use http::HeaderMap;
use shared::html::escape;

use super::Mailbox;
use crate::pages::{page, wants_json};

pub(super) async fn show(State(mailbox): State<Mailbox>, headers: HeaderMap) -> Response {
    let messages = mailbox.messages();
    if wants_json(&headers) {
        return Json(messages).into_response();
    }
    let mut body = String::new();
    if messages.is_empty() {
        body.push_str(
            "<p class=\"card empty\">No mail yet. A sign-in code that is asked for at <code>POST /auth/register</code> arrives here.</p>\n",
        );
    }
    // Newest first. HTML bodies are shown in a frame that may run nothing: a page must not run what was mailed.
    for message in messages.iter().rev() {
        let text = message.text.as_deref().or(message.html.as_deref()).unwrap_or_default();
        body.push_str(&format!(
            "<article class=\"card\"><h2>{}</h2><p class=\"soft\">{} &rarr; {}, <time datetime=\"{received}\">{received}</time></p>\
             <pre>{}</pre>{}</article>\n",
            escape(&message.subject),
            escape(&message.from),
            escape(&message.to.join(", ")),
            escape(text),
            message.html.as_deref().map(frame).unwrap_or_default(),
            received = received(message.received),
        ));
    }
    let introduction = "What the gateway would have sent, the newest first, times in UTC. For programs: \
                        <code>curl -H 'accept: application/json' /_local/mail</code> at this address.";
    Html(page("Mail", introduction, &body)).into_response()
}

/// The time in UTC to the second (RFC 3339).
pub(super) fn received(time: SystemTime) -> String {
    jiff::Timestamp::try_from(time).map(|time| format!("{time:.0}")).unwrap_or_default()
}

/// The looks of an HTML body.
fn frame(html: &str) -> String {
    format!("<iframe sandbox title=\"HTML\" srcdoc=\"{}\"></iframe>", escape(html))
}
