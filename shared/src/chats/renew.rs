//! What older keys of the keyring sealed of chats, sealed anew under the newest one.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::message::terms_of;
use crate::app::App;
use crate::endpoints::answer::malformed;
use crate::error::Result;
use crate::keyring::{self, Sealed};
use crate::resealing::{Resealed, Stored, in_rounds, reseal};

const CHATS: Stored = Stored { list: "list_outdated_chats", renew: "renew_chats", rounds: 5 };

#[derive(Deserialize)]
struct Outdated {
    sessions: Vec<Session>,
    messages: Vec<Message>,
}

#[derive(Deserialize)]
struct Session {
    id: String,
    title: Option<Sealed>,
    metadata: Option<Sealed>,
}

#[derive(Deserialize)]
struct Message {
    id: String,
    content: Sealed,
}

/// Seals some of them anew; answers how many. What no key can open keeps nothing beside it from being renewed, either. See
/// [`in_rounds`].
///
/// # Errors
/// `service_unavailable`.
pub async fn renew_outdated(app: &App, longest: Duration) -> Result<usize> {
    in_rounds(app, &CHATS, longest, |outdated: Outdated, after| {
        if outdated.sessions.is_empty() && outdated.messages.is_empty() {
            return None;
        }
        // Onward from the last of each.
        if let Some(session) = outdated.sessions.last() {
            after["session"] = json!(session.id);
        }
        if let Some(message) = outdated.messages.last() {
            after["message"] = json!(message.id);
        }
        Some(json!({
            "sessions": outdated.sessions.iter().filter_map(|session| session_anew(app, session).ok()).collect::<Vec<_>>(),
            "messages": outdated.messages.iter().filter_map(|message| message_anew(app, message).ok()).collect::<Vec<_>>(),
        }))
    })
    .await
}

fn session_anew(app: &App, session: &Session) -> Result<serde_json::Value> {
    let title = session.title.as_ref().map(|title| reseal(app, title)).transpose()?;
    let metadata = session.metadata.as_ref().map(|metadata| reseal(app, metadata)).transpose()?;
    Ok(json!({ "id": session.id, "title": title, "metadata": metadata }))
}

fn message_anew(app: &App, kept: &Message) -> Result<serde_json::Value> {
    let text = keyring::open(app, &kept.content)?;
    let message = RawValue::from_string(text.clone()).map_err(|error| malformed(&error))?;
    let terms = terms_of(&message, keyring::newest(app)?);
    let content = Resealed(kept.content.ciphertext.clone(), keyring::seal(app, &text)?);
    Ok(json!({ "id": kept.id, "content": content, "terms": terms }))
}
