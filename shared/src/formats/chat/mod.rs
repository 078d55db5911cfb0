//! OpenAI's chat completion on the wire: what clients send and what they get back.
//!
//! - `request`, `prompt`: the request, and how large its prompt is.
//! - `alternatives`: several models, of which one is to answer.
//! - `shape`: the inside of a choice; the rest of an answer is `openai`'s.
//! - `pictures`: pictures that a model draws in its answer.
//! - `strict`: what a provider gets that refuses what it does not know.
//! - `dialect`: what is otherwise at providers that are not OpenAI.
//! - `tools`: tool calls, where a provider gives them in a form that SDKs do not read.
//! - `pieces`, `names`: what a chat says, and the names of its tools, for the formats that are served by way of it.

mod alternatives;
pub mod dialect;
pub mod names;
pub mod pictures;
pub mod pieces;
pub mod prompt;
mod request;
mod shape;
mod strict;
mod tools;

pub use request::ChatRequest;
pub use shape::{Chat, REASONING};
