//! The scripts, and how those that decide are asked. Their arguments are described at their heads.

use std::borrow::Cow;
use std::time::Duration;

use uuid::Uuid;

use super::measured::{Speed, classes};
use super::windows;
use crate::config::key_name;
use crate::upstash::Script;

/// How long Redis keeps a key's limits. A change is noticed at once all the same: every call compares.
const CACHE_MS: u32 = 300_000;
/// Failures in a row after which a provider is avoided.
const FAILURES_TO_OPEN: u32 = 5;
/// How long it is avoided before it is tried again, in ms.
const OPEN_MS: u32 = 30_000;
/// How long a provider is avoided that refuses our account, in ms: somebody must pay or mend a key there.
const REFUSED_MS: u32 = 300_000;
/// How long a prompt is taken to be in a provider's cache, in ms: theirs live five minutes at least from their last use.
const CACHED_MS: u32 = 300_000;

/// The scripts.
pub struct Scripts {
    /// Admits a call or refuses it.
    pub admit: Script,
    /// Ends an admitted call.
    pub release: Script,
    /// Says what is used.
    pub peek: Script,
    /// Forgets cached answers.
    pub purge: Script,
    /// Says how routes do.
    pub routes: Script,
}

impl Default for Scripts {
    fn default() -> Self {
        Self {
            admit: script(include_str!("admit.lua")),
            release: script(include_str!("release.lua")),
            peek: script(include_str!("peek.lua")),
            purge: script(include_str!("purge.lua")),
            routes: script(include_str!("routes.lua")),
        }
    }
}

/// What a call asks for.
pub struct Terms<'a> {
    /// Where it is counted: empty for calls, and a name for what is counted apart from them.
    pub apart: &'static str,
    /// The hash of the call's key.
    pub key_hash: &'a str,
    /// Ours, a UUIDv7.
    pub call_id: Uuid,
    /// The tokens to reserve.
    pub tokens: u64,
    /// How long its lease lives if nobody releases it.
    pub lease_time: Duration,
    /// Whether the verdict is to say how fast the providers were lately.
    pub wants_speeds: bool,
    /// By what a cached answer is looked for; empty where none is.
    pub cached: &'a str,
    /// The model that is asked for: with it a provider is a route, which has a breaker of its own.
    pub model: &'a str,
    /// Further models that may answer in its place, each with the providers that it may go to.
    pub further: &'a [(&'a str, &'a [&'static str])],
    /// What tells the session apart of which the call is a part, where it says so.
    pub session: Option<&'a str>,
    /// The providers that the call may go to.
    pub providers: &'a [&'static str],
    /// Our keys at those of them at which we have several, by their names.
    pub keys: &'a [&'a str],
}

/// How a provider did, for its breakers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderReport {
    /// The provider's name.
    pub provider: &'static str,
    /// Which of the call's models it was asked for, from 0.
    pub model: usize,
    /// Which of our keys there was used, where we have several.
    pub key: Option<usize>,
    /// What came of asking it.
    pub outcome: AttemptOutcome,
    /// How fast it was, where it answered.
    pub speed: Option<Speed>,
}

/// What came of asking a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// It answered as it should.
    Answered,
    /// It failed at this model.
    Failed,
    /// It refuses our account, or the key, whatever the model.
    Refused,
    /// It refuses the key for now, since it was used too often: another of ours may still pass.
    Limited,
}

impl AttemptOutcome {
    /// As the script takes it.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Limited => "limited",
        }
    }
}

/// A script below its shared head and the table of windows.
fn script(text: &str) -> Script {
    Script::new([&windows::lua(), include_str!("windows.lua"), text].concat())
}

