//! The local fallback limiter: this process counts by itself while Redis is away.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::error::{Code, Error};

const MINUTE: Duration = Duration::from_secs(60);
/// Keys remembered at most; beyond that all counts start anew, so that callers are rather admitted than refused.
const CAPACITY: usize = 10_000;

/// Requests of this process by key, in fixed minutes.
#[derive(Default)]
pub struct FallbackLimiter {
    counts: Mutex<HashMap<String, (Instant, u64)>>,
}

impl FallbackLimiter {
    /// Counts a request against the key's own requests a minute.
    ///
    /// # Errors
    /// `rate_limit_exceeded` with the rest of the minute.
    pub fn admit(&self, key_id: &str, requests_per_minute: u64) -> Result<(), Error> {
        let now = Instant::now();
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= CAPACITY {
            counts.clear();
        }
        let (started, count) = counts.entry(key_id.to_owned()).or_insert((now, 0));
        if now.duration_since(*started) >= MINUTE {
            (*started, *count) = (now, 0);
        }
        if *count >= requests_per_minute {
            let wait = MINUTE.saturating_sub(now.duration_since(*started));
            return Err(Error::new(Code::RateLimitExceeded).with_retry_after(wait));
        }
        *count += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_is_counted_by_itself() {
        let fallback = FallbackLimiter::default();
        assert!(fallback.admit("a", 1).is_ok());
        assert_eq!(fallback.admit("a", 1).expect_err("the second").code, Code::RateLimitExceeded);
        assert!(fallback.admit("b", 1).is_ok());
    }

    #[test]
    fn a_key_has_all_of_its_minute_and_waits_for_the_rest_of_it() {
        let fallback = FallbackLimiter::default();
        for _ in 0..3 {
            assert!(fallback.admit("a", 3).is_ok());
        }
        let wait = fallback.admit("a", 3).expect_err("the fourth").retry_after.expect("a wait");
        assert!(wait <= MINUTE && wait > MINUTE / 2, "{wait:?}");
    }

    #[test]
    fn a_minute_later_a_key_has_all_of_it_again() {
        let fallback = FallbackLimiter::default();
        let pass = |time: Duration| {
            let mut counts = fallback.counts.lock().expect("a lock");
            let (started, _) = counts.get_mut("a").expect("a key that was counted");
            *started = started.checked_sub(time).expect("a time before");
        };
        for _ in 0..2 {
            assert!(fallback.admit("a", 2).is_ok() && fallback.admit("a", 2).is_ok());
            pass(MINUTE / 2);
            assert!(fallback.admit("a", 2).is_err(), "half a minute is not enough");
            pass(MINUTE / 2);
        }
    }

    #[test]
    fn few_keys_are_never_forgotten_and_many_are_not_kept() {
        let fallback = FallbackLimiter::default();
        for key in 0..CAPACITY - 1 {
            assert!(fallback.admit(&key.to_string(), 1).is_ok());
        }
        assert!(fallback.admit("0", 1).is_err());
        assert!(fallback.admit("one more", 1).is_ok());
        assert!(fallback.admit("0", 1).is_ok(), "all counts started anew");
        assert_eq!(fallback.counts.lock().expect("a lock").len(), 1);
    }
}
