//! What a call takes up from calls before it and leaves to those after it.
//!
//! - `turn`: as a turn of a chat that is kept. `stored`: as an answer that is stored, and that others go on from.

pub mod stored;
pub mod turn;

pub use stored::{KeptResponse, Stored};
pub use turn::{KeptTurn, Turn};

use crate::error::{Code, Error};

/// What was said may be megabytes.
async fn off_the_async_threads<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "what is kept of a call cannot be read");
        Error::new(Code::InternalError)
    })
}
