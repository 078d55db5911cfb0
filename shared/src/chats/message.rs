//! A message as it is kept: sealed, with its size in a prompt and the terms to find it by.

use serde::Serialize;
use serde_json::value::RawValue;

use super::history::as_sent;
use super::terms;
use crate::app::App;
use crate::config::EncryptionKey;
use crate::error::{Code, Error};
use crate::formats::chat::prompt;
use crate::keyring::{self, Sealed};
use crate::object::Object;
use crate::repeated_member::repeated_member;

/// A message on its way into the database.
#[derive(Clone, Debug, Serialize)]
pub struct Kept {
    role: String,
    content: Sealed,
    terms: Vec<i64>,
    bound: u64,
    tokens: u64,
    images: u64,
    modalities: Vec<&'static str>,
}

impl Kept {
    /// Measures and seals a message of chat completions.
    ///
    /// # Errors
    /// `invalid_request` when it is no such message; `not_configured` without a keyring.
    pub fn new(app: &App, message: &RawValue) -> Result<Self, Error> {
        if repeated_member(message.get()).is_some() {
            // Of two contents one would be measured, and maybe the other one read.
            return Err(
                Error::new(Code::InvalidRequest).with_message("A member of the message stands twice; say it once.")
            );
        }
        let sent = as_sent(message);
        let size = prompt::measure_message(&sent)?;
        Ok(Self {
            role: prompt::role(message).unwrap_or_default(),
            content: keyring::seal(app, message.get())?,
            terms: terms_of(message, keyring::newest(app)?),
            bound: size.bound,
            tokens: size.recounted(&prompt::message_text(&sent)).min(size.bound),
            images: size.images,
            modalities: size.modalities,
        })
    }
}

/// The terms of a message: its words', and one of the whole.
#[must_use]
pub fn terms_of(message: &RawValue, key: &EncryptionKey) -> Vec<i64> {
    let mut terms = terms::terms(&terms::words(&spoken(message)), key);
    terms.extend(terms::term_of_all(message.get(), key));
    terms
}

/// What a message says to people: its text, and that of its parts.
#[must_use]
pub fn spoken(message: &RawValue) -> String {
    let Ok(message) = serde_json::from_str::<Object<'_>>(message.get()) else { return String::new() };
    let text = |name: &str| message.read::<String>(name).ok().flatten();
    if let Some(content) = text("content") {
        return content;
    }
    let parts: Vec<Object<'_>> = message.read("content").ok().flatten().unwrap_or_default();
    let texts = parts.iter().filter_map(|part| part.read::<String>("text").ok().flatten());
    texts.chain(text("refusal")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_the_text_wherever_it_stands() {
        for (message, said) in [
            (r#"{"role":"user","content":"Hi"}"#, "Hi"),
            (
                r#"{"role":"user","content":[{"type":"text","text":"a"},{"type":"image_url","image_url":{"url":"data:image/png;base64,"}}]}"#,
                "a",
            ),
            (r#"{"role":"assistant","content":null,"refusal":"No."}"#, "No."),
            (r#"{"role":"assistant","content":null,"tool_calls":[]}"#, ""),
        ] {
            let message: Box<RawValue> = serde_json::from_str(message).expect("JSON");
            assert_eq!(spoken(&message), said);
        }
    }
}
