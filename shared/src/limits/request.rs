//! A call that asks to be let in. Redis is asked under the limits that it has cached, while the database places the
//! hold; that first verdict counts if the database names the same limits, and else Redis is asked once more.

use super::Limiter;
use super::lease::Lease;
use super::refusal::refusal;
use super::script::{self, Terms};
use super::status::RateLimitStatus;
use super::text;
use super::verdict::{self, Answer, Evaluation};
use super::windows::{Limit, Limited};
use crate::error::Error;

/// A call that asks to be let in. Once the first verdict is asked for, a lease may have been taken: then `confirm` or
/// `abandon` must follow.
pub struct Request<'a> {
    limiter: &'a Limiter,
    terms: Terms<'a>,
    verdict: Verdict,
    /// The fingerprint of the cached answer for which Redis looked as it gave that verdict; empty where it looked for none.
    looked_for: &'a str,
    /// The generation of the negative cache when the call came.
    changes: u64,
}

/// What Redis has said.
enum Verdict {
    /// Nothing, since nobody asked.
    NotAsked,
    /// Let in or refused, under the limits that the answer names.
    Given(Box<Answer>),
    /// No limits are cached for this key.
    NoLimits,
    /// Redis is away or slow; the reason is logged.
    Away,
}

impl<'a> Request<'a> {
    pub(super) fn new(limiter: &'a Limiter, terms: Terms<'a>) -> Self {
        Self { limiter, terms, verdict: Verdict::NotAsked, looked_for: "", changes: limiter.0.refusals.changes() }
    }

    /// Also asks how fast the providers were lately.
    #[must_use]
    pub fn with_speeds(mut self, wanted: bool) -> Self {
        self.terms.wants_speeds = wanted;
        self
    }

    /// Also looks for an answer that is cached under this fingerprint: a call that has one is counted and gets no lease.
    #[must_use]
    pub fn with_cached(mut self, fingerprint: &'a str) -> Self {
        self.terms.cached = fingerprint;
        self
    }

    /// Also asks where the prompt of this session is in a cache, and of our keys at a provider which are to be avoided.
    #[must_use]
    pub fn with_session(mut self, session: Option<&'a str>, keys: &'a [&'a str]) -> Self {
        self.terms.session = session;
        self.terms.keys = keys;
        self
    }

    /// Also asks about the routes of further models that may answer, each with the providers that it may go to.
    #[must_use]
    pub fn with_further(mut self, models: &'a [(&'a str, &'a [&'static str])]) -> Self {
        self.terms.further = models;
        self
    }

    /// Asks Redis under the cached limits, and remembers what it says.
    pub async fn first(&mut self) {
        self.looked_for = self.terms.cached;
        self.verdict = self.limiter.evaluate(&self.terms, None, None).await;
    }

    /// The verdict under the limits that the database says are in force.
    ///
    /// # Errors
    /// `rate_limit_exceeded` or `concurrency_exceeded`, with the time to wait and the headers' figures. No lease is
    /// left then.
    pub async fn confirm(self, limits: &str) -> Result<Lease, Error> {
        let Self { limiter, terms, verdict, looked_for, changes } = self;
        let verdict = match verdict {
            Verdict::Given(answer) if answer.limits == limits && looked_for == terms.cached => Verdict::Given(answer),
            Verdict::Given(stale) => {
                // A cached answer has taken nothing but one request, which its account may count twice.
                let undo = (stale.admitted() && stale.cached.is_none()).then_some(stale.now);
                limiter.evaluate(&terms, Some(limits), undo).await
            }
            Verdict::NotAsked | Verdict::NoLimits => limiter.evaluate(&terms, Some(limits), None).await,
            Verdict::Away => Verdict::Away,
        };
        match verdict {
            Verdict::Given(answer) if answer.admitted() => Ok(Lease::given(limiter, &terms, *answer)),
            Verdict::Given(answer) => {
                let error = refusal(&answer).with_headers(|headers| answer.status.write(headers));
                // A closed token window may still let a smaller call in.
                if terms.apart.is_empty()
                    && Limit::named(&answer.verdict).is_some_and(|limit| matches!(limit.of, Limited::Requests(_)))
                {
                    limiter.0.refusals.insert(terms.key_hash, &error, changes);
                }
                Err(error)
            }
            // Redis may have taken the lease all the same and only answered too late: it is released with the call.
            Verdict::NotAsked | Verdict::NoLimits | Verdict::Away => limiter
                .0
                .fallback
                .admit(&[terms.apart, text::key_of(limits)].concat(), text::key_requests_per_minute(limits))
                .map(|()| Lease::unknown(limiter, &terms, limits))
                .map_err(|error| error.with_headers(|headers| RateLimitStatus::degraded().write(headers))),
        }
    }

    /// The verdict on a request that is counted apart, under the limits that the database says are in force: what its
    /// answer's headers say.
    ///
    /// # Errors
    /// `rate_limit_exceeded`.
    pub async fn confirm_apart(self, limits: &str) -> Result<RateLimitStatus, Error> {
        // Its lease has lapsed already.
        self.confirm(&text::of_requests_a_minute(limits)).await.map(|lease| lease.status)
    }

    /// What the headers say of a call that the database has refused under these limits: the first verdict, if it was
    /// given under the same ones.
    #[must_use]
    pub fn status(&self, limits: &str) -> Option<&RateLimitStatus> {
        match &self.verdict {
            Verdict::Given(answer) if answer.limits == limits => Some(&answer.status),
            _ => None,
        }
    }

    /// Asks no further. Gives the lease that the first verdict took, if it took one, to be released.
    #[must_use]
    pub fn abandon(self) -> Option<Lease> {
        match self.verdict {
            Verdict::Given(answer) if answer.admitted() && answer.cached.is_none() => {
                Some(Lease::given(self.limiter, &self.terms, *answer))
            }
            _ => None,
        }
    }
}

impl Limiter {
    async fn evaluate(&self, terms: &Terms<'_>, limits: Option<&str>, undo: Option<i64>) -> Verdict {
        let prefix = [&self.0.prefix, terms.apart].concat();
        let arguments = script::admit(&prefix, terms, limits, undo);
        let Some(result) = self.eval(&self.0.scripts.admit, &arguments).await else { return Verdict::Away };
        match result.map(|answer| verdict::read(&answer)) {
            Ok(Some(Evaluation::Verdict(answer))) if terms.apart.is_empty() => Verdict::Given(answer),
            Ok(Some(Evaluation::Verdict(answer))) => {
                Verdict::Given(Box::new(Answer { status: answer.status.without_tokens(), ..*answer }))
            }
            Ok(Some(Evaluation::NoLimits)) => Verdict::NoLimits,
            Ok(None) => {
                tracing::error!("the limiter's answer is not readable");
                Verdict::Away
            }
            Err(error) => {
                tracing::warn!(%error, "rate limits are degraded to what this process counts by itself");
                Verdict::Away
            }
        }
    }
}
