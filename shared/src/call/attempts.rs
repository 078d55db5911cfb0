//! The providers that were asked for a call, one after the other or, where a call is hedged, two at once.

use tokio::time::Instant;

use super::asked::Asked;
use super::context::Call;
use super::timing::ms;
use crate::credits::attempted::Attempted;
use crate::error::Code;
use crate::providers::failure::Failure;
use crate::traces::TraceContext;

/// One provider, asked once.
pub struct AttemptRecord {
    /// Who.
    pub provider: &'static str,
    /// Its name of the model.
    pub model: String,
    /// The model's id in the catalog, of a call that may be answered by several.
    pub named: Option<String>,
    /// With a key of the caller's own.
    pub own_key: bool,
    /// Its place in the call's trace, of a call that has one.
    pub trace: Option<TraceContext>,
    /// When it was asked.
    pub asked: Instant,
    /// When its first byte came.
    pub first_byte: Option<Instant>,
    /// When its part was over; none while it is not.
    pub ended: Option<Instant>,
    /// Its status, once there is one.
    pub status: Option<u16>,
    /// How the caller would be told of its failure.
    pub error: Option<Code>,
}

impl AttemptRecord {
    /// One that begins now.
    pub fn begin(call: &Call, asked: &Asked, model: &str, named: Option<&str>) -> Self {
        let trace = call.trace.and_then(|place| TraceContext::within(Some(place), |_| place.sampled));
        Self {
            provider: asked.provider,
            model: model.to_owned(),
            named: named.map(str::to_owned),
            own_key: asked.own_key.is_some(),
            trace,
            asked: Instant::now(),
            first_byte: None,
            ended: None,
            status: None,
            error: None,
        }
    }

    /// It has failed, now.
    pub fn fail(&mut self, failure: &Failure) {
        self.ended = Some(Instant::now());
        // An answer that turns out to be an error has come with the status of a success.
        self.status = self.status.or(failure.status);
        self.error = Some(failure.error.code);
    }

    fn recorded(&self, call: &Call, ended: Instant) -> Attempted {
        let since_start = |at: Instant| ms(at.saturating_duration_since(call.started));
        Attempted {
            provider: self.provider,
            model: self.named.clone(),
            started_ms: since_start(self.asked),
            duration_ms: ms(self.ended.unwrap_or(ended).saturating_duration_since(self.asked)),
            first_byte_ms: self.first_byte.map(since_start),
            status: self.status,
            error_code: self.error.map(Code::as_str),
        }
    }
}

/// What is recorded of them; nothing of a single one that succeeded, of which the call's own times tell all.
pub fn recorded(call: &Call, attempts: &[AttemptRecord], ended: Instant) -> Vec<Attempted> {
    match attempts {
        [one] if one.error.is_none() => Vec::new(),
        several => several.iter().map(|attempt| attempt.recorded(call, ended)).collect(),
    }
}
