//! What a call brought about and what that costs: as the provider reported it, or counted by us.

use bytes::Bytes;
use tokio::time::Instant;
use uuid::Uuid;

use super::asked::{Asked, Seen};
use super::attempts::{self, AttemptRecord};
use super::cache_wish::Pieces;
use super::context::Call;
use super::timing::ms;
use crate::credits::hold::Hold;
use crate::credits::remembered::Remembered;
use crate::credits::settle::{Outcome, Settlement};
use crate::credits::tokens;
use crate::credits::usage::Usage;
use crate::error::Code;
use crate::formats::{Answer, Bill, Progress, Written};
use crate::limits::{AttemptOutcome, ProviderReport, Speed};
use crate::memory::KeptTurn;
use crate::money::Nanos;
use crate::providers::failure::{Against, Failure};

/// Everything that a call has brought about; what the settle is made of.
#[derive(Default)]
pub struct CallRecord {
    /// How it ended.
    pub outcome: Outcome,
    /// Who served it, or was being asked when it ended.
    pub provider: Option<&'static str>,
    /// With a key of the caller's own, by its id.
    pub own_key: Option<Uuid>,
    /// Keys of the caller's own that were refused.
    pub refused_keys: Vec<Uuid>,
    /// With which of our keys there, where we have several.
    pub key: Option<usize>,
    /// For which of the call's models, from 0.
    pub model: usize,
    /// Who was asked beside, and dropped: what reading the prompt cost there is charged, too.
    pub beside: Option<&'static str>,
    /// Its tokens, as far as they are known.
    pub usage: Option<Usage>,
    /// They were counted by us.
    pub estimated: bool,
    /// They cannot be counted: the hold is charged, unless the provider reports them.
    pub charge_hold: bool,
    /// How the caller was told of a failure.
    pub error: Option<Code>,
    /// The providers that were asked.
    pub attempts: Vec<AttemptRecord>,
    /// Which of these is the attempt at whoever serves it, or is being asked.
    pub place: usize,
    /// When the provider's first byte came.
    pub first_byte: Option<Instant>,
    /// How each provider did that was asked.
    pub reports: Vec<ProviderReport>,
    /// What has come of an answer.
    pub answer: Option<Box<dyn Answer>>,
    /// What a client has got of a stream, where its answer may be kept for whoever asks the same.
    pub pieces: Option<Pieces>,
    /// The earlier call whose answer was given again in place of a new one.
    pub replayed_call: Option<Uuid>,
    /// The whole of it as the client gets it, of a call with an Idempotency-Key.
    pub given: Option<Bytes>,
}

impl CallRecord {
    /// Of a call that ended so before a provider was asked.
    pub fn nothing(outcome: Outcome) -> Self {
        Self { outcome, ..Self::default() }
    }

    /// Notes who is asked, and what has been seen of the answer.
    pub fn sees(&mut self, asked: Asked, seen: Seen) {
        self.provider = Some(asked.provider);
        self.own_key = asked.own_key;
        self.key = asked.key;
        self.model = asked.model;
        self.place = asked.place;
        self.first_byte = seen.first_byte;
        self.charge_hold = seen.charge_hold;
        if let Some(attempt) = self.current() {
            attempt.first_byte = seen.first_byte;
            attempt.status = seen.status;
        }
    }

    /// Notes that an attempt is dropped, since another had output first.
    pub fn drops(&mut self, asked: Asked) {
        if let Some(attempt) = self.attempts.get_mut(asked.place) {
            attempt.ended = Some(Instant::now());
        }
    }

    /// The attempt at whoever serves the call, or is being asked.
    fn current(&mut self) -> Option<&mut AttemptRecord> {
        self.attempts.get_mut(self.place)
    }

    /// Notes how the provider did. An own key's trouble is no sign of the provider's: nobody else's calls go by it.
    pub fn note(&mut self, provider: &'static str, outcome: AttemptOutcome) {
        if self.own_key.is_some() {
            return;
        }
        self.reports.push(ProviderReport { provider, model: self.model, key: self.key, outcome, speed: None });
    }

