//! The wire formats by name.

use http::HeaderName;
use serde_json::{Value, json};

use super::messages::wire;
use crate::dialect::Dialect;
use crate::error::Error;

/// Declares the formats together with the list of them, which so cannot lack one.
macro_rules! formats {
    ($($(#[$about:meta])* $name:ident,)*) => {
        /// A wire format: the shape of requests, answers, streams and errors.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Format {
            $($(#[$about])* $name,)*
        }

        impl Format {
            /// Every format.
            pub const ALL: [Self; [$(stringify!($name)),*].len()] = [$(Self::$name),*];
        }
    };
}

formats! {
    /// OpenAI's chat completions.
    Chat,
    /// OpenAI's legacy text completions.
    Completions,
    /// Anthropic's Messages.
    Messages,
    /// OpenAI's Responses.
    Responses,
    /// OpenAI's embeddings.
    Embeddings,
    /// Cohere's rerank, as Jina and OpenRouter have it, too.
    Rerank,
    /// OpenAI's images.
    ImageGeneration,
    /// OpenAI's edits of images.
    ImageEdit,
    /// OpenAI's speech.
    Speech,
    /// OpenAI's transcriptions.
    Transcription,
    /// OpenAI's translations of what is spoken.
    Translation,
}

impl Format {
    /// The body that tells a client of this format and dialect of an error in the answer to the request of this name.
    #[must_use]
    pub fn error_body(self, error: &Error, dialect: Dialect, request_id: &str) -> Value {
        if self != Self::Messages {
            return json!({ "error": dialect.error(error) });
        }
        let mut body = wire::error_body(error);
        body["request_id"] = json!(request_id);
        body
    }

    /// The header in which clients of this format look for the request's name, besides ours.
    #[must_use]
    pub const fn request_id_header(self) -> Option<HeaderName> {
        match self {
            Self::Messages => Some(wire::REQUEST_ID),
            _ => None,
        }
    }
}
