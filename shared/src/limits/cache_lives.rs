//! Which keys have the answers to their calls kept, as far as this process has heard: so a call looks for one in the same question to
//! Redis that lets it in, which is asked before the database has told of the key.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Keys remembered at most.
const CAPACITY: usize = 10_000;

/// For how long each keeps them, by the hash of the key; nothing of those that keep none.
#[derive(Default)]
pub struct CacheLives(Mutex<HashMap<String, Duration>>);

impl CacheLives {
    /// For how long a key keeps them.
    pub fn get(&self, key_hash: &str) -> Option<Duration> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key_hash).copied()
    }

    /// Remembers it.
    pub fn learn(&self, key_hash: &str, life: Option<Duration>) {
        let mut lives = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match life {
            None => {
                lives.remove(key_hash);
            }
            Some(life) if lives.get(key_hash) != Some(&life) => {
                if lives.len() >= CAPACITY {
                    lives.clear();
                }
                lives.insert(key_hash.to_owned(), life);
            }
            Some(_) => {}
        }
    }
}
