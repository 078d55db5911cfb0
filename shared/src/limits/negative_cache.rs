//! The negative cache: refusals that this process remembers, so that a client hammering a closed window costs no transaction.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::status::RateLimitStatus;
use crate::error::{Code, Error};

/// A refusal is remembered until its window opens, but no longer than this. What is changed through this process ends it at
/// once. Of what is changed through another one, a revoked key or a raised limit, the caller hears by so much later: until then
/// it is refused with the former reason, and nobody is let in who should not be. Four transactions a second are what a
/// hammering key then costs an instance.
const LONGEST: Duration = Duration::from_millis(250);
/// Keys remembered at most.
const CAPACITY: usize = 10_000;

/// The closed windows, by the hash of the key.
#[derive(Default)]
pub struct NegativeCache {
    refusals: Mutex<HashMap<String, (Instant, Instant, Error)>>,
    /// How often everything was forgotten.
    changes: AtomicU64,
}

impl NegativeCache {
    /// The generation of the cache. A refusal that is asked for now is kept only if the generation is still this one then.
    pub fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    /// Forgets all refusals: a key, a limit or an account was changed, and hardly ever is.
    pub fn forget(&self) {
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        self.changes.fetch_add(1, Ordering::AcqRel);
        refusals.clear();
    }

    /// Keeps a refusal whose window is known to be closed for a while. Concurrency is not: it may open any moment. One that
    /// was asked for before the last change is not kept.
    pub fn insert(&self, key_hash: &str, refusal: &Error, changes: u64) {
        let (Code::RateLimitExceeded, Some(wait)) = (refusal.code, refusal.retry_after) else { return };
        let now = Instant::now();
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        if self.changes() != changes {
            return;
        }
        if refusals.len() >= CAPACITY {
            refusals.clear();
        }
        refusals.insert(key_hash.to_owned(), (now + wait.min(LONGEST), now + wait, refusal.clone()));
    }

    /// The refusal that still holds for this key, with what is left of its wait.
    pub fn get(&self, key_hash: &str) -> Option<Error> {
        let now = Instant::now();
        let mut refusals = self.refusals.lock().unwrap_or_else(PoisonError::into_inner);
        let (forget, opens, refusal) = refusals.get(key_hash)?;
        if *forget <= now {
            refusals.remove(key_hash);
            return None;
        }
        let wait = opens.duration_since(now);
        Some(refusal.clone().with_retry_after(wait).with_headers(|headers| RateLimitStatus::write_reset(headers, wait)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_closed_window_is_remembered() {
        let cache = NegativeCache::default();
        cache.insert("a", &Error::new(Code::RateLimitExceeded).with_retry_after(Duration::from_secs(3600)), 0);
        cache.insert("b", &Error::new(Code::ConcurrencyExceeded).with_retry_after(Duration::from_secs(1)), 0);
        let recalled = cache.get("a").and_then(|e| e.retry_after).expect("a closed window");
        assert!(recalled > Duration::from_secs(3000));
        assert!(cache.get("b").is_none());
        assert!(cache.get("c").is_none());
    }

    #[test]
    fn what_was_changed_elsewhere_is_hidden_for_a_quarter_of_a_second_at_most() {
        let cache = NegativeCache::default();
        cache.insert("a", &Error::new(Code::RateLimitExceeded).with_retry_after(Duration::from_secs(3600)), 0);
        assert!(LONGEST <= Duration::from_millis(250));
        std::thread::sleep(LONGEST);
        assert!(cache.get("a").is_none());
    }

    #[test]
    fn a_change_ends_what_is_remembered_and_what_was_asked_for_before_it() {
        let cache = NegativeCache::default();
        let closed = Error::new(Code::RateLimitExceeded).with_retry_after(Duration::from_secs(3600));
        let before = cache.changes();
        cache.insert("a", &closed, before);
        cache.forget();
        assert!(cache.get("a").is_none());
        cache.insert("a", &closed, before);
        assert!(cache.get("a").is_none());
        cache.insert("a", &closed, cache.changes());
        assert!(cache.get("a").is_some());
    }
}
