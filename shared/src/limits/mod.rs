//! Rate limits: one script in Redis that decides, what this process does without Redis, and what the caller is told.
//!
//! The limits themselves come from the database with every hold. Redis keeps a copy beside the counters, so that a
//! warm call is one EVAL that runs at the same time as the hold; a call that finds another copy than the database's
//! is evaluated once more. A changed limit therefore holds on the very next call.

mod floor;
mod headers;
mod peek;
mod remembered;
mod script;

use std::time::Duration;

use uuid::Uuid;

pub use headers::Standing;
pub use peek::{Standings, Used, peek};

use crate::app::App;
use crate::error::{Code, Error};
use floor::Floor;
use remembered::Remembered;
use script::{Answer, Evaluation, Reservation, Scripts};

/// What a process remembers for its limiter.
#[derive(Default)]
pub struct Memory {
    floor: Floor,
    refused: Remembered,
    scripts: Scripts,
}

/// A call that asks to be admitted.
pub struct Application<'a> {
    /// The hash of its key.
    pub key_hash: &'a str,
    /// Ours, a UUIDv7.
    pub call_id: Uuid,
    /// The tokens to reserve: an estimate, corrected when the call ends.
    pub tokens: u64,
    /// How long its lease lives if nobody ends it: until the call's deadline and a little more.
    pub lease: Duration,
}

/// What the limiter said before the database was heard.
pub enum FirstWord {
    /// A verdict under the cached limits.
    Decided(Answer),
    /// No limits are cached for this key.
    NoLimits,
    /// Redis is away or slow; the reason is logged.
    Away,
}

/// An admitted call: what must be given back when it ends.
pub struct Admission {
    lease: Lease,
    /// What the response's headers say.
    pub standing: Standing,
    /// Providers whose breaker is open.
    pub avoid: Vec<String>,
}

struct Lease {
    account_id: String,
    key_id: String,
    admitted_at: i64,
    tokens: u64,
}

/// How a provider did, for its breaker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderReport {
    /// The provider's name.
    pub provider: &'static str,
    /// Whether it answered as it should.
    pub answered: bool,
}

impl FirstWord {
    /// The lease that was taken, for a call that does not go on.
    #[must_use]
    pub fn into_admission(self, application: &Application<'_>) -> Option<Admission> {
        match self {
            Self::Decided(answer) if answer.admitted() => Some(Admission::new(answer, application)),
            _ => None,
        }
    }
}

impl Admission {
    fn new(answer: Answer, application: &Application<'_>) -> Self {
        let lease = Lease {
            account_id: script::account_of(&answer.limits).to_owned(),
            key_id: script::key_of(&answer.limits).to_owned(),
            admitted_at: answer.now,
            tokens: application.tokens,
        };
        Self { lease, standing: answer.standing, avoid: answer.avoid }
    }

    fn unanswered(limits: &str, application: &Application<'_>) -> Self {
        // Long ago: no bucket of that time still counts, so only the lease is ended and no figure is corrected.
        let lease = Lease {
            account_id: script::account_of(limits).to_owned(),
            key_id: script::key_of(limits).to_owned(),
            admitted_at: 0,
            tokens: application.tokens,
        };
        Self { lease, standing: Standing::degraded(), avoid: Vec::new() }
    }
}

/// Whether this process was told a moment ago that the key's window is closed.
///
/// # Errors
/// `rate_limit_exceeded` with what is left of the wait.
pub fn recall(app: &App, key_hash: &str) -> Result<(), Error> {
    app.limiter.refused.recall(key_hash).map_or(Ok(()), Err)
}

/// Asks Redis under the cached limits, at the same time as the database places the hold.
pub async fn ask(app: &App, application: &Application<'_>, providers: &[&'static str]) -> FirstWord {
    evaluate(app, application, providers, None, None).await
}