/// The arguments of the question whether a call may go on.
pub fn admit<'a>(prefix: &'a str, terms: &Terms<'a>, limits: Option<&'a str>, undo: Option<i64>) -> Vec<Cow<'a, str>> {
    let mut arguments: Vec<Cow<'a, str>> = vec![
        prefix.into(),
        terms.key_hash.into(),
        terms.call_id.to_string().into(),
        terms.tokens.to_string().into(),
        terms.lease_time.as_millis().to_string().into(),
        limits.unwrap_or_default().into(),
        undo.map(|at| at.to_string()).unwrap_or_default().into(),
        CACHE_MS.to_string().into(),
        terms.model.into(),
        if terms.wants_speeds { "speeds" } else { "" }.into(),
        terms.session.unwrap_or_default().into(),
        terms.cached.into(),
    ];
    arguments.extend(terms.providers.iter().chain(terms.keys).map(|name| Cow::Borrowed(*name)));
    for (model, providers) in terms.further {
        arguments.push(format!(":{model}").into());
        arguments.extend(providers.iter().map(|name| Cow::Borrowed(*name)));
    }
    arguments
}

/// What a lease reserved, and what the call then used.
pub struct Reservation<'a> {
    /// The account whose counters hold it.
    pub account_id: &'a str,
    /// The key whose counters hold it.
    pub key_id: &'a str,
    /// When the call was admitted, in Redis's ms.
    pub admitted_at: i64,
    /// Tokens reserved.
    pub reserved: u64,
    /// Tokens used.
    pub used: u64,
    /// The models that were asked for, or may have been, the first of them first.
    pub models: &'a [String],
    /// The session, and the provider that now has its prompt in a cache.
    pub cached: Option<(&'a str, &'a str)>,
}

/// The arguments of the end of a call, whose answer is kept or not.
pub fn release<'a>(
    prefix: &'a str,
    call_id: Uuid,
    reservation: &Reservation<'a>,
    reports: &[ProviderReport],
    kept: Option<&'a Kept>,
) -> Vec<Cow<'a, str>> {
    let mut arguments: Vec<Cow<'a, str>> = vec![
        prefix.into(),
        reservation.key_id.into(),
        reservation.account_id.into(),
        call_id.to_string().into(),
        reservation.reserved.to_string().into(),
        reservation.used.to_string().into(),
        reservation.admitted_at.to_string().into(),
        FAILURES_TO_OPEN.to_string().into(),
        OPEN_MS.to_string().into(),
        REFUSED_MS.to_string().into(),
        reservation.models.first().map(String::as_str).unwrap_or_default().into(),
        reservation.cached.map(|(session, _)| session).unwrap_or_default().into(),
        reservation.cached.map(|(_, provider)| provider).unwrap_or_default().into(),
        CACHED_MS.to_string().into(),
        kept.map_or("", |kept| kept.fingerprint.as_str()).into(),
        kept.map_or_else(String::new, |kept| kept.life_ms.to_string()).into(),
        kept.map_or("", |kept| kept.entry.as_str()).into(),
    ];
    let mut model = 0;
    for report in reports {
        if report.model != model {
            model = report.model;
            let named = reservation.models.get(model).map(String::as_str).unwrap_or_default();
            arguments.push(format!(":{named}").into());
        }
        arguments.push(report.provider.into());
        arguments.push(report.key.map(|place| key_name("", place)).unwrap_or_default().into());
        arguments.push(report.outcome.as_str().into());
        arguments.push(report.speed.map(classes).unwrap_or_default().into());
    }
    arguments
}

/// An answer to be kept, in what Redis takes.
pub struct Kept {
    /// By what it is found.
    pub fingerprint: String,
    /// How long it is kept, in milliseconds.
    pub life_ms: u64,
    /// The answer, sealed.
    pub entry: String,
}

/// The arguments of the question how these routes do, each a provider and a model.
pub fn routes<'a>(prefix: &'a str, routes: &[(&str, &str)]) -> Vec<Cow<'a, str>> {
    let names = routes.iter().map(|(provider, model)| Cow::Owned(format!("{provider}:{model}")));
    std::iter::once(Cow::Borrowed(prefix)).chain(names).collect()
}
