//! The engine's time.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The wall clock, or a clock that only tests move; both can be moved ahead.
#[derive(Debug)]
pub(crate) struct Clock {
    /// Microseconds since the epoch at which a manual clock stands; a wall clock has none.
    start: Option<i64>,
    /// Microseconds by which the clock was moved ahead.
    ahead: AtomicI64,
}

impl Clock {
    pub(crate) const fn wall() -> Self {
        Self { start: None, ahead: AtomicI64::new(0) }
    }

    /// A clock that stands still at `start` milliseconds since the epoch until it is moved.
    #[cfg(test)]
    pub(crate) const fn manual(start: i64) -> Self {
        Self { start: Some(start * 1_000), ahead: AtomicI64::new(0) }
    }

    pub(crate) fn advance(&self, by: Duration) {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.ahead.fetch_add(micros, Ordering::Relaxed);
    }

    /// Microseconds since the epoch.
    pub(crate) fn micros(&self) -> i64 {
        let base = self.start.unwrap_or_else(|| {
            SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
        });
        base.saturating_add(self.ahead.load(Ordering::Relaxed))
    }
}