/// Settles the limiter's verdict with the limits that the database says are in force.
///
/// # Errors
/// `rate_limit_exceeded` or `concurrency_exceeded`, with the time to wait and the headers' figures.
pub async fn decide(
    app: &App,
    application: &Application<'_>,
    providers: &[&'static str],
    first: FirstWord,
    limits: &str,
) -> Result<Admission, Error> {
    let word = match first {
        FirstWord::Decided(answer) if answer.limits == limits => FirstWord::Decided(answer),
        FirstWord::Decided(stale) => {
            let undo = stale.admitted().then_some(stale.now);
            evaluate(app, application, providers, Some(limits), undo).await
        }
        FirstWord::NoLimits => evaluate(app, application, providers, Some(limits), None).await,
        FirstWord::Away => FirstWord::Away,
    };
    match word {
        FirstWord::Decided(answer) if answer.admitted() => Ok(Admission::new(answer, application)),
        FirstWord::Decided(answer) => {
            let error = refusal(&answer).with_headers(|headers| answer.standing.write(headers));
            // A closed token window may still admit a smaller call.
            if answer.verdict.starts_with('r') {
                app.limiter.refused.note(application.key_hash, &error);
            }
            Err(error)
        }
        // Redis may have taken the lease all the same and only answered too late: it is ended with the call.
        FirstWord::NoLimits | FirstWord::Away => app
            .limiter
            .floor
            .admit(script::key_of(limits), script::key_requests_per_minute(limits))
            .map(|()| Admission::unanswered(limits, application))
            .map_err(|error| error.with_headers(|headers| Standing::degraded().write(headers))),
    }
}

/// Ends an admitted call's lease with the tokens it really used, and reports how the providers did. Answers how many
/// settles wait in the outbox.
pub async fn release(
    app: &App,
    call_id: Uuid,
    admission: &Admission,
    tokens_used: u64,
    reports: &[ProviderReport],
) -> u64 {
    let Ok(upstash) = app.upstash() else { return 0 };
    let lease = &admission.lease;
    let arguments = script::release(
        &app.config.redis_prefix,
        call_id,
        &Reservation {
            account_id: &lease.account_id,
            key_id: &lease.key_id,
            admitted_at: lease.admitted_at,
            reserved: lease.tokens,
            used: tokens_used,
        },
        reports,
    );
    match upstash.eval(&app.limiter.scripts.release, &arguments).await {
        Ok(waiting) => waiting.as_u64().unwrap_or(0),
        // The lease lapses by itself at the call's deadline.
        Err(error) => {
            tracing::warn!(%error, %call_id, "a lease could not be ended");
            0
        }
    }
}

async fn evaluate(
    app: &App,
    application: &Application<'_>,
    providers: &[&'static str],
    limits: Option<&str>,
    undo: Option<i64>,
) -> FirstWord {
    let Ok(upstash) = app.upstash() else { return FirstWord::Away };
    let arguments = script::admit(&app.config.redis_prefix, application, limits, undo, providers);
    let result = upstash.eval(&app.limiter.scripts.admit, &arguments).await;
    match result.map(|answer| script::read(&answer)) {
        Ok(Some(Evaluation::Verdict(answer))) => FirstWord::Decided(answer),
        Ok(Some(Evaluation::NoLimits)) => FirstWord::NoLimits,
        Ok(None) => {
            tracing::error!("the limiter's answer is not readable");
            FirstWord::Away
        }
        Err(error) => {
            tracing::warn!(%error, "rate limits are degraded to this process's floor");
            FirstWord::Away
        }
    }
}

fn refusal(answer: &Answer) -> Error {
    let wait = Duration::from_millis(answer.retry_ms);
    let named = |what: &str| format!("Too many {what}. Wait as retry-after says.");
    match answer.verdict.as_str() {
        "concurrency" => {
            Error::new(Code::ConcurrencyExceeded).with_retry_after(wait).with_detail("limit", "concurrency")
        }
        "rm" => Error::new(Code::RateLimitExceeded)
            .with_message(named("requests per minute"))
            .with_retry_after(wait)
            .with_detail("limit", "requests_per_minute"),
        "rb" => Error::new(Code::RateLimitExceeded)
            .with_message(named("requests within 10 seconds"))
            .with_retry_after(wait)
            .with_detail("limit", "burst"),
        "rh" => Error::new(Code::RateLimitExceeded)
            .with_message(named("requests per hour"))
            .with_retry_after(wait)
            .with_detail("limit", "requests_per_hour"),
        "tm" => Error::new(Code::RateLimitExceeded)
            .with_message(named("tokens per minute"))
            .with_retry_after(wait)
            .with_detail("limit", "tokens_per_minute"),
        // A day is too long for an SDK to wait in a retry.
        "td" => Error::new(Code::RateLimitExceeded)
            .with_message(named("tokens per day"))
            .with_retry_after(wait)
            .with_should_retry(false)
            .with_detail("limit", "tokens_per_day"),
        _ => Error::new(Code::RateLimitExceeded)
            .with_message(named("requests per day"))
            .with_retry_after(wait)
            .with_should_retry(false)
            .with_detail("limit", "requests_per_day"),
    }
}
