//! The client's side of a call: it waits for a head, then for the rest of a stream, or it has left.

use std::pin::Pin;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::oneshot;
use tokio::time::Sleep;

use super::feed;
use crate::error::Error;

/// How long a client that does not read is waited for, before it is told that a stream has broken off.
const BREAKING_OFF: Duration = Duration::from_secs(1);

/// How the task hands the head, or a refusal, to the handler.
pub type HeadSender = oneshot::Sender<Result<Response, Error>>;

/// The client as the task sees it.
pub struct Client {
    state: State,
    /// Whether what ends its answer is held back, and what that is.
    holds_back: bool,
    last: Option<Last>,
}

/// What ends an answer.
enum Last {
    /// All of it, or a refusal in its place.
    Whole(Box<Result<Response, Error>>),
    /// The last events of a stream.
    Events(Bytes),
}

enum State {
    /// It has no head yet.
    Waiting(HeadSender),
    /// It has a head and reads a stream.
    Reading(feed::Sender),
    /// It has all that it gets.
    Answered,
    /// It has left, or does not read.
    Left,
}

impl Client {
    /// A client that waits for a head, and from whom the end of the answer is held back, or not.
    pub const fn new(head: HeadSender, holds_back: bool) -> Self {
        Self { state: State::Waiting(head), holds_back, last: None }
    }

    /// Whether the client is known to have left.
    pub fn has_left(&self) -> bool {
        match &self.state {
            State::Waiting(head) => head.is_closed(),
            State::Reading(sender) => sender.is_closed(),
            State::Answered => false,
            State::Left => true,
        }
    }

    /// Whether it has a head and reads a stream.
    pub const fn reads(&self) -> bool {
        matches!(self.state, State::Reading(_))
    }

    /// Resolves when the client leaves; at once if it has.
    pub async fn left(&mut self) {
        match &mut self.state {
            State::Waiting(head) => head.closed().await,
            State::Reading(sender) => sender.closed().await,
            State::Answered => std::future::pending().await,
            State::Left => {}
        }
    }

    /// Sends the head of a stream, if the client has none yet.
    pub fn begin(&mut self, head: impl FnOnce(Body) -> Response) {
        match self.take() {
            State::Waiting(sender) => {
                let (feed, body) = feed::feed();
                self.state = if sender.send(Ok(head(body))).is_ok() { State::Reading(feed) } else { State::Left };
            }
            state => self.state = state,
        }
    }

    /// Sends bytes of a stream: waits for room, at most until `patience` ends. A client that has left, or does not read,
    /// is sent nothing more.
    pub async fn send(&mut self, bytes: Bytes, patience: Pin<&mut Sleep>) {
        let State::Reading(sender) = &self.state else { return };
        let sent = match sender.try_send(Ok(bytes)) {
            Ok(()) => true,
            Err(TrySendError::Closed(_)) => false,
            Err(TrySendError::Full(bytes)) => tokio::select! {
                sent = sender.send(bytes) => sent.is_ok(),
                () = patience => false,
            },
        };
        if !sent {
            self.state = State::Left;
        }
    }

    /// Breaks a stream off that cannot say itself that it is not all.
    pub async fn break_off(&mut self) {
        if let State::Reading(sender) = self.take() {
            // Whoever does not read is cut off by the end of the body.
            let _ = sender.send_timeout(Err(feed::BrokenOff), BREAKING_OFF).await;
        }
    }

    /// Sends a whole answer.
    pub fn answer(&mut self, response: Response) {
        self.finish(Ok(response));
    }

    /// Sends a refusal or a failure in the place of an answer.
    pub fn refuse(&mut self, error: Error) {
        self.finish(Err(error));
    }

    /// Sends the last events of a stream, or holds them back.
    pub async fn close(&mut self, events: Bytes, patience: Pin<&mut Sleep>) {
        if self.holds_back {
            self.last = Some(Last::Events(events));
        } else {
            self.send(events, patience).await;
        }
    }

    /// Sends what was held back.
    pub async fn release(&mut self, patience: Pin<&mut Sleep>) {
        self.holds_back = false;
        match self.last.take() {
            Some(Last::Whole(answer)) => self.finish(*answer),
            Some(Last::Events(events)) => self.send(events, patience).await,
            None => {}
        }
    }

    fn finish(&mut self, answer: Result<Response, Error>) {
        if self.holds_back {
            self.last = Some(Last::Whole(Box::new(answer)));
            return;
        }
        match self.take() {
            State::Waiting(sender) => {
                if sender.send(answer).is_ok() {
                    self.state = State::Answered;
                }
            }
            state => self.state = state,
        }
    }

    const fn take(&mut self) -> State {
        std::mem::replace(&mut self.state, State::Left)
    }
}
