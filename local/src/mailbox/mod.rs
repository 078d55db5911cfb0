//! Stands in for Resend: takes what would be sent and shows it at `/_local/mail`.
//!
//! - `accept`: what is a mail. `sending`: one at a time, and batches that are known again. `events`: what became of them, signed.
//! - `rate`: how many requests it takes. `page`: what people see.

mod accept;
mod events;
mod page;
mod rate;
mod sending;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::{get, post};
use http::StatusCode;
use serde_json::Value;

pub use accept::Message;
pub use events::Event;
pub use rate::REQUESTS_A_SECOND;

/// So many messages are kept; the oldest go first.
const KEPT: usize = 100;

/// The messages of one stand-in. Clones share them.
#[derive(Clone, Debug)]
pub struct Mailbox {
    key: Arc<str>,
    secret: Arc<str>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    messages: VecDeque<Message>,
    /// The requests that came with an Idempotency-Key.
    known: HashMap<String, Known>,
    /// How many requests it takes; any number unless it was told.
    rate: Option<rate::Window>,
    /// What the next requests are answered, whatever they are.
    faults: VecDeque<Fault>,
    events: Vec<Event>,
    /// Requests that were answered.
    requests: usize,
}

/// A request that came with an Idempotency-Key.
#[derive(Debug)]
struct Known {
    body: Vec<u8>,
    answer: Value,
    at: Instant,
}

/// How long Resend knows an Idempotency-Key.
const KEY_LIFE: Duration = Duration::from_secs(24 * 60 * 60);

/// What goes wrong with a request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// It is refused with this status, under this name.
    Refuse(u16, &'static str),
    /// It is done, and nobody hears of it.
    LoseAnswer,
}

impl Mailbox {
    /// An empty mailbox whose API accepts this key, and whose events are signed under this secret.
    #[must_use]
    pub fn new(key: &str, secret: &str) -> Self {
        Self { key: key.into(), secret: secret.into(), state: Arc::default() }
    }

    /// What was accepted, oldest first, at most the last 100.
    #[must_use]
    pub fn messages(&self) -> Vec<Message> {
        self.lock().messages.iter().cloned().collect()
    }

    /// How many requests to send were answered.
    #[must_use]
    pub fn requests(&self) -> usize {
        self.lock().requests
    }

    /// Makes the next requests go wrong, in this order.
    pub fn fail(&self, faults: impl IntoIterator<Item = Fault>) {
        self.lock().faults.extend(faults);
    }

    /// From now on it takes so many requests a second, like Resend.
    pub fn limit(&self, most: u32) {
        self.lock().rate = Some(rate::Window::new(most, Instant::now()));
    }

    /// What the deployment signs its webhook by.
    #[must_use]
    pub fn webhook_secret(&self) -> &str {
        &self.secret
    }

    /// Resend's API: `POST /emails` and `/emails/batch`.
    pub fn api(&self) -> Router {
        let routes = Router::new().route("/emails", post(sending::one)).route("/emails/batch", post(sending::batch));
        routes.with_state(self.clone())
    }

    /// The page: `GET /_local/mail`, as HTML or, if the caller accepts it, as JSON.
    pub fn page(&self) -> Router {
        Router::new().route("/_local/mail", get(page::show)).with_state(self.clone())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn keep(&mut self, message: Message) {
        if self.messages.len() == KEPT {
            self.messages.pop_front();
        }
        self.events.extend(Event::of(&message));
        self.messages.push_back(message);
    }
}

/// The status of a code; 500 for what is none.
fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}
