//! A call whose answer is stored, or that goes on from one that is: what was said before joins its request, and its answer is
//! stored with its settlement.
//!
//! Stored is what a client has got and can name: a complete answer, and of a stream whatever came before it was cut off, as an
//! answer that has failed or is incomplete. A call that failed before a word has no answer that anyone could ask for.

use std::sync::Arc;

use crate::app::SharedApp;
use crate::credits::hold::Hold;
use crate::credits::hold_request::HoldStored;
use crate::credits::settle::Outcome;
use crate::error::{Code, Error};
use crate::formats::stored::{Said, Wish};
use crate::formats::{Answer, Bill, Ending, Progress, Request};
use crate::keyring;
use crate::stored::opened;

use super::off_the_async_threads;
pub use crate::stored::kept::KeptResponse;

/// What becomes of a call's answer.
pub struct Stored {
    /// The request without what was said before.
    asked: Arc<dyn Request>,
    wish: Wish,
    /// Whether the answer is stored.
    is_kept: bool,
    /// What the hold must know of it.
    pub hold: HoldStored,
}

/// How a call has ended.
pub struct Ended<'a> {
    /// Whether the client got a stream.
    pub stream: bool,
    /// How.
    pub outcome: Outcome,
    /// What the client was told of a failure.
    pub error: Option<Code>,
    /// What came.
    pub answer: Option<&'a dyn Answer>,
    /// What it costs.
    pub bill: Option<&'a Bill<'a>>,
}

impl Stored {
    /// Of a request that wants its answer stored, or goes on from a stored one; none of any other. A deployment without a keyring
    /// stores nothing.
    ///
    /// # Errors
    /// `not_configured` without the keyring that what was said before is sealed with.
    pub fn read(app: &SharedApp, request: &Arc<dyn Request>) -> Result<Option<Self>, Error> {
        let Some(storable) = request.storable() else { return Ok(None) };
        let (mut wish, items) = (storable.wish(), storable.refers().to_vec());
        if !wish.is_any() && items.is_empty() {
            return Ok(None);
        }
        if wish.previous.is_some() || !items.is_empty() {
            keyring::keys(app)?;
        }
        wish.stored &= keyring::keys(app).is_ok();
        let hold = HoldStored { wished: wish.stored, previous: wish.previous, items, counted: false };
        Ok(Some(Self { asked: request.clone(), wish, is_kept: false, hold }))
    }

    /// Whether the answer is stored when the call is over.
    pub const fn is_kept(&self) -> bool {
        self.is_kept
    }

    /// The request with all that was said before, and the items to which it refers, which its hold has brought.
    ///
    /// # Errors
    /// `not_configured` when the keyring cannot open it; 400 when both together are no conversation.
    pub async fn join(&mut self, app: &SharedApp, hold: &mut Hold) -> Result<Arc<dyn Request>, Error> {
        self.is_kept = hold.stores;
        let (history, items, stored) =
            (std::mem::take(&mut hold.history), std::mem::take(&mut hold.items), hold.stores);
        let asked = self.asked.clone();
        let says_so = asked.storable().is_none_or(|storable| storable.wish().stored == stored);
        if history.is_empty() && items.is_empty() && says_so {
            return Ok(asked);
        }
        let app = app.clone();
        let join = move || {
            let mut said = Vec::new();
            for sealed in &items {
                said.extend(opened::items(&app, sealed)?);
            }
            let asked = match asked.storable() {
                Some(storable) if !items.is_empty() => storable.resolved(&said)?,
                _ => asked,
            };
            let mut before: Vec<Said> = Vec::new();
            for response in history.chunks_exact(2) {
                if let [input, output] = response {
                    before.push(opened::said(&app, input, output)?);
                }
            }
            let joined =
                asked.storable().map_or_else(|| Ok(asked.clone()), |storable| storable.joined(&before, stored))?;
            Ok((asked, joined))
        };
        let joined: Result<_, Error> = off_the_async_threads(join).await?;
        let (asked, joined) = joined?;
        // What it says is stored with the items, so that it can be gone on from.
        self.asked = asked;
        Ok(joined)
    }

    /// What is stored of it, by how its call has ended.
    pub async fn kept(&self, app: &SharedApp, ended: Ended<'_>) -> Option<KeptResponse> {
        let answer = ended.answer.filter(|_| self.is_kept)?;
        let is_complete = ended.outcome == Outcome::Completed
            || (ended.outcome == Outcome::ClientLeft && ended.stream && answer.progress() >= Progress::Complete);
        let ending = match ended.outcome {
            _ if is_complete => Ending::Complete,
            _ if !ended.stream => return None,
            Outcome::ClientLeft => Ending::Left,
            Outcome::Cut | Outcome::Deadline => Ending::Failed(ended.error.unwrap_or(Code::UpstreamError)),
            _ => return None,
        };
        let answer = answer.stored(ended.bill, ending)?;
        let (app, asked, wish) = (app.clone(), self.asked.clone(), self.wish);
        let kept = off_the_async_threads(move || {
            asked.storable().map(|storable| KeptResponse::of(&app, storable, wish, answer)).transpose()
        });
        kept.await.and_then(|kept| kept).unwrap_or_else(|error| {
            tracing::error!(%error, "an answer cannot be stored");
            None
        })
    }
}
