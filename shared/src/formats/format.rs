//! The wire formats by name.

use serde_json::{Value, json};

use crate::error::Error;

/// A wire format: the shape of requests, answers, streams and errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// OpenAI's chat completions.
    Chat,
    /// OpenAI's legacy text completions.
    Completions,
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 2] = [Self::Chat, Self::Completions];

    /// The body that tells a client of this format of an error.
    #[must_use]
    pub fn error_body(self, error: &Error) -> Value {
        match self {
            Self::Chat | Self::Completions => json!({ "error": error.to_object() }),
        }
    }
}
