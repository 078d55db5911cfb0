//! Answers that are given again: whoever asks for it by a header gets the answer to the very same request once more, for nothing, as
//! long as it is kept.
//!
//! Answers lie sealed in Redis, by account and by all that decides what is answered. They are looked for, and kept, within the scripts
//! that a call runs anyway (`limits`), so that a call which does not ask for it pays nothing, and a hit is one call of Redis.
//!
//! - `asked`: what a request asks of the cache, and by what it is told to be the same as another.
//! - `kept`: an answer as it lies there.

mod asked;
mod kept;

pub use asked::{Asked, LONGEST_LIFE, Presented};
pub use kept::{LARGEST, Opened, open, seal};
