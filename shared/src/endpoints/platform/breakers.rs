//! Breakers as an operator sees them: whom calls avoid at present, at which model, and until when.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::limits::{AttemptOutcome, OpenBreaker};

/// A provider that is asked last for a while.
#[derive(Serialize, ToSchema)]
pub struct Breaker {
    /// Its name; of one of our several keys there with `#` and its place.
    provider: String,
    /// The model at which it fails, whose calls avoid it; null: calls of all models do.
    #[schema(required)]
    model: Option<String>,
    /// `failing` at a model; `refused`: it refuses our account, or that key, at all of them; `limited`: that key was asked too often.
    state: &'static str,
    /// How often it has failed in a row.
    failures: u32,
    /// When it is asked in its place again: one more failure then closes it off anew.
    until: Timestamp,
}

impl Breaker {
    /// As it is told.
    #[must_use]
    pub fn of(open: OpenBreaker) -> Self {
        let OpenBreaker { provider, model, outcome, failures, until } = open;
        let state = match outcome {
            AttemptOutcome::Refused => "refused",
            AttemptOutcome::Limited => "limited",
            AttemptOutcome::Failed | AttemptOutcome::Answered => "failing",
        };
        let until = Timestamp::from_millisecond(until).unwrap_or(Timestamp::MAX);
        Self { provider, model, state, failures, until }
    }
}
