//! An answer as it lies in Redis.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::app::App;
use crate::keyring::{self, Sealed};

/// The largest answer that is kept, in bytes.
pub const LARGEST: usize = 256 * 1024;

/// What lies there.
#[derive(Deserialize, Serialize)]
struct Entry<S> {
    /// The call that it was made by.
    call: Uuid,
    /// When it was, in Unix ms.
    at: i64,
    #[serde(flatten)]
    sealed: S,
}

/// What of it is sealed. Whose answer it is, and to what, stands within, so that one that lies in another's place is none.
#[derive(Deserialize, Serialize)]
struct Content<'a> {
    account: Uuid,
    fingerprint: &'a str,
    model: &'a str,
    answer: String,
}

/// An answer that was found.
pub struct Opened {
    /// The answer, as the client gets it.
    pub answer: String,
    /// Which of the models has written it.
    pub place: usize,
    /// The call that it was made by.
    pub call: Uuid,
    /// How old it is, in seconds.
    pub age: u64,
}

/// Seals an answer for its account. None where it is too large, no text, or there is nothing to seal it with.
#[must_use]
pub fn seal(app: &App, (account, fingerprint, model): (Uuid, &str, &str), call: Uuid, answer: &[u8]) -> Option<String> {
    let answer = String::from_utf8(answer.to_vec()).ok().filter(|answer| answer.len() <= LARGEST)?;
    let content = serde_json::to_string(&Content { account, fingerprint, model, answer }).ok()?;
    let sealed = keyring::seal(app, &content).ok()?;
    serde_json::to_string(&Entry { call, at: jiff::Timestamp::now().as_millisecond(), sealed }).ok()
}

/// Opens an answer that lies under this fingerprint of an account, of one of these models. None, after a log line, where it is not what
/// should lie there.
#[must_use]
pub fn open(app: &App, (account, fingerprint): (Uuid, &str), models: &[&str], entry: &str) -> Option<Opened> {
    let read = || {
        let Entry { call, at, sealed }: Entry<Sealed> = serde_json::from_str(entry).ok()?;
        let content = keyring::open(app, &sealed).ok()?;
        let content: Content<'_> = serde_json::from_str(&content).ok()?;
        let place = models.iter().position(|model| *model == content.model)?;
        let is_its = content.account == account && content.fingerprint == fingerprint;
        let age = jiff::Timestamp::now().as_millisecond().saturating_sub(at) / 1000;
        is_its.then(|| Opened { answer: content.answer, place, call, age: u64::try_from(age).unwrap_or(0) })
    };
    let opened = read();
    if opened.is_none() {
        tracing::warn!("a cached answer is not read; the call is made");
    }
    opened
}
