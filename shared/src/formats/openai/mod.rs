//! What OpenAI's chat completions and legacy text completions share: everything but the inside of a choice.
//!
//! - `body`: the members of a request that money and routing need, and what we add to an answer. `usage`: the token counts.
//! - `parameters`: what of a request every provider refuses.
//! - `named`: an answer under the catalog's names.
//! - `answer`: a provider's answer, streamed or whole, and what the client gets of it.
//! - `chunks`: what is read from the chunks of a stream. `last_events`: how a stream ends.
//! - `assemble`, `merge`: a plain answer put together from the chunks of a stream.

pub mod answer;
mod assemble;
pub mod body;
mod chunks;
pub mod last_events;
mod merge;
pub mod named;
pub mod parameters;
pub mod usage;

use serde_json::{Map, Value};

pub use merge::merge;

use crate::object::Object;

/// The inside of a choice, and how an answer calls itself.
pub trait Shape: Send + Sync + 'static {
    /// `object` of a plain answer.
    const WHOLE: &'static str;
    /// `object` of a chunk.
    const CHUNK: &'static str;
    /// The id of a stream that failed before it had one.
    const NO_ID: &'static str;

    /// Whether a choice of a chunk has what a client waits for.
    fn has_output(choice: &Object<'_>) -> bool;

    /// Takes the members that come in pieces out of a chunk's choice, named as they stand in a plain one.
    fn pieces(choice: &mut Map<String, Value>) -> Map<String, Value>;

    /// Makes a choice, whose pieces are put together, one of a plain answer.
    fn finish(choice: &mut Map<String, Value>);

    /// The text that the model wrote in a choice of a chunk or of a plain answer, for counting its tokens.
    fn text(choice: &Value, text: &mut String);

    /// The choice of the chunk that reports a failure.
    fn failed_choice() -> Value;
}
