//! The trace of a call: its span, with a part for each provider that was asked and each store that was. The spans are made when the
//! call is in the books, from what it has noted for itself.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use http::StatusCode;
use tokio::task::spawn_blocking;
use tokio::time::Instant;

use super::attempts::AttemptRecord;
use super::bill::CallRecord;
use super::context::Call;
use super::timing::Timing;
use crate::credits::hold::Hold;
use crate::credits::settle::Outcome;
use crate::error::Code;
use crate::traces::context::SpanId;
use crate::traces::exporter::Place;
use crate::traces::span::{Kind, Span, Value};
use crate::traces::{TraceContext, content, names};

/// From when to when.
pub type Period = (Instant, Instant);

/// A trace on its way.
pub struct Trace {
    place: Place,
    context: TraceContext,
    spans: Vec<Span>,
}

/// When the stores were asked after the answer.
pub struct Afterwards {
    /// When the answer had ended.
    pub ended: Instant,
    /// The settle.
    pub settle: Period,
    /// The end of the lease.
    pub release: Period,
}

impl Trace {
    /// Sends it, in bounded time.
    pub async fn send(self) {
        self.place.send(self.context, self.spans).await;
    }

    /// That of a call that was made; none of one that is not traced, or that the receiver has no place for.
    pub fn of(call: &Call, hold: &Hold, record: &CallRecord, timing: &Timing, after: &Afterwards) -> Option<Self> {
        let mut trace = Self::begin(call)?;
        let operation = names::operation(call.demand().kind.as_str());
        let clock = Clock::now();
        let mut attributes = call.attributes();
        attributes.extend(asked(call, hold));
        attributes.extend(record.attributes(call, hold));
        let waited: Duration = record.attempts.iter().map(|attempt| attempt.duration(after.ended)).sum();
        let took = after.ended.saturating_duration_since(call.started);
        attributes.push((names::OVERHEAD, Value::Fraction(took.saturating_sub(waited).as_secs_f64() * 1000.0)));
        trace.spans.push(Span {
            id: trace.context.span,
            parent: call.caller.trace_parent().map(|parent| parent.span),
            name: format!("{operation} {}", hold.model),
            kind: Kind::Server,
            start: clock.at(call.started),
            end: clock.at(after.ended),
            failed: matches!(record.outcome, Outcome::Failed | Outcome::Cut | Outcome::Deadline),
            attributes,
        });
        trace
            .spans
            .extend(record.attempts.iter().filter_map(|attempt| attempt.span(call, operation, after.ended, &clock)));
        trace.admission(timing, &clock);
        trace.store("finish_request", "postgresql", after.settle, &clock);
        trace.store("release", "redis", after.release, &clock);
        Some(trace)
    }

    /// Tells what was said in the call, of a key whose setting says so. To read it takes a copy, which no other call pays for.
    pub async fn tell_content(&mut self, call: &Call, record: &CallRecord) {
        let request = Arc::clone(&call.request);
        // A prompt may be megabytes.
        let asked = spawn_blocking(move || request.traced());
        let usual = if record.outcome == Outcome::Completed { "stop" } else { "error" };
        let answered = record.answer.as_deref().and_then(|answer| {
            let reason = answer.identity().finish_reason;
            content::output(answer.said().as_ref(), &answer.written().text, reason.as_deref().unwrap_or(usual))
        });
        let Some(root) = self.spans.first_mut() else { return };
        if let Ok(asked) = asked.await {
            root.attributes.push((names::INPUT, Value::Text(asked)));
        }
        root.attributes.extend(answered.map(|answered| (names::OUTPUT, Value::Text(answered))));
    }

    /// That of a call that was refused. What a stranger sends is not traced: nobody knows who asks.
    pub fn of_refusal(call: &Call, code: Code, status: StatusCode, timing: &Timing) -> Option<Self> {
        if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
            return None;
        }
        let mut trace = Self::begin(call)?;
        let clock = Clock::now();
        let mut attributes = call.attributes();
        attributes.push((names::ERROR, Value::from(code.as_str())));
        attributes.push((names::STATUS, Value::count(status.as_u16().into())));
        attributes.push((names::OUTCOME, Value::from("refused")));
        trace.spans.push(Span {
            id: trace.context.span,
            parent: call.caller.trace_parent().map(|parent| parent.span),
            name: names::operation(call.demand().kind.as_str()).to_owned(),
            kind: Kind::Server,
            start: clock.at(call.started),
            end: clock.wall,
            failed: status.is_server_error(),
            attributes,
        });
        trace.admission(timing, &clock);
        Some(trace)
    }

    fn begin(call: &Call) -> Option<Self> {
        let context = call.trace.filter(|place| place.sampled)?;
        let place = call.app.traces.as_ref()?.place()?;
        Some(Self { place, context, spans: Vec::new() })
    }

    /// Both stores were asked at the same time.
    fn admission(&mut self, timing: &Timing, clock: &Clock) {
        let Some(asked) = timing.stores_asked else { return };
        self.store("begin_request", "postgresql", (asked, asked + timing.auth), clock);
        self.store("admit", "redis", (asked, asked + timing.limits), clock);
    }

    fn store(&mut self, operation: &'static str, store: &'static str, (start, end): Period, clock: &Clock) {
        let Some(id) = SpanId::new() else { return };
        self.spans.push(Span {
            id,
            parent: Some(self.context.span),
            name: operation.to_owned(),
            kind: Kind::Client,
            start: clock.at(start),
            end: clock.at(end),
            failed: false,
            attributes: vec![(names::STORE, Value::from(store)), (names::STORE_OPERATION, Value::from(operation))],
        });
    }
}

