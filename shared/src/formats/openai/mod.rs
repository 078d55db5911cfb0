//! What OpenAI's chat completions and legacy text completions share: everything but the inside of a choice.
//!
//! - `body`: the members of a request that money and routing need, and what we add to an answer. `usage`, `billed`: the
//!   token counts, as they are read and as the client sees them.
//! - `members`: which members of a request are let through.
//! - `parameters`: what of a request every provider refuses.
//! - `named`, `head`, `limited`: an answer under the catalog's names.
//! - `texts`: a member that holds texts or token ids, one or many.
//! - `answer`: a provider's answer, streamed or whole, and what the client gets of it.
//! - `chunks`, `glance`, `quiet`: what is read from the chunks of a stream. `last_events`: how a stream ends.
//! - `openrouter`: what OpenRouter's clients want besides.
//! - `assemble`, `merge`, `alike`: a plain answer put together from the chunks of a stream.

mod alike;
pub mod answer;
mod assemble;
mod billed;
pub mod body;
pub mod chunks;
pub mod glance;
mod head;
pub mod last_events;
mod limited;
pub mod members;
mod merge;
pub mod named;
mod openrouter;
pub mod parameters;
mod quiet;
pub mod texts;
pub mod usage;

use serde_json::{Map, Value};

pub use merge::merge;

use crate::credits::usage::Usage;
use crate::object::Object;

/// The inside of a choice, and how an answer calls itself.
pub trait Shape: Send + Sync + 'static {
    /// `object` of a plain answer.
    const WHOLE: &'static str;
    /// `object` of a chunk.
    const CHUNK: &'static str;
    /// The id of a stream that failed before it had one.
    const NO_ID: &'static str;

    /// What must be known of the chunks before one to mend it.
    type Mender: Default + Send + Sync;

    /// Whether a choice of a chunk has what a client waits for.
    fn has_output(choice: &Object<'_>) -> bool;

    /// Which member of a plain answer's choice the member of a chunk's choice is a piece of; none if it comes whole.
    fn piece_of(choice: &Object<'_>, name: &str) -> Option<&'static str>;

    /// Makes a choice, whose pieces are put together, one of a plain answer.
    fn finish(choice: &mut Map<String, Value>);

    /// Appends the text that the model wrote in a choice of a chunk or of a plain answer, for counting its tokens.
    /// Answers whether that is all that was written there.
    fn text(choice: &Value, text: &mut String) -> bool;

    /// What an answer used by its provider's report, with what its chunks, or its body, show besides.
    fn shown<'a>(usage: Usage, _texts: impl Iterator<Item = &'a str>) -> Usage {
        usage
    }

    /// Makes a plain answer's choice a chunk's, which says all of it but why it ended.
    fn whole_delta(choice: &mut Map<String, Value>);

    /// The choice of the chunk after that one.
    fn last_delta(index: &Value, finish_reason: &Value) -> Value;

    /// Whether a chunk or a plain answer may hold what has to be mended, by a look at its bytes.
    fn may_need_mending(mender: &Self::Mender, json: &[u8]) -> bool;

    /// Mends what is wrong in a choice of a chunk or of a plain answer. Answers whether anything was.
    fn mend(mender: &mut Self::Mender, choice: &mut Value) -> bool;

    /// The choice of the chunk that reports a failure.
    fn failed_choice() -> Value;
}