    /// Notes that the attempt has failed, and of a failure that would have befallen anyone, that the provider has. Any other says
    /// nothing of the provider, for or against it.
    pub fn note_failure(&mut self, provider: &'static str, failure: &Failure) {
        if failure.error.code == Code::ProviderKeyRejected {
            self.refused_keys.extend(self.own_key);
        }
        if let Some(attempt) = self.current() {
            attempt.fail(failure);
        }
        match failure.against {
            Against::Nothing => {}
            // One of several keys that is asked too often rests; of the provider that says nothing.
            _ if self.key.is_some() && failure.error.code == Code::UpstreamRateLimited => {
                self.note(provider, AttemptOutcome::Limited);
            }
            Against::Route => self.note(provider, AttemptOutcome::Failed),
            Against::Account => self.note(provider, AttemptOutcome::Refused),
        }
    }

    /// Notes when the provider's part had ended, and how fast it was: only of an answer that comes bit by bit that can be told.
    pub fn measure(&mut self, call: &Call, ended: Instant) {
        let (first_byte, error) = (self.first_byte, self.error);
        if let Some(attempt) = self.current().filter(|attempt| attempt.ended.is_none()) {
            attempt.first_byte = first_byte;
            attempt.ended = Some(ended);
            attempt.error = error;
        }
        let asked = self.current().map(|attempt| attempt.asked);
        let Some((asked, first_byte)) = asked.zip(self.first_byte) else { return };
        let tokens = self.usage.map_or(0, |usage| usage.output());
        if tokens == 0 || call.demand().comes_whole {
            return;
        }
        let speed = Speed {
            first_ms: ms(first_byte.saturating_duration_since(asked)),
            per_second: tokens.saturating_mul(1000) / ms(ended.saturating_duration_since(first_byte)).max(1),
        };
        if let Some(report) = self.reports.last_mut().filter(|report| report.outcome == AttemptOutcome::Answered) {
            report.speed = Some(speed);
        }
    }

