//! A call as a turn of a chat that is kept: what was said before joins its request, and what is said in it is kept with its
//! settlement.
//!
//! Kept is what a client has got of an answer: the whole of a complete one, and of a stream whatever came before it was cut
//! off. A call that has failed, or was given up before a word, keeps nothing, so that it can be sent again.

use std::sync::Arc;

use serde_json::value::RawValue;
use uuid::Uuid;

use super::off_the_async_threads;
use crate::app::SharedApp;
use crate::chats::{answer, history};
use crate::credits::hold::Hold;
use crate::credits::hold_request::HoldTurn;
use crate::credits::settle::Outcome;
use crate::error::{Code, Error};
use crate::formats::chat::prompt::role;
use crate::formats::conversation::instructs;
use crate::formats::{Answer, Progress, Request};
use crate::keyring;

pub use crate::chats::turn::KeptTurn;

/// The turn of a call.
pub struct Turn {
    /// What the request says, as messages of a chat.
    asked: Arc<[Box<RawValue>]>,
    /// What the hold must know of it.
    pub hold: HoldTurn,
}

impl Turn {
    /// Reads what a call brings to its session.
    ///
    /// # Errors
    /// 400 for what is no message; `not_configured` without a keyring.
    pub async fn read(app: &SharedApp, request: Arc<dyn Request>, session_id: Uuid) -> Result<Self, Error> {
        keyring::keys(app)?;
        let read = move || {
            let conversation = request.conversation().ok_or_else(|| Error::new(Code::InternalError))?;
            let asked = conversation.messages()?;
            let instructed = asked.iter().any(|message| instructs(role(message).as_deref()));
            let size = &request.demand().prompt;
            let prompt_tokens = size.recounted(&request.prompt_text()).min(size.bound);
            Ok(Self { asked: asked.into(), hold: HoldTurn { session_id, instructed, prompt_tokens, counted: false } })
        };
        off_the_async_threads(read).await?
    }

    /// The request with all that was said before, of which its hold has brought what has room.
    ///
    /// # Errors
    /// `not_configured` when the keyring cannot open it; 400 when the format cannot say it.
    pub async fn join(
        &self,
        app: &SharedApp,
        request: Arc<dyn Request>,
        hold: &mut Hold,
    ) -> Result<Arc<dyn Request>, Error> {
        let sealed = std::mem::take(&mut hold.history);
        if sealed.is_empty() {
            return Ok(request);
        }
        let (app, asked) = (app.clone(), self.asked.clone());
        let join = move || {
            let history = history::before(history::opened(&app, &sealed)?, &asked);
            match request.conversation() {
                Some(conversation) if !history.is_empty() => conversation.with_history(&history).map_err(in_session),
                _ => Ok(request),
            }
        };
        off_the_async_threads(join).await?
    }

    /// What is kept of it, by how its call has ended.
    pub async fn kept(&self, app: &SharedApp, stream: bool, outcome: Outcome, answer: Option<&dyn Answer>) -> KeptTurn {
        let session_id = self.hold.session_id;
        let is_complete = outcome == Outcome::Completed;
        let was_seen = stream && matches!(outcome, Outcome::Cut | Outcome::ClientLeft | Outcome::Deadline);
        let said = answer.filter(|_| is_complete || was_seen).and_then(|answer| {
            let is_complete = is_complete || answer.progress() >= Progress::Complete;
            answer::kept(answer.said()?, is_complete)
        });
        if !is_complete && said.is_none() {
            return KeptTurn::nothing(session_id);
        }
        let (app, asked) = (app.clone(), self.asked.clone());
        let kept = off_the_async_threads(move || KeptTurn::of(&app, session_id, &asked, said.as_deref())).await;
        kept.and_then(|kept| kept).unwrap_or_else(|error| {
            tracing::error!(%error, %session_id, "a turn of a chat cannot be kept");
            KeptTurn::nothing(session_id)
        })
    }
}

/// What is wrong with a message of the history, told of the session: the client's own messages are counted otherwise.
fn in_session(error: Error) -> Error {
    let place = error.param.as_deref().unwrap_or("messages");
    let message =
        format!("This request cannot go on with the chat session ({place} of both together): {}", error.message);
    error.with_message(message).with_param("session_id")
}
