//! Whether a call asks the cache of answers, and what may be kept there of a stream while it comes.

use std::time::Duration;

use bytes::Bytes;

use crate::answer_cache::{Asked, LARGEST};
use crate::app::App;
use crate::caller::Caller;
use crate::error::Error;
use crate::formats::Demand;
use crate::keyring;

/// What a call asks of the cache.
pub struct Cached {
    /// By what its answer is found among those of its account.
    pub fingerprint: String,
    /// How long its answer is kept.
    pub life: Duration,
}

impl Cached {
    /// Of a call that asks for it, unless it comes with tools and does not say that this does not matter, or there is nothing to seal
    /// its answer with.
    ///
    /// # Errors
    /// 400 for a wish that is none.
    pub fn read(app: &App, caller: &Caller, demand: &Demand) -> Result<Option<Self>, Error> {
        Ok(caller.asks_the_cache()?.and_then(|asked| Self::of(app, &asked, demand)))
    }

    /// Of a call that does not say, whose key has answers kept for so long.
    pub fn by_default(app: &App, caller: &Caller, demand: &Demand, life: Duration) -> Option<Self> {
        caller.asks_the_cache_by_default(life).and_then(|asked| Self::of(app, &asked, demand))
    }

    fn of(app: &App, asked: &Asked, demand: &Demand) -> Option<Self> {
        let asks = (asked.with_tools || !demand.prompt.tools) && keyring::newest(app).is_ok();
        asks.then(|| Self { fingerprint: asked.fingerprint(&demand.model), life: asked.life })
    }
}

/// What a client has got of a stream, as far as it is worth keeping.
#[derive(Default)]
pub struct Pieces {
    pieces: Vec<Bytes>,
    size: usize,
}

impl Pieces {
    /// Takes what comes next.
    pub fn take(&mut self, piece: &Bytes) {
        self.size += piece.len();
        if self.size > LARGEST {
            self.pieces = Vec::new();
        } else {
            self.pieces.push(piece.clone());
        }
    }

    /// All of it with its end; none where it is too large.
    pub fn ended(&self, end: &[u8]) -> Option<Vec<u8>> {
        (self.size <= LARGEST).then(|| [&self.pieces.concat(), end].concat())
    }
}