type Attributes = Vec<(&'static str, Value)>;

impl Call {
    /// What every trace of a call has.
    fn attributes(&self) -> Attributes {
        vec![
            (names::OPERATION, Value::from(names::operation(self.demand().kind.as_str()))),
            (names::STREAM, Value::Flag(self.demand().stream)),
            (names::CALL_ID, Value::Text(self.id.to_string())),
            (names::REQUEST_ID, Value::from(self.caller.request_id.as_str())),
        ]
    }
}

/// What was asked for. The model is the catalog's: what the caller has called it may be anything.
fn asked(call: &Call, hold: &Hold) -> Attributes {
    let demand = call.demand();
    let mut attributes = vec![(names::MODEL, Value::from(hold.model.as_str()))];
    if demand.choices != 1 {
        attributes.push((names::CHOICES, Value::count(demand.choices)));
    }
    if let Some(limit) = demand.output_limit {
        attributes.push((names::MAX_TOKENS, Value::count(limit)));
    }
    attributes
}

impl CallRecord {
    /// What came of it.
    fn attributes(&self, call: &Call, hold: &Hold) -> Attributes {
        let mut attributes = vec![
            (names::OUTCOME, Value::from(self.outcome.as_str())),
            (names::ATTEMPTS, Value::Number(i64::try_from(self.attempts.len()).unwrap_or(i64::MAX))),
            (names::ESTIMATED, Value::Flag(self.estimated)),
            (names::OWN_KEY, Value::Flag(self.own_key.is_some())),
        ];
        if let Some(provider) = self.provider {
            attributes.push((names::PROVIDER, Value::from(names::provider(provider))));
            attributes.push((names::OWN_PROVIDER, Value::from(provider)));
        }
        if let Some(code) = self.error {
            attributes.push((names::ERROR, Value::from(code.as_str())));
        }
        if let Some(at) = self.first_byte {
            attributes.push((names::FIRST_CHUNK, seconds(at.saturating_duration_since(call.started))));
        }
        let identity = self.answer.as_ref().map(|answer| answer.identity()).unwrap_or_default();
        attributes.extend(identity.id.map(|id| (names::RESPONSE_ID, Value::Text(id))));
        attributes.extend(identity.finish_reason.map(|reason| (names::FINISH_REASONS, Value::Texts(vec![reason]))));
        let is_free = matches!(self.outcome, Outcome::Refused | Outcome::Failed);
        if let Some(bill) = self.bill(call, hold).filter(|_| !is_free) {
            let (nanos, usage) = (bill.cost.0, bill.usage);
            #[expect(clippy::cast_precision_loss, reason = "the exact figure stands beside it")]
            let dollars = nanos as f64 * 1e-9;
            attributes.extend([
                (names::INPUT_TOKENS, Value::count(usage.prompt)),
                (names::OUTPUT_TOKENS, Value::count(usage.output())),
                (names::CACHE_READ_TOKENS, Value::count(usage.cached)),
                (names::CACHE_WRITE_TOKENS, Value::count(usage.written)),
                (names::REASONING_TOKENS, Value::count(usage.reasoning)),
                (names::COST, Value::Fraction(dollars)),
                (names::COST_NANOS, Value::Number(nanos)),
            ]);
        }
        attributes
    }
}

impl AttemptRecord {
    fn duration(&self, ended: Instant) -> Duration {
        self.ended.unwrap_or(ended).saturating_duration_since(self.asked)
    }

    fn span(&self, call: &Call, operation: &'static str, ended: Instant, clock: &Clock) -> Option<Span> {
        let mut attributes = vec![
            (names::OPERATION, Value::from(operation)),
            (names::PROVIDER, Value::from(names::provider(self.provider))),
            (names::OWN_PROVIDER, Value::from(self.provider)),
            (names::MODEL, Value::from(self.model.as_str())),
            (names::OWN_KEY, Value::Flag(self.own_key)),
        ];
        attributes.extend(self.status.map(|status| (names::STATUS, Value::count(status.into()))));
        attributes.extend(self.error.map(|code| (names::ERROR, Value::from(code.as_str()))));
        attributes
            .extend(self.first_byte.map(|at| (names::FIRST_CHUNK, seconds(at.saturating_duration_since(self.asked)))));
        Some(Span {
            id: self.trace?.span,
            parent: call.trace.map(|place| place.span),
            name: format!("{operation} {}", self.model),
            kind: Kind::Client,
            start: clock.at(self.asked),
            end: clock.at(self.ended.unwrap_or(ended)),
            failed: self.error.is_some(),
            attributes,
        })
    }
}

fn seconds(duration: Duration) -> Value {
    Value::Fraction(duration.as_secs_f64())
}

/// Tells the time of day of moments that were noted by another clock.
struct Clock {
    now: Instant,
    wall: SystemTime,
}

impl Clock {
    fn now() -> Self {
        Self { now: Instant::now(), wall: SystemTime::now() }
    }

    fn at(&self, moment: Instant) -> SystemTime {
        self.wall.checked_sub(self.now.saturating_duration_since(moment)).unwrap_or(self.wall)
    }
}
