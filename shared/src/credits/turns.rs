//! Whose turn it is at the database: no account, and no rush of new calls, takes the connections that others need.
//!
//! An account's calls lock its row one after the other, so more than a few at a time only wait there, each on a connection
//! of PostgREST's pool, which gives connections out in the order in which it is asked. This process therefore lets few
//! through and keeps the others here, where waiting takes nothing from anybody:
//!
//! - of one account, [`PLACES`] begins and as many settles at a time;
//! - of all accounts, [`BEGINS`] begins at a time. Settles are not counted among these: what a call has cost goes before
//!   what the next one may cost, so a settle has at most so many begins of this process before it.
//!
//! An account whose row stays locked is busy: begin_request gives up after some hundred milliseconds (its lock_timeout), so that
//! its connection is free again. Then the account's calls pause here, each in its place, and ask again; only whose patience ends
//! meanwhile is refused. Many instances that ask at once are no reason to refuse a call: each is on its way to the row.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep_until, timeout_at};
use uuid::Uuid;

use crate::error::{Code, Error};

/// Begins, and settles, of one account at the database at a time: while one has the account's row, the next one is on its
/// way.
pub const PLACES: usize = 2;
/// Begins of all accounts at the database at a time: enough for more than a thousand a second at 10 ms each.
const BEGINS: usize = 16;
/// How long an account's calls pause, at the least, after its row could not be had.
const PAUSE: Duration = Duration::from_millis(100);
/// How long a call waits for its turn and its account's row.
pub const PATIENCE: Duration = Duration::from_secs(15);
/// Accounts, and keys, remembered at most.
const CAPACITY: usize = 10_000;

/// Whose turn it is at the database, among the calls of this process.
pub struct Turns {
    begins: Semaphore,
    queues: Mutex<HashMap<Whose, Arc<Queue>>>,
    /// The accounts of the keys that have called here, by the keys' hashes.
    owners: Mutex<HashMap<String, Uuid>>,
}

/// An account; or a key, as long as nobody has said whose it is.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Whose {
    Account(Uuid),
    Key(String),
}

/// One account's calls.
struct Queue {
    begins: Arc<Semaphore>,
    settles: Arc<Semaphore>,
    busy_until: Mutex<Option<Instant>>,
}

/// A begin's turn in its account's queue. Dropping it gives the turn to the next one.
pub struct BeginTurn<'a> {
    queue: Arc<Queue>,
    all: &'a Semaphore,
    until: Instant,
    _account: Option<OwnedSemaphorePermit>,
}

impl Default for Turns {
    fn default() -> Self {
        Self { begins: Semaphore::new(BEGINS), queues: Mutex::default(), owners: Mutex::default() }
    }
}

impl Turns {
    /// A turn for the begin of a call of this key, within `patience`.
    ///
    /// # Errors
    /// `account_busy`: its turn did not come.
    pub async fn begin(&self, key_hash: &str, patience: Duration) -> Result<BeginTurn<'_>, Error> {
        let until = Instant::now() + patience;
        let queue = self.queue(self.whose(key_hash));
        // It is never closed, so there is a permit.
        let account = timeout_at(until, Arc::clone(&queue.begins).acquire_owned()).await.map_err(|_| busy())?;
        Ok(BeginTurn { queue, all: &self.begins, until, _account: account.ok() })
    }

    /// A turn for a settle of this account; none if it did not come until then. It ends when it is dropped.
    pub async fn settle(&self, account: Uuid, until: Instant) -> Option<OwnedSemaphorePermit> {
        let queue = self.queue(Whose::Account(account));
        timeout_at(until, Arc::clone(&queue.settles).acquire_owned()).await.ok()?.ok()
    }

    /// Remembers whose key this is.
    pub fn learn(&self, key_hash: &str, account: Uuid) {
        let mut owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        if owners.contains_key(key_hash) {
            return;
        }
        if owners.len() >= CAPACITY {
            owners.clear();
        }
        owners.insert(key_hash.to_owned(), account);
    }

    fn whose(&self, key_hash: &str) -> Whose {
        let owners = self.owners.lock().unwrap_or_else(PoisonError::into_inner);
        owners.get(key_hash).map_or_else(|| Whose::Key(key_hash.to_owned()), |account| Whose::Account(*account))
    }

    fn queue(&self, whose: Whose) -> Arc<Queue> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = queues.get(&whose) {
            return Arc::clone(queue);
        }
        if queues.len() >= CAPACITY {
            // Those that nobody waits in.
            queues.retain(|_, queue| Arc::strong_count(queue) > 1);
        }
        let places = || Arc::new(Semaphore::new(PLACES));
        let queue = Arc::new(Queue { begins: places(), settles: places(), busy_until: Mutex::default() });
        queues.insert(whose, Arc::clone(&queue));
        queue
    }
}

