//! A call and everything it needs.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::time::Instant;
use uuid::Uuid;

use super::cache_wish::Cached;
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::credits::hold::Hold;
use crate::formats::{Demand, Request};
use crate::idempotency::Idempotency;
use crate::memory::{Stored, Turn};
use crate::serve::Tasks;
use crate::traces::TraceContext;

/// A hold outlives its call's deadline by this much, so that the settle finds it.
pub const HOLD_MARGIN: Duration = Duration::from_secs(60);
/// After the deadline a settle has this long before it goes to the outbox: the platform leaves 20 s.
pub const SETTLE_TIME: Duration = Duration::from_secs(10);

/// Where a call comes from, as far as its headers say it.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The app that calls, by its `HTTP-Referer` or `X-Title`.
    pub app: Option<String>,
    /// What it is sorted under.
    pub tags: Vec<String>,
    /// The session of which it is a part, by its `x-session-id`.
    pub session: Option<String>,
}

/// A call.
pub struct Call {
    pub app: SharedApp,
    pub caller: Caller,
    pub request: Arc<dyn Request>,
    /// The same request for the further models that may answer, in turn.
    pub alternatives: Vec<Arc<dyn Request>>,
    /// The kept conversation that it is a turn of.
    pub session_id: Option<Uuid>,
    /// What it says there.
    pub turn: Option<Turn>,
    /// What becomes of its answer, where that is stored, or goes on from one that is.
    pub stored: Option<Stored>,
    /// Where it comes from.
    pub origin: Origin,
    /// Its Idempotency-Key, of a plain call: who comes with it again gets the same answer.
    pub idempotency: Option<Idempotency>,
    /// What it asks of the cache of answers by its headers.
    pub cached: Option<Cached>,
    /// What it asks of it since its key says so, once that is known.
    pub cached_by_key: OnceLock<Cached>,
    /// Whether its answer has an identity of its own, so that it is none to be given again by the cache.
    pub is_unique: bool,
    /// Ours, a UUIDv7: the key of hold and settle.
    pub id: Uuid,
    pub started: Instant,
    /// When it is cut off.
    pub deadline: Instant,
    /// Where its last work goes, which no answer waits for.
    pub tasks: Tasks,
    /// Its place in a trace; none where nobody asks for traces.
    pub trace: Option<TraceContext>,
}

impl Call {
    /// What the request asks for.
    pub fn demand(&self) -> &Demand {
        self.request.demand()
    }

    /// What tells the session apart of which it is a part, among all of every key; `None` where it does not say. Its body says so
    /// before its header, and that before what else tells it. Nobody learns from it what the caller has called it.
    pub fn session(&self) -> Option<String> {
        let routing = &self.demand().routing;
        let by_name = routing.session_id.as_deref().or(self.origin.session.as_deref());
        let named = by_name.or(routing.session.as_deref())?;
        let parts = [self.caller.key_hash(), &self.demand().model, named];
        let digest = parts.iter().fold(Sha256::new(), |hash, part| hash.chain_update(part).chain_update([0]));
        Some(hex::encode(&digest.finalize()[..16]))
    }

    /// What it asks of the cache of answers.
    pub fn cached(&self) -> Option<&Cached> {
        self.cached.as_ref().or_else(|| self.cached_by_key.get())
    }

    /// What it asks of it if its key has answers kept for so long.
    pub fn cached_for(&self, life: Duration) -> Option<Cached> {
        let by_key = !self.is_unique && self.cached.is_none();
        by_key.then(|| Cached::by_default(&self.app, &self.caller, self.demand(), life)).flatten()
    }

    /// What is left until the deadline.
    pub fn remaining(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Whether the client gets the end of its answer only when the call is in the books, which its next call goes by: one that
    /// comes at once finds the turn over, and in the conversation what was said, or the answer stored.
    pub fn holds_back(&self) -> bool {
        self.session_id.is_some() || self.stored.as_ref().is_some_and(Stored::is_kept)
    }

    /// Whether only the provider's report tells what was produced: then it is read on when the client has left, and
    /// without a report the hold is charged.
    pub fn reads_on(&self, hold: &Hold) -> bool {
        hold.reasoning || self.demand().comes_whole
    }
}
