//! How often calls are refused, and why. An instance counts, and tells the database in passing: at most one round trip a second, which no
//! call waits for. What an instance has not told when it ends is not counted.

use std::collections::BTreeMap;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::error::Code;
use crate::supabase::Supabase;

/// What comes meanwhile is told together.
const PAUSE: Duration = Duration::from_secs(1);

/// The refusals of an instance that the database does not know of.
#[derive(Default)]
pub struct Refusals {
    counted: Mutex<BTreeMap<&'static str, u64>>,
    /// Whether somebody is telling them.
    telling: AtomicBool,
}

/// Whoever has it tells.
struct Turn<'a>(&'a AtomicBool);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

impl Refusals {
    /// Counts a refusal. It is told with the next ones.
    pub fn count(&self, code: Code) {
        *self.counted().entry(code.as_str()).or_default() += 1;
    }

    /// Whether there is anything to tell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counted().is_empty()
    }

    /// Tells the database, unless somebody does so already, who takes these along.
    pub async fn tell(&self, supabase: &Supabase) {
        while !self.is_empty() {
            let is_first = self.telling.compare_exchange(false, true, Ordering::AcqRel, Ordering::Acquire).is_ok();
            if !is_first {
                return;
            }
            let turn = Turn(&self.telling);
            let counted = mem::take(&mut *self.counted());
            if let Err(error) = supabase.rpc::<Value>("note_refusals", &json!({ "refused": counted })).await {
                tracing::warn!(%error, ?counted, "refusals are not counted");
                return;
            }
            if !self.is_empty() {
                sleep(PAUSE).await;
            }
            drop(turn);
        }
    }

    fn counted(&self) -> MutexGuard<'_, BTreeMap<&'static str, u64>> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
