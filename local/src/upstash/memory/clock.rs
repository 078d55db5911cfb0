//! The engine's time.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// [`Clock::stands_at`] of a clock that runs.
const RUNS: i64 = i64::MIN;

/// The wall clock, or a clock that only tests move; both can be moved ahead.
#[derive(Debug)]
pub(crate) struct Clock {
    /// Microseconds since the epoch at which it was stopped, or [`RUNS`].
    stands_at: AtomicI64,
    /// Microseconds by which the clock was moved ahead.
    ahead: AtomicI64,
}

impl Clock {
    pub(crate) const fn wall() -> Self {
        Self { stands_at: AtomicI64::new(RUNS), ahead: AtomicI64::new(0) }
    }

    /// A clock that stands still at `start` milliseconds since the epoch until it is moved.
    #[cfg(test)]
    pub(crate) const fn manual(start: i64) -> Self {
        Self { stands_at: AtomicI64::new(start * 1_000), ahead: AtomicI64::new(0) }
    }

    /// Stops it at `since_epoch`, whatever it showed: from now on only [`Clock::advance`] moves it.
    pub(crate) fn stop(&self, since_epoch: Duration) {
        let micros = i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX);
        self.ahead.store(0, Ordering::Relaxed);
        self.stands_at.store(micros, Ordering::Relaxed);
    }

    pub(crate) fn advance(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.ahead.fetch_add(micros, Ordering::Relaxed);
    }

    /// Microseconds since the epoch.
    pub(crate) fn micros(&self) -> i64 {
        let base = match self.stands_at.load(Ordering::Relaxed) {
            RUNS => SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX)),
            stands_at => stands_at,
        };
        base.saturating_add(self.ahead.load(Ordering::Relaxed))
    }
}
