//! What older keys of the keyring sealed of chats, sealed anew under the newest one.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;

use super::message::terms_of;
use crate::app::App;
use crate::endpoints::answer::malformed;
use crate::error::Result;
use crate::keyring::{self, Sealed};

/// How many rounds that renew something one run makes at most.
const ROUNDS: usize = 5;

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

#[derive(Deserialize)]
struct Done {
    renewed: usize,
}

/// The outdated token and what takes its place.
#[derive(Serialize)]
struct Renewed(String, Sealed);

/// Seals anew some of what older keys sealed; answers how much. A keyring of one has nothing to renew from. What no key can
/// open stays as it is, with an ERROR in the log, and keeps nothing beside or behind it from being renewed. No round is begun
/// after `longest`.
///
/// # Errors
/// `service_unavailable`.
pub async fn renew_outdated(app: &App, longest: Duration) -> Result<usize> {
    let versions = keyring::older_versions(app);
    let (began, mut renewed, mut rounds) = (Instant::now(), 0, 0);
    let mut after = json!({});
    while !versions.is_empty() && rounds < ROUNDS && began.elapsed() < longest {
        let asked = json!({ "versions": versions, "after": after });
        let outdated: Outdated = app.supabase()?.rpc("list_outdated_chats", &asked).await?;
        if outdated.sessions.is_empty() && outdated.messages.is_empty() {
            break;
        }
        // Onward from the last of each.
        if let Some(session) = outdated.sessions.last() {
            after["session"] = json!(session.id);
        }
        if let Some(message) = outdated.messages.last() {
            after["message"] = json!(message.id);
        }
        let renew = json!({
            "sessions": outdated.sessions.iter().filter_map(|session| session_anew(app, session).ok()).collect::<Vec<_>>(),
            "messages": outdated.messages.iter().filter_map(|message| message_anew(app, message).ok()).collect::<Vec<_>>(),
        });
        let done: Done = app.supabase()?.rpc("renew_chats", &json!({ "renewed": renew })).await?;
        renewed += done.renewed;
        rounds += usize::from(done.renewed > 0);
    }
    Ok(renewed)
}

fn anew(app: &App, sealed: &Sealed) -> Result<Renewed> {
    Ok(Renewed(sealed.ciphertext.clone(), keyring::seal(app, &keyring::open(app, sealed)?)?))
}

fn session_anew(app: &App, session: &Session) -> Result<serde_json::Value> {
    let title = session.title.as_ref().map(|title| anew(app, title)).transpose()?;
    let metadata = session.metadata.as_ref().map(|metadata| anew(app, metadata)).transpose()?;
    Ok(json!({ "id": session.id, "title": title, "metadata": metadata }))
}

fn message_anew(app: &App, kept: &Message) -> Result<serde_json::Value> {
    let text = keyring::open(app, &kept.content)?;
    let message = RawValue::from_string(text.clone()).map_err(|error| malformed(&error))?;
    let terms = terms_of(&message, keyring::newest(app)?);
    let content = Renewed(kept.content.ciphertext.clone(), keyring::seal(app, &text)?);
    Ok(json!({ "id": kept.id, "content": content, "terms": terms }))
}
