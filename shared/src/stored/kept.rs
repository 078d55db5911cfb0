//! An answer on its way into the database with the settlement of its call.

use serde::Serialize;
use uuid::Uuid;

use crate::app::App;
use crate::error::{Code, Error};
use crate::formats::stored::{Said, Storable, StoredAnswer, Wish};
use crate::keyring::{self, Sealed};

/// A text is counted up to this length, in bytes: its client waits for the answer meanwhile. A longer one goes by its bytes.
const COUNTED: usize = 16 * 1024;

/// What is stored of a call: what was said in it, and how its answer is shown, both sealed; and how large the first is as a part of
/// a prompt.
#[derive(Clone, Debug, Serialize)]
pub struct KeptResponse {
    id: Uuid,
    previous: Option<Uuid>,
    said: Sealed,
    shown: Sealed,
    bound: u64,
    tokens: u64,
    images: u64,
    modalities: Vec<&'static str>,
}

impl KeptResponse {
    /// Measures and seals what was said.
    ///
    /// # Errors
    /// `not_configured` without a keyring.
    pub fn of(app: &App, asked: &dyn Storable, wish: Wish, answer: StoredAnswer) -> Result<Self, Error> {
        let said = Said { input: asked.items()?, output: answer.output };
        let (size, text) = asked.measure(&said);
        let written = serde_json::to_string(&said).map_err(|error| {
            tracing::error!(%error, "what was said cannot be written");
            Error::new(Code::InternalError)
        })?;
        Ok(Self {
            id: wish.id,
            previous: wish.previous,
            said: keyring::seal(app, &written)?,
            shown: keyring::seal(app, answer.shown.get())?,
            bound: size.bound,
            tokens: if text.len() <= COUNTED { size.recounted(&text).min(size.bound) } else { size.bound },
            images: size.images,
            modalities: size.modalities,
        })
    }
}
