//! An answer on its way into the database with the settlement of its call.

use serde::Serialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::app::App;
use crate::error::{Code, Error};
use crate::formats::PromptSize;
use crate::formats::stored::{Said, Storable, StoredAnswer, Wish};
use crate::keyring::{self, Sealed};

/// A text is counted up to this length, in bytes: its client waits for the answer meanwhile. A longer one goes by its bytes.
const COUNTED: usize = 16 * 1024;

/// What is stored of a call: what its client and its model said in it, and how its answer is shown, each sealed; and how large
/// that is as a part of a prompt, both together and the output alone.
#[derive(Clone, Debug, Serialize)]
pub struct KeptResponse {
    id: Uuid,
    previous: Option<Uuid>,
    input: Sealed,
    output: Sealed,
    shown: Sealed,
    bound: u64,
    tokens: u64,
    output_bound: u64,
    output_tokens: u64,
    images: u64,
    modalities: Vec<&'static str>,
    /// The ids by which a client may refer to items of the output.
    items: Vec<String>,
}

impl KeptResponse {
    /// Measures and seals what was said.
    ///
    /// # Errors
    /// `not_configured` without a keyring.
    pub fn of(app: &App, asked: &dyn Storable, wish: Wish, answer: StoredAnswer) -> Result<Self, Error> {
        let sealed = |items: &[Box<RawValue>]| {
            let written = serde_json::to_string(items).map_err(|error| {
                tracing::error!(%error, "what was said cannot be written");
                Error::new(Code::InternalError)
            })?;
            keyring::seal(app, &written)
        };
        let mut said = Said { input: Vec::new(), output: answer.output };
        let (of_output, text) = asked.measure(&said);
        let output_tokens = counted(&of_output, &text);
        said.input = asked.items()?;
        let (size, text) = asked.measure(&said);
        Ok(Self {
            id: wish.id,
            previous: wish.previous,
            input: sealed(&said.input)?,
            output: sealed(&said.output)?,
            shown: keyring::seal(app, answer.shown.get())?,
            bound: size.bound,
            tokens: counted(&size, &text),
            output_bound: of_output.bound,
            output_tokens,
            images: size.images,
            modalities: size.modalities,
            items: answer.named,
        })
    }
}

/// The tokens of a text at most, by a count where it is short enough for one.
fn counted(size: &PromptSize, text: &str) -> u64 {
    if text.len() <= COUNTED { size.recounted(text).min(size.bound) } else { size.bound }
}