    /// The provider that has the prompt in a cache now: one that reports so, or that sells cached tokens for less and had a prompt of
    /// a length that caches take.
    pub fn cached_at(&self, hold: &Hold) -> Option<&'static str> {
        const LEAST: u64 = 1024;
        let (provider, usage) = self.provider.zip(self.usage)?;
        let served = hold.candidates.iter().find(|candidate| candidate.provider == provider)?;
        let rates = &served.price.rates;
        let sells_cached = rates.cached.zip(rates.prompt).is_some_and(|(cached, prompt)| cached < prompt);
        let is_cached = usage.cached > 0 || usage.written > 0 || (sells_cached && usage.prompt >= LEAST);
        is_cached.then_some(provider)
    }

    /// Makes the usage known, unless the call costs nothing: the provider's figures where it gave them for the whole
    /// answer, else the larger of what it gave so far and our own count.
    pub async fn count(&mut self, call: &Call, hold: &Hold) {
        let free = matches!(self.outcome, Outcome::Refused | Outcome::Failed);
        if free || self.usage.is_some() {
            return;
        }
        let answer = self.answer.as_ref();
        let report = answer.and_then(|answer| answer.report());
        let reported = report.map(|report| report.usage).unwrap_or_default();
        if report.is_some_and(|report| report.is_owed) {
            self.usage = Some(reported);
            return;
        }
        let report = report.filter(|report| report.up_to_date);
        let is_complete = answer.is_some_and(|answer| answer.progress() >= Progress::Complete);
        let is_final = is_complete && report.is_some_and(|report| !report.estimated) && reported.has_prompt();
        if is_final && reported.has_output() {
            self.usage = Some(reported);
            return;
        }
        let written = answer.map(|answer| answer.written()).unwrap_or_default();
        let is_nothing = written == Written::default();
        if is_final && is_nothing {
            self.usage = Some(reported);
            return;
        }
        if is_nothing && answer.is_some() && self.outcome == Outcome::Cut && !self.charge_hold {
            // The provider is at fault, and owed nothing for nothing.
            self.outcome = Outcome::Failed;
            return;
        }
        self.estimated = true;
        self.charge_hold = report.is_none() && self.is_unseen(call, hold, &written);
        if self.charge_hold {
            return;
        }
        let Some(mut counted) = estimate(call, hold, written.text).await else {
            // Uncountable is not free.
            self.charge_hold = true;
            return;
        };
        if report.is_none_or(|report| !report.estimated) {
            counted = call.demand().units.all_used(counted);
        }
        self.usage = Some(reported.completed_by(counted));
    }

    /// Whether there may be more than what was written to see, so that without a report nobody knows how much: what a model
    /// thought when its caller left or the deadline came, or sound. A provider that is at fault is owed what was seen.
    fn is_unseen(&self, call: &Call, hold: &Hold, written: &Written) -> bool {
        let unseen = match self.outcome {
            Outcome::ClientLeft | Outcome::Deadline => call.reads_on(hold) || !written.is_all,
            Outcome::Completed => call.demand().comes_whole || !written.is_all,
            Outcome::Refused | Outcome::Failed | Outcome::Cut => false,
        };
        self.charge_hold || unseen
    }

    /// The bill, the very figure that the settle will charge.
    pub fn bill<'a>(&self, call: &'a Call, hold: &'a Hold) -> Option<Bill<'a>> {
        let usage = hold.bounded(&self.usage.unwrap_or_default());
        let candidate = hold.served(self.provider, self.own_key);
        let most = candidate.and_then(|candidate| candidate.ceiling).map_or(hold.amount, |most| most.min(hold.amount));
        let cost = if self.charge_hold { most } else { self.cost(hold, &usage, most)? };
        let request_id = &call.caller.request_id;
        let provider = self.provider.unwrap_or_default();
        let upstream_model = candidate.map_or("", |candidate| candidate.model.as_str());
        Some(Bill {
            usage,
            estimated: self.estimated,
            cost,
            provider,
            own_key: self.own_key.is_some(),
            from_cache: false,
            upstream_model,
            request_id,
            session_id: call.session_id,
        })
    }

    /// What the database needs to settle the call and to record it. Without a hold, begin_request gave no answer.
    pub fn settlement(&self, call: &Call, hold: Option<&Hold>) -> Settlement {
        let identity = self.answer.as_ref().map(|answer| answer.identity()).unwrap_or_default();
        Settlement {
            answer_id: identity.id,
            finish_reason: identity.finish_reason,
            call_id: call.id,
            outcome: self.outcome,
            provider: self.provider.map(str::to_owned),
            usage: self.usage,
            estimated: self.estimated,
            charge_hold: self.charge_hold,
            request_id: call.caller.name_beside(call.id).map(str::to_owned),
            error_code: self.error.map(Code::as_str),
            stream: call.demand().stream,
            first_byte_ms: self.first_byte.map(|at| ms(at.duration_since(call.started))),
            asked_ms: self.attempts.first().map(|first| ms(first.asked.saturating_duration_since(call.started))),
            attempts: attempts::recorded(call, &self.attempts, Instant::now()),
            duration_ms: ms(call.started.elapsed()),
            app: call.origin.app.clone(),
            end_user: call.demand().labels.end_user.clone(),
            tags: call.demand().labels.tags_with(&call.origin.tags),
            metadata: call.demand().labels.metadata.clone(),
            hold: hold.map(|hold| {
                let prompt = hold.bounded(&self.usage.unwrap_or_default()).prompt;
                hold.facts(self.provider, self.own_key, self.beside, prompt)
            }),
            refused_keys: self.refused_keys.clone(),
            replayed_call: self.replayed_call,
            idempotency: call.idempotency.as_ref().map(|key| Remembered::new(&call.app, key, self.given.as_deref())),
            turn: call.session_id.map(KeptTurn::nothing),
            stored_response: None,
        }
    }

    fn cost(&self, hold: &Hold, usage: &Usage, most: Nanos) -> Option<Nanos> {
        let candidate = hold.served(self.provider, self.own_key)?;
        let price = hold.price(candidate, self.beside, usage.prompt);
        // Uncounted is not free, and neither is what has no price.
        let cost = price.cost(usage, candidate.markup.unwrap_or(hold.markup)).unwrap_or(most);
        Some(if self.estimated { cost.min(most) } else { cost })
    }
}

/// Prompt and output counted with a real tokenizer, off the async threads: a prompt may be megabytes.
async fn estimate(call: &Call, hold: &Hold, output: String) -> Option<Usage> {
    let request = call.request.clone();
    let image_tokens = hold.image_tokens;
    let counted = tokio::task::spawn_blocking(move || {
        let prompt = request.demand().prompt.counted(&request.prompt_text(), image_tokens);
        Usage::of(prompt, tokens::count(&output))
    });
    counted.await.inspect_err(|error| tracing::error!(%error, "the tokens of a call cannot be counted")).ok()
}