impl<'a> BeginTurn<'a> {
    /// A place at the database, once the account is not known to be busy. It ends when it is dropped.
    ///
    /// # Errors
    /// `account_busy`: its row stays locked.
    pub async fn place(&self) -> Result<Option<SemaphorePermit<'a>>, Error> {
        while let Some(pause_ends) = self.pause_ends() {
            if pause_ends >= self.until {
                tracing::warn!("an account's row stays locked");
                return Err(busy());
            }
            sleep_until(pause_ends).await;
        }
        Ok(timeout_at(self.until, self.all.acquire()).await.map_err(|_| busy())?.ok())
    }

    fn pause_ends(&self) -> Option<Instant> {
        self.queue.busy_until().filter(|ends| *ends > Instant::now())
    }

    /// The account's row could not be had: whoever has a turn pauses. Not all instances for the same time, which would bring them back at
    /// once.
    pub fn found_busy(&self) {
        let spread = Duration::from_millis(Uuid::new_v4().as_bytes()[0].into());
        *self.queue.busy_until() = Some(Instant::now() + PAUSE + spread);
    }
}

fn busy() -> Error {
    Error::new(Code::AccountBusy)
}

impl Queue {
    fn busy_until(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.busy_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    const SHORT: Duration = Duration::from_millis(100);

    #[tokio::test]
    async fn an_account_has_few_places_whichever_of_its_keys_asks_and_others_have_theirs() {
        let turns = Turns::default();
        let account = Uuid::new_v4();
        for key in ["a", "b"] {
            turns.learn(key, account);
        }
        let first = turns.begin("a", SHORT).await.expect("a place");
        let _second = turns.begin("b", SHORT).await.expect("a place");
        let waited = turns.begin("a", SHORT).await.err().map(|error| error.code);
        assert_eq!(waited, Some(Code::AccountBusy));
        assert!(turns.begin("another's", SHORT).await.is_ok());
        drop(first);
        assert!(turns.begin("a", SHORT).await.is_ok());
    }

    #[tokio::test]
    async fn the_calls_of_a_busy_account_pause_in_their_places_and_take_none_from_others() {
        let turns = Turns::default();
        let [one, other] = [(); 2].map(|()| turns.begin("a", PATIENCE));
        let (one, other) = (one.await.expect("a turn"), other.await.expect("a turn"));
        let began = Instant::now();
        one.found_busy();
        let others = turns.begin("another's", SHORT).await.expect("a turn");
        assert!(others.place().now_or_never().is_some_and(|place| place.is_ok()), "it waits for nobody");
        let (first, second) = tokio::join!(one.place(), other.place());
        assert!(first.is_ok() && second.is_ok() && began.elapsed() >= PAUSE);
    }

    #[tokio::test]
    async fn whoever_has_no_more_patience_is_told_that_the_account_is_busy() {
        let turns = Turns::default();
        let turn = turns.begin("a", SHORT).await.expect("a turn");
        turn.found_busy();
        // The pause would end after its patience, so it is told at once.
        let told = turn.place().now_or_never().expect("an answer at once").err();
        assert_eq!(told.map(|error| error.code), Some(Code::AccountBusy));
    }

    #[tokio::test]
    async fn of_many_accounts_only_those_are_remembered_in_whose_queue_somebody_waits() {
        let turns = Turns::default();
        let _turn = turns.begin("waiting", SHORT).await.expect("a place");
        for key in 1..CAPACITY {
            drop(turns.begin(&key.to_string(), SHORT).await.expect("a place"));
        }
        let queues = || turns.queues.lock().expect("a lock");
        assert_eq!(queues().len(), CAPACITY);
        drop(turns.begin("one more", SHORT).await.expect("a place"));
        let key = |key: &str| Whose::Key(key.to_owned());
        assert!(queues().contains_key(&key("waiting")) && queues().contains_key(&key("one more")));
        assert_eq!(queues().len(), 2);
    }

    #[test]
    fn the_owners_of_many_keys_are_forgotten_all_at_once() {
        let turns = Turns::default();
        let account = Uuid::new_v4();
        for key in 0..CAPACITY {
            turns.learn(&key.to_string(), account);
        }
        assert!(turns.whose("0") == Whose::Account(account));
        turns.learn("one more", account);
        assert!(turns.whose("0") == Whose::Key("0".to_owned()));
        assert!(turns.whose("one more") == Whose::Account(account));
    }

    #[tokio::test]
    async fn settles_wait_for_no_begin() {
        let turns = Turns::default();
        let mut places = Vec::new();
        for key in 0..BEGINS {
            let turn = turns.begin(&key.to_string(), SHORT).await.expect("a turn");
            places.push(turn.place().await.expect("a place"));
        }
        assert!(turns.begin("one more", SHORT).await.expect("a turn").place().await.is_err());
        let until = Instant::now() + SHORT;
        let account = Uuid::new_v4();
        let settles = [turns.settle(account, until).await, turns.settle(account, until).await];
        assert!(settles.iter().all(Option::is_some));
        assert!(turns.settle(account, until).await.is_none(), "an account's settles queue, too");
        // Nor for those of its own account.
        let another = Uuid::new_v4();
        turns.learn("another's", another);
        let _begins = [turns.begin("another's", SHORT).await, turns.begin("another's", SHORT).await];
        assert!(turns.settle(another, Instant::now() + SHORT).await.is_some());
    }
}
