//! OpenAI's legacy text completion on the wire (openai-python `types/completion.py`, `types/completion_create_params.py`).
//!
//! A provider that speaks it is asked natively. Any other is asked for a chat completion whose one user message is the
//! prompt, and its answer is put into the form of a text completion.
//!
//! - `request`, `prompt`: the request, natively and over chat, and how large its prompt is.
//! - `shape`: the inside of a choice; the rest of an answer is `openai`'s.
//! - `over_chat`, `translate`: a chat completion as a text completion.

mod over_chat;
mod prompt;
mod request;
mod shape;
mod translate;

pub use request::CompletionRequest;
pub use shape::Completions;
