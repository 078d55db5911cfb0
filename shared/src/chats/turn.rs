//! What is kept of a turn, on its way into the database with the settlement of its call.

use serde::Serialize;
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};
use uuid::Uuid;

use super::message::{Kept, spoken};
use crate::app::App;
use crate::error::Error;
use crate::formats::chat::prompt::role;
use crate::keyring::{self, Sealed};

/// How long a title is that the gateway gives, in characters.
const TITLE: usize = 60;

/// What is kept of a turn; nothing of one that has no messages, which ends all the same.
#[derive(Clone, Debug, Serialize)]
pub struct KeptTurn {
    session_id: Uuid,
    messages: Vec<Kept>,
    /// For a session that has none yet.
    title: Option<Sealed>,
}

impl KeptTurn {
    /// The end of a turn of which nothing is kept.
    #[must_use]
    pub const fn nothing(session_id: Uuid) -> Self {
        Self { session_id, messages: Vec::new(), title: None }
    }

    /// Measures and seals what was said in a turn.
    ///
    /// # Errors
    /// `not_configured` without a keyring; 400 for what is no message of a chat.
    pub fn of(
        app: &App,
        session_id: Uuid,
        asked: &[Box<RawValue>],
        answered: Option<&RawValue>,
    ) -> Result<Self, Error> {
        let mut messages = asked.iter().map(|message| Kept::new(app, message)).collect::<Result<Vec<_>, _>>()?;
        if let Some(answered) = answered {
            messages.push(Kept::new(app, answered).or_else(|_| Kept::new(app, &as_text(answered)))?);
        }
        let title = title(asked).map(|title| keyring::seal(app, &json!(title).to_string())).transpose()?;
        Ok(Self { session_id, messages, title })
    }

    /// Whether it has messages.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// The same turn, of which nothing is kept.
    #[must_use]
    pub const fn emptied(&self) -> Self {
        Self::nothing(self.session_id)
    }
}

/// An answer in parts that no request may have, by what it says.
fn as_text(answer: &RawValue) -> Box<RawValue> {
    to_raw_value(&json!({ "role": "assistant", "content": spoken(answer) })).unwrap_or_default()
}

/// What a conversation is about, by what its user says first.
fn title(asked: &[Box<RawValue>]) -> Option<String> {
    let first = asked.iter().find(|message| role(message).as_deref() == Some("user"))?;
    let mut title = String::new();
    for word in spoken(first).split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        let room = TITLE - title.chars().count();
        if word.chars().count() + 1 > room && !title.is_empty() {
            title.push('…');
            break;
        }
        if !title.is_empty() {
            title.push(' ');
        }
        title.extend(word.chars().take(TITLE - 1));
    }
    (!title.is_empty()).then_some(title)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_the_beginning_of_what_the_user_says() {
        let said = |content: &str| to_raw_value(&json!({ "role": "user", "content": content })).expect("JSON");
        let system = to_raw_value(&json!({ "role": "system", "content": "Be brief." })).expect("JSON");
        assert_eq!(title(&[system.clone(), said(" Where\n is\tOslo? ")]).as_deref(), Some("Where is Oslo?"));
        let long = title(&[said(&"word ".repeat(50))]).expect("a title");
        assert!(long.ends_with("word…") && long.chars().count() <= TITLE, "{long}");
        assert!(title(&[said(&"x".repeat(500))]).expect("a title").chars().count() <= TITLE);
        assert_eq!(title(&[system]), None);
        assert_eq!(title(&[said(" ")]), None);
    }
}
