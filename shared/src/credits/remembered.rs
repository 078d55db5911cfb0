//! What is kept of a call with an Idempotency-Key, so that the same request gets the same answer and is not charged again.

use serde::Serialize;

use crate::app::App;
use crate::idempotency::Idempotency;
use crate::keyring::{self, Sealed};

/// The largest answer that is kept, in bytes. A larger one is not, and the same request is then a new one.
const LARGEST: usize = 128 * 1024;

/// The key, and the answer if the call gave one.
#[derive(Clone, Debug, Serialize)]
pub struct Remembered {
    #[serde(flatten)]
    idempotency: Idempotency,
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<Sealed>,
}

impl Remembered {
    /// Of a call with this key and its whole answer.
    #[must_use]
    pub fn new(app: &App, idempotency: &Idempotency, answer: Option<&[u8]>) -> Self {
        let small = answer.filter(|answer| answer.len() <= LARGEST);
        let text = small.and_then(|answer| std::str::from_utf8(answer).ok());
        // Without a keyring the call was refused; it does not go while the process runs.
        let answer = text.and_then(|text| keyring::seal(app, text).ok());
        Self { idempotency: idempotency.clone(), answer }
    }

    /// Whether there is an answer in it.
    #[must_use]
    pub const fn has_answer(&self) -> bool {
        self.answer.is_some()
    }

    /// The same without the answer.
    #[must_use]
    pub fn emptied(&self) -> Self {
        Self { idempotency: self.idempotency.clone(), answer: None }
    }
}
