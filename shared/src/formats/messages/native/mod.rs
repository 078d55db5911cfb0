//! A provider's message, streamed or whole, and what the client gets of it.
//!
//! - `answer`: the message as it comes in. `events`: what is read from a stream.
//! - `assemble`: a plain message put together from the events of a stream, and taken apart into them.
//! - `ending`: how a stream ends.

mod answer;
mod assemble;
pub mod ending;
mod events;

pub use answer::MessageAnswer;
pub use assemble::{assemble as assembled, events_of};
pub use events::error_of;
