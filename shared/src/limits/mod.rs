//! Rate limits: one script in Redis decides; while Redis is away this process limits by itself, and the answer says so.
//!
//! The limits themselves come from the database with every hold. Redis keeps a copy beside the counters, so that a
//! warm call is one EVAL that runs at the same time as the hold; a call that finds another copy than the database's
//! is evaluated once more. A changed limit therefore holds on the very next call.
//!
//! - `request`: a call that asks to be let in: its first verdict, and the one that counts.
//! - `lease`: what a call that was let in holds, until it is released.
//! - `fallback`: what this process admits by itself while Redis is away.
//! - `negative_cache`: refusals that this process remembers.
//! - `refusal`: the error of a call that is not admitted.
//! - `status`: how the caller stands, in the response's headers.
//! - `breakers`: whom calls avoid at present.
//! - `measured`: how routes do, counted as calls end.
//! - `usage`: what has been used, for whoever wants to see it.
//! - `windows`: the limits themselves, one a line.
//! - `script`: how the scripts are asked; `verdict`: what they answer. `text`: which limits are in force, as the database says it.

mod breakers;
mod cache_lives;
mod fallback;
mod lease;
mod measured;
mod negative_cache;
mod refusal;
mod request;
mod script;
mod status;
mod text;
mod usage;
mod verdict;
mod windows;

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use uuid::Uuid;

pub use breakers::OpenBreaker;
pub use lease::Lease;
pub use measured::{Attempts, Histogram, Measured, Speed};
pub use request::Request;
pub use script::{AttemptOutcome, Kept, ProviderReport};
pub use status::RateLimitStatus;
pub use usage::{Usage, Used};
pub(crate) use windows::every_limit;
pub use windows::{LIMITS, Limit};

use crate::config::Setting;
use crate::error::{Code, Error};
use crate::upstash::{Script, Upstash, UpstashError};
use cache_lives::CacheLives;
use fallback::FallbackLimiter;
use negative_cache::NegativeCache;
use script::{Scripts, Terms};

/// The rate limiter of a process. Its clones are the same limiter.
#[derive(Clone)]
pub struct Limiter(Arc<State>);

struct State {
    upstash: Setting<Upstash>,
    /// What the names of this deployment's keys in Redis begin with.
    prefix: String,
    scripts: Scripts,
    fallback: FallbackLimiter,
    refusals: NegativeCache,
    cache_lives: CacheLives,
}

impl Limiter {
    /// Counts in this Redis, under names that begin with `prefix`.
    #[must_use]
    pub fn new(upstash: Setting<Upstash>, prefix: String) -> Self {
        Self(Arc::new(State {
            upstash,
            prefix,
            scripts: Scripts::default(),
            fallback: FallbackLimiter::default(),
            refusals: NegativeCache::default(),
            cache_lives: CacheLives::default(),
        }))
    }

    /// The refusal that this process remembers of a key whose window is closed: such a call need ask nobody.
    ///
    /// # Errors
    /// `rate_limit_exceeded` with what is left of the wait.
    pub fn check_remembered(&self, key_hash: &str) -> Result<(), Error> {
        self.0.refusals.get(key_hash).map_or(Ok(()), Err)
    }

    /// For how long the answers to a key's calls are kept where they do not say, as far as this process has heard of it.
    #[must_use]
    pub fn cache_life(&self, key_hash: &str) -> Option<Duration> {
        self.0.cache_lives.get(key_hash)
    }

    /// The same as the limits in force say it, which is remembered.
    pub(crate) fn learn_cache_life(&self, key_hash: &str, limits: &str) -> Option<Duration> {
        let life = text::cache_life_of(limits);
        self.0.cache_lives.learn(key_hash, life);
        life
    }

    /// Forgets the refusals that this process remembers: what they followed from was changed through it.
    pub fn forget_refusals(&self) {
        self.0.refusals.forget();
    }

    /// Begins to ask for a call of this key to be let in. `tokens` are reserved: an estimate, corrected when the call
    /// ends. `lease_time` is how long its lease lives if nobody releases it. Of `providers` the verdict says whom to
    /// avoid.
    #[must_use]
    pub fn request<'a>(
        &'a self,
        key_hash: &'a str,
        call_id: Uuid,
        tokens: u64,
        lease_time: Duration,
        (model, providers): (&'a str, &'a [&'static str]),
    ) -> Request<'a> {
        Request::new(
            self,
            Terms {
                apart: "",
                key_hash,
                call_id,
                tokens,
                lease_time,
                wants_speeds: false,
                cached: "",
                model,
                further: &[],
                session: None,
                providers,
                keys: &[],
            },
        )
    }

    /// Begins to ask for a request of this key that is no call, since it reserves nothing and asks no provider. It is
    /// counted apart from calls, under `apart`, and by its number in a minute alone.
    #[must_use]
    pub fn request_apart<'a>(&'a self, apart: &'static str, key_hash: &'a str) -> Request<'a> {
        // A lease that has lapsed when it is given takes nobody's place.
        let lease_time = Duration::ZERO;
        let call_id = Uuid::now_v7();
        let terms = Terms {
            apart,
            key_hash,
            call_id,
            tokens: 0,
            lease_time,
            wants_speeds: false,
            cached: "",
            model: "",
            further: &[],
            session: None,
            providers: &[],
            keys: &[],
        };
        Request::new(self, terms)
    }

    /// How these routes did lately, each a provider and a model; nothing while Redis is away.
    pub async fn measured(&self, routes: &[(&str, &str)]) -> Vec<Measured> {
        match self.eval(&self.0.scripts.routes, &script::routes(&self.0.prefix, routes)).await {
            None => Vec::new(),
            Some(Ok(answer)) => verdict::routes(&answer),
            Some(Err(error)) => {
                tracing::warn!(%error, "how routes do cannot be read");
                Vec::new()
            }
        }
    }

    /// Forgets the cached answers of an account; how many there were.
    ///
    /// # Errors
    /// `service_unavailable` while Redis is away, `not_configured` without one.
    pub async fn forget_answers(&self, account_id: Uuid) -> Result<u64, Error> {
        let arguments = [self.0.prefix.as_str().into(), account_id.to_string().into()];
        let Some(forgotten) = self.eval(&self.0.scripts.purge, &arguments).await else {
            return Err(Error::new(Code::NotConfigured));
        };
        let forgotten = forgotten.inspect_err(|error| tracing::warn!(%error, "cached answers are not forgotten"));
        forgotten.map(|number| number.as_u64().unwrap_or(0)).map_err(|_| Error::new(Code::ServiceUnavailable))
    }

    /// Runs a script; `None`, after a log line, without a Redis to run it.
    async fn eval(&self, script: &Script, arguments: &[Cow<'_, str>]) -> Option<Result<Value, UpstashError>> {
        match &self.0.upstash {
            Ok(upstash) => Some(upstash.eval(script, arguments).await),
            Err(missing) => {
                tracing::error!(%missing, "not configured");
                None
            }
        }
    }
}
