//! A second provider that is asked while the first is slow, where the request says after how long (`provider.hedge_ms`). Who has
//! output first answers; the other is dropped.
//!
//! The hold reckons with both. Who is dropped may have read the prompt by then, and charges its account for it: the call is charged
//! that prompt besides, at that route's price. One that has failed, or was never asked, is not charged.

use std::time::Duration;

use tokio::time::sleep;

use super::asked::{Asked, Seen};
use super::bill::CallRecord;
use super::context::Call;
use super::opening::{Attempt, Opened, log, open_one};
use crate::providers::failure::Failure;

/// What came of one attempt, or of two.
pub struct Ended {
    /// The answer, or the failure that was the last.
    pub opened: Result<Opened, Failure>,
    /// Whether the second was asked, too.
    pub asked_both: bool,
}

/// Runs an attempt, and the second one beside it once the request's patience is over. `record` knows at each moment who is asked,
/// and notes each failure.
pub async fn open(call: &Call, first: Attempt<'_>, second: Option<Attempt<'_>>, record: &mut CallRecord) -> Ended {
    let patience = call.demand().routing.hedge_ms.filter(|_| first.is_repeatable()).map(Duration::from_millis);
    let mine = first.asked;
    let run = open_one(call, first);
    let Some((patience, mut second)) = patience.zip(second) else {
        return noted(mine, run.await, false, record);
    };
    tokio::pin!(run);
    tokio::select! {
        biased;
        seen = &mut run => return noted(mine, seen, false, record),
        () = sleep(patience) => {}
    }
    second.begin(call, record);
    let other = second.asked;
    record.beside = Some(other.provider);
    let beside = open_one(call, second);
    tokio::pin!(beside);
    let (seen, is_first) = tokio::select! {
        seen = &mut run => (seen, true),
        seen = &mut beside => (seen, false),
    };
    let (asked, left) = if is_first { (mine, other) } else { (other, mine) };
    if seen.0.is_ok() {
        record.beside = Some(left.provider);
        record.drops(left);
        return noted(asked, seen, true, record);
    }
    // The other goes on alone, unless it would fail for the same reason.
    record.beside = None;
    let ended = noted(asked, seen, true, record);
    if ended.opened.as_ref().is_err_and(|failure| !failure.fall_back) {
        return ended;
    }
    record.sees(left, Seen::default());
    let seen = if is_first { beside.await } else { run.await };
    noted(left, seen, true, record)
}

/// Notes in the record who was asked and what came of it.
fn noted(
    asked: Asked,
    (opened, seen): (Result<Opened, Failure>, Seen),
    asked_both: bool,
    record: &mut CallRecord,
) -> Ended {
    record.sees(asked, seen);
    if let Err(failure) = &opened {
        record.note_failure(asked.provider, failure);
        log(asked.provider, asked.own_key.is_some(), failure);
    }
    Ended { opened, asked_both }
}
