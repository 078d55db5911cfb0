//! The lease of a call that was let in: its place among the calls that run, and the tokens that it reserved.

use std::iter;

use uuid::Uuid;

use super::Limiter;
use super::measured::Measured;
use super::script::{self, Kept, ProviderReport, Reservation, Terms};
use super::status::RateLimitStatus;
use super::text;
use super::verdict::Answer;

/// A call that was let in, until it is released. One that nobody releases lapses by itself.
#[must_use = "a lease that is not released counts until it lapses"]
pub struct Lease {
    /// What the response's headers say.
    pub status: RateLimitStatus,
    /// Providers whose breaker for the model is open, and those of our keys that rest.
    pub avoid: Vec<String>,
    /// The provider that has the prompt of the call's session in a cache, if any.
    pub cached_at: Option<String>,
    /// How fast providers were lately at the model, where that was asked and is known.
    pub speeds: Vec<(String, Measured)>,
    /// The cached answer that was looked for and found, and for how many ms it still lies there. Then there is no lease to release.
    pub cached: Option<(String, u64)>,
    limiter: Limiter,
    call_id: Uuid,
    account_id: String,
    key_id: String,
    admitted_at: i64,
    tokens: u64,
    models: Vec<String>,
    /// Which of these is asked.
    place: usize,
    /// What is known of the others, each provider with ':' and the model's place behind its name.
    elsewhere: (Vec<String>, Vec<(String, Measured)>),
    session: Option<String>,
}

impl Lease {
    /// As Redis gave it.
    pub(super) fn given(limiter: &Limiter, terms: &Terms<'_>, answer: Answer) -> Self {
        let mut lease = Self::unknown(limiter, terms, &answer.limits);
        lease.admitted_at = answer.now;
        let Answer { status, avoid, cached_at, speeds, cached, .. } = answer;
        let (avoid_elsewhere, avoid) = avoid.into_iter().partition(|name| name.contains(':'));
        let (speeds_elsewhere, speeds) = speeds.into_iter().partition(|(name, _)| name.contains(':'));
        let elsewhere = (avoid_elsewhere, speeds_elsewhere);
        Self { status, avoid, cached_at, speeds, cached, elsewhere, ..lease }
    }

    /// Turns to another of the call's models: what is known of the routes is from now on what is known of its own.
    pub fn turn_to(&mut self, place: usize) {
        if place == self.place {
            return;
        }
        self.place = place;
        let behind = format!(":{place}");
        let (avoid, speeds) = &self.elsewhere;
        // Our keys rest whatever the model.
        self.avoid.retain(|name| name.contains('#'));
        self.avoid.extend(avoid.iter().filter_map(|name| name.strip_suffix(&behind)).map(str::to_owned));
        let of_it =
            speeds.iter().filter_map(|(name, speed)| Some((name.strip_suffix(&behind)?.to_owned(), speed.clone())));
        self.speeds = of_it.collect();
        self.cached_at = None;
    }

    /// For a call about which Redis gave no answer: it may have taken the lease all the same.
    pub(super) fn unknown(limiter: &Limiter, terms: &Terms<'_>, limits: &str) -> Self {
        Self {
            status: RateLimitStatus::degraded(),
            avoid: Vec::new(),
            cached_at: None,
            speeds: Vec::new(),
            session: terms.session.map(str::to_owned),
            cached: None,
            limiter: limiter.clone(),
            call_id: terms.call_id,
            account_id: text::account_of(limits).to_owned(),
            key_id: text::key_of(limits).to_owned(),
            // The epoch: no bucket of that time still counts, so the release ends the lease and corrects no figure.
            admitted_at: 0,
            tokens: terms.tokens,
            models: iter::once(terms.model)
                .chain(terms.further.iter().map(|(model, _)| *model))
                .map(str::to_owned)
                .collect(),
            place: 0,
            elsewhere: <_>::default(),
        }
    }

    /// Ends the lease with the tokens that the call really used, and reports how the providers did, and which of
    /// them now has the prompt in a cache. An answer that is to be kept is kept with it. Answers how many settles wait in the outbox.
    pub async fn release(
        self,
        tokens_used: u64,
        reports: &[ProviderReport],
        cached_at: Option<&str>,
        kept: Option<&Kept>,
    ) -> u64 {
        let state = &self.limiter.0;
        let arguments = script::release(
            &state.prefix,
            self.call_id,
            &Reservation {
                account_id: &self.account_id,
                key_id: &self.key_id,
                admitted_at: self.admitted_at,
                reserved: self.tokens,
                used: tokens_used,
                models: &self.models,
                // A session is one of a key and a model.
                cached: self.session.as_deref().zip(cached_at).filter(|_| self.place == 0),
            },
            reports,
            kept,
        );
        match self.limiter.eval(&state.scripts.release, &arguments).await {
            None => 0,
            Some(Ok(waiting)) => waiting.as_u64().unwrap_or(0),
            // The lease lapses by itself at the call's deadline.
            Some(Err(error)) => {
                tracing::warn!(%error, call_id = %self.call_id, "a lease could not be ended");
                0
            }
        }
    }
}
