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
//! An account whose row stays locked is busy: begin_request gives up after some hundred milliseconds (its lock_timeout), and
//! whoever waits behind it hears so at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout, timeout_at};
use uuid::Uuid;

use crate::error::{Code, Error};

/// Begins, and settles, of one account at the database at a time: while one has the account's row, the next one is on its
/// way.
pub const PLACES: usize = 2;
/// Begins of all accounts at the database at a time: enough for more than a thousand a second at 10 ms each.
const BEGINS: usize = 16;
/// How long an account counts as busy after its row could not be had.
const BUSY: Duration = Duration::from_millis(250);
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

/// A begin's turn. Dropping it gives the turn to the next one.
pub struct BeginTurn<'a> {
    queue: Arc<Queue>,
    _account: Option<OwnedSemaphorePermit>,
    _all: Option<SemaphorePermit<'a>>,
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
    /// `account_busy`: the account's row is locked, or its turn did not come.
    pub async fn begin(&self, key_hash: &str, patience: Duration) -> Result<BeginTurn<'_>, Error> {
        let queue = self.queue(self.whose(key_hash));
        queue.check()?;
        // Neither is ever closed, so there is a permit of each.
        let places = async { (Arc::clone(&queue.begins).acquire_owned().await.ok(), self.begins.acquire().await.ok()) };
        let (account, all) = timeout(patience, places).await.map_err(|_| Error::new(Code::AccountBusy))?;
        // What whoever was before this one has found holds for it, too.
        queue.check()?;
        Ok(BeginTurn { queue, _account: account, _all: all })
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

impl BeginTurn<'_> {
    /// The account's row could not be had: who waits for a turn need not try.
    pub fn found_busy(&self) {
        *self.queue.busy_until() = Some(Instant::now() + BUSY);
    }
}

impl Queue {
    fn check(&self) -> Result<(), Error> {
        let busy = self.busy_until().is_some_and(|until| Instant::now() < until);
        if busy { Err(Error::new(Code::AccountBusy)) } else { Ok(()) }
    }

    fn busy_until(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.busy_until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_millis(100);

    #[tokio::test]
    async fn an_account_has_few_places_whichever_of_its_keys_asks_and_others_have_theirs() {
        let turns = Turns::default();
        let account = Uuid::new_v4();
        for key in ["a", "b"] {
            turns.learn(key, account);
        }
        let first = turns.begin("a", PATIENCE).await.expect("a place");
        let _second = turns.begin("b", PATIENCE).await.expect("a place");
        let waited = turns.begin("a", PATIENCE).await.err().map(|error| error.code);
        assert_eq!(waited, Some(Code::AccountBusy));
        assert!(turns.begin("another's", PATIENCE).await.is_ok());
        drop(first);
        assert!(turns.begin("a", PATIENCE).await.is_ok());
    }

    #[tokio::test]
    async fn who_waits_behind_a_locked_account_hears_so_at_once_and_not_for_long() {
        let turns = Turns::default();
        let [one, other] = [turns.begin("a", PATIENCE).await, turns.begin("a", PATIENCE).await];
        let waiting = turns.begin("a", Duration::from_secs(3600));
        let found = async {
            one.expect("a place").found_busy();
        };
        let (waited, ()) = tokio::join!(waiting, found);
        assert_eq!(waited.err().map(|error| error.code), Some(Code::AccountBusy));
        drop(other);
        assert!(turns.begin("a", PATIENCE).await.is_err());
        tokio::time::sleep(BUSY).await;
        assert!(turns.begin("a", PATIENCE).await.is_ok());
    }

    #[tokio::test]
    async fn of_many_accounts_only_those_are_remembered_in_whose_queue_somebody_waits() {
        let turns = Turns::default();
        let _turn = turns.begin("waiting", PATIENCE).await.expect("a place");
        for key in 1..CAPACITY {
            drop(turns.begin(&key.to_string(), PATIENCE).await.expect("a place"));
        }
        let queues = || turns.queues.lock().expect("a lock");
        assert_eq!(queues().len(), CAPACITY);
        drop(turns.begin("one more", PATIENCE).await.expect("a place"));
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
        let mut begins = Vec::new();
        for key in 0..BEGINS {
            begins.push(turns.begin(&key.to_string(), PATIENCE).await.expect("a place"));
        }
        assert!(turns.begin("one more", PATIENCE).await.is_err());
        let until = Instant::now() + PATIENCE;
        let account = Uuid::new_v4();
        let settles = [turns.settle(account, until).await, turns.settle(account, until).await];
        assert!(settles.iter().all(Option::is_some));
        assert!(turns.settle(account, until).await.is_none(), "an account's settles queue, too");
    }
}
