//! The keys, their values and when they lapse.

use std::collections::HashMap;

use super::error::CommandError;
use super::value::{Kind, Value};

/// A value and the time at which it lapses.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) value: Value,
    /// Milliseconds since the epoch; a key without one stays.
    pub(super) expires_at: Option<i64>,
}

impl Entry {
    pub(super) fn new<T: Kind>(value: T) -> Self {
        Self { value: value.into_value(), expires_at: None }
    }

    /// A key still lives in the millisecond in which it expires.
    fn has_lapsed(&self, now: i64) -> bool {
        self.expires_at.is_some_and(|at| now > at)
    }
}

/// How many keys there may be before the first search for lapsed ones.
const PURGE_FLOOR: usize = 1_024;

/// All keys. A lapsed key is never seen, but only removed when it is written or when the keys have doubled since the last
/// search, which keeps memory bounded at a constant cost per write.
#[derive(Debug)]
pub(super) struct Keyspace {
    entries: HashMap<Vec<u8>, Entry>,
    purge_at: usize,
    /// Microseconds since the epoch at which the command began. A script sees one time throughout.
    now: i64,
}

impl Default for Keyspace {
    fn default() -> Self {
        Self { entries: HashMap::new(), purge_at: PURGE_FLOOR, now: 0 }
    }
}

impl Keyspace {
    /// Sets the time of the commands to come, in microseconds since the epoch.
    pub(super) fn set_now(&mut self, micros: i64) {
        self.now = micros;
    }

    /// Microseconds since the epoch.
    pub(super) fn now_micros(&self) -> i64 {
        self.now
    }

    /// Milliseconds since the epoch.
    pub(super) fn now_millis(&self) -> i64 {
        self.now.div_euclid(1_000)
    }

    pub(super) fn entry(&self, key: &[u8]) -> Option<&Entry> {
        let now = self.now_millis();
        self.entries.get(key).filter(|entry| !entry.has_lapsed(now))
    }

    pub(super) fn entry_mut(&mut self, key: &[u8]) -> Option<&mut Entry> {
        let now = self.now_millis();
        self.entries.get_mut(key).filter(|entry| !entry.has_lapsed(now))
    }

    /// The value of a key, if there is one.
    ///
    /// # Errors
    /// WRONGTYPE when the key holds another type. The same holds for the next two.
    pub(super) fn get<T: Kind>(&self, key: &[u8]) -> Result<Option<&T>, CommandError> {
        self.entry(key).map(|entry| T::of(&entry.value).ok_or(CommandError::WRONG_TYPE)).transpose()
    }

    pub(super) fn get_mut<T: Kind>(&mut self, key: &[u8]) -> Result<Option<&mut T>, CommandError> {
        self.entry_mut(key).map(|entry| T::of_mut(&mut entry.value).ok_or(CommandError::WRONG_TYPE)).transpose()
    }

    /// The value of a key, which is created empty when there is none.
    pub(super) fn get_or_create<T: Kind>(&mut self, key: &[u8]) -> Result<&mut T, CommandError> {
        if self.entry(key).is_none() {
            self.insert(key, Entry::new(T::default()));
        }
        self.entry_mut(key).and_then(|entry| T::of_mut(&mut entry.value)).ok_or(CommandError::WRONG_TYPE)
    }

    pub(super) fn insert(&mut self, key: &[u8], entry: Entry) {
        self.entries.insert(key.to_vec(), entry);
        if self.entries.len() > self.purge_at {
            self.purge();
        }
    }

    /// Removes a key; true if it was there.
    pub(super) fn remove(&mut self, key: &[u8]) -> bool {
        let now = self.now_millis();
        self.entries.remove(key).is_some_and(|entry| !entry.has_lapsed(now))
    }

    /// Removes a key of which the collection has become empty.
    pub(super) fn remove_if_gone<T: Kind>(&mut self, key: &[u8]) {
        let gone = self.entries.get(key).and_then(|entry| T::of(&entry.value)).is_some_and(Kind::is_gone);
        if gone {
            self.entries.remove(key);
        }
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.purge_at = PURGE_FLOOR;
    }

    /// Every key with what it holds, lapsed ones that are still there included.
    pub(super) fn contents(&self) -> impl Iterator<Item = (&[u8], Vec<&[u8]>)> {
        let now = self.now_millis();
        let held = self.entries.iter().filter(move |(_, entry)| !entry.has_lapsed(now));
        held.map(|(key, entry)| (key.as_slice(), entry.value.texts()))
    }

    fn purge(&mut self) {
        let now = self.now_millis();
        self.entries.retain(|_, entry| !entry.has_lapsed(now));
        self.purge_at = PURGE_FLOOR.max(self.entries.len() * 2);
    }
}

#[cfg(test)]
mod tests {
    use super::super::value::Text;
    use super::*;

    #[test]
    fn lapsed_keys_do_not_pile_up() {
        let mut keyspace = Keyspace::default();
        for turn in 0..100_000_i64 {
            keyspace.set_now(turn * 1_000_000);
            let mut entry = Entry::new(Text::new());
            entry.expires_at = Some(turn * 1_000 + 10);
            keyspace.insert(turn.to_string().as_bytes(), entry);
        }
        assert!(keyspace.entries.len() <= PURGE_FLOOR + 1);
    }

    #[test]
    fn a_key_lives_through_the_millisecond_in_which_it_expires() {
        let mut keyspace = Keyspace::default();
        let mut entry = Entry::new(Text::new());
        entry.expires_at = Some(5);
        keyspace.insert(b"k", entry);
        keyspace.set_now(5_999);
        assert!(keyspace.entry(b"k").is_some());
        keyspace.set_now(6_000);
        assert!(keyspace.entry(b"k").is_none());
        assert!(!keyspace.remove(b"k"));
    }
}
