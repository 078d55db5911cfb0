//! A provider's response, streamed or whole, and what the client gets of it.
//!
//! - `answer`: the response as it comes in. `events`: what is read from a stream.

mod answer;
mod events;

pub use answer::ResponseAnswer;
