//! When a settle that the database could not take is tried again.

use std::slice::Iter;
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// The pauses before each new try.
const PAUSES: [Duration; 3] = [Duration::from_millis(100), Duration::from_millis(400), Duration::from_millis(1500)];

/// The tries that are left.
pub struct Retries {
    pauses: Iter<'static, Duration>,
    until: Instant,
}

impl Retries {
    /// All of them, within this time: beyond it the platform may end the process, and a settle must be in the outbox by then.
    pub fn within(until: Instant) -> Self {
        Self { pauses: PAUSES.iter(), until }
    }

    /// Waits for the next try. Answers at once, and false, where none is left.
    pub async fn pause(&mut self) -> bool {
        match self.pauses.next() {
            Some(pause) if Instant::now() + *pause < self.until => {
                sleep(*pause).await;
                true
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn none_is_left_whose_pause_would_end_too_late() {
        let now = Instant::now();
        for until in [now, now + PAUSES[0]] {
            assert!(!Retries::within(until).pause().await);
        }
        let mut enough = Retries::within(now + Duration::from_secs(3600));
        assert!(enough.pause().await);
    }
}
