//! The wire formats by name.

use serde_json::{Value, json};

use super::messages::wire;
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
}

impl Format {
    /// The body that tells a client of this format of an error.
    #[must_use]
    pub fn error_body(self, error: &Error) -> Value {
        match self {
            Self::Chat | Self::Completions => json!({ "error": error.to_object() }),
            Self::Messages => wire::error_body(error),
        }
    }
}
