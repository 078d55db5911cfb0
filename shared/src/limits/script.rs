//! The scripts: how those that decide are asked and what they answer. Their arguments are described at their heads.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::Value;
use uuid::Uuid;

use super::status::{RateLimitStatus, WindowStatus};
use super::windows;
use crate::upstash::Script;

/// How long Redis keeps a key's limits. A change is noticed at once all the same: every call compares.
const CACHE_MS: u32 = 300_000;
/// Failures in a row after which a provider is avoided.
const FAILURES_TO_OPEN: u32 = 5;
/// How long it is avoided before it is tried again, in ms.
const OPEN_MS: u32 = 30_000;
/// How long a provider is avoided that refuses our account, in ms: somebody must pay or mend a key there.
const REFUSED_MS: u32 = 300_000;

/// A limit that nobody reaches.
const WIDE: u64 = 1_000_000_000;

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
}

impl Default for Scripts {
    fn default() -> Self {
        Self {
            admit: script(include_str!("admit.lua")),
            release: script(include_str!("release.lua")),
            peek: script(include_str!("peek.lua")),
            purge: script(include_str!("purge.lua")),
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
    /// The providers that the call may go to.
    pub providers: &'a [&'static str],
}

/// How a provider did, for its breakers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderReport {
    /// The provider's name.
    pub provider: &'static str,
    /// What came of asking it.
    pub outcome: AttemptOutcome,
    /// How fast it was, where it answered.
    pub speed: Option<Speed>,
}

/// How fast a provider answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Speed {
    /// Milliseconds to the first byte.
    pub first_ms: u64,
    /// Tokens in a second from there on.
    pub per_second: u64,
}

/// What came of asking a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// It answered as it should.
    Answered,
    /// It failed at this model.
    Failed,
    /// It refuses our account, whatever the model.
    Refused,
}

impl AttemptOutcome {
    /// As the script takes it.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Failed => "failed",
            Self::Refused => "refused",
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
        terms.cached.into(),
    ];
    arguments.extend(terms.providers.iter().map(|name| Cow::Borrowed(*name)));
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
    /// The model that was asked for.
    pub model: &'a str,
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
        reservation.model.into(),
        kept.map_or("", |kept| kept.fingerprint.as_str()).into(),
        kept.map_or_else(String::new, |kept| kept.life_ms.to_string()).into(),
        kept.map_or("", |kept| kept.entry.as_str()).into(),
    ];
    for report in reports {
        arguments.push(report.provider.into());
        arguments.push(report.outcome.as_str().into());
        let speed = report.speed.map(|speed| format!("{} {}", speed.first_ms, speed.per_second));
        arguments.push(speed.unwrap_or_default().into());
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

/// What the first script answers.
pub enum Evaluation {
    /// The call is admitted or refused.
    Verdict(Answer),
    /// No limits are cached.
    NoLimits,
}

/// A verdict and what goes with it.
pub struct Answer {
    /// `ok`, or the name of the limit that is exhausted.
    pub verdict: String,
    /// The limits that were used.
    pub limits: String,
    /// Redis's clock, ms.
    pub now: i64,
    /// When a retry can succeed.
    pub retry_ms: u64,
    /// The figures of the headers.
    pub status: RateLimitStatus,
    /// Providers whose breaker is open.
    pub avoid: Vec<String>,
    /// How fast providers were lately, of those of which it is known and asked.
    pub speeds: Vec<(String, Speed)>,
    /// The cached answer that was looked for, and for how many ms it still lies there.
    pub cached: Option<(String, u64)>,
}

impl Answer {
    /// Whether the call may go on.
    pub fn admitted(&self) -> bool {
        self.verdict == "ok"
    }
}

/// Reads the first script's answer; `None` when it is not of its form.
pub fn read(answer: &Value) -> Option<Evaluation> {
    let parts = answer.as_array()?;
    let text = |i: usize| parts.get(i)?.as_str();
    let number = |i: usize| parts.get(i)?.as_i64();
    let unsigned = |i: usize| number(i).and_then(|n| u64::try_from(n).ok());
    let verdict = text(0)?;
    if verdict == "miss" {
        return Some(Evaluation::NoLimits);
    }
    let window = |at: usize| {
        Some(WindowStatus { limit: unsigned(at)?, remaining: unsigned(at + 1)?, reset_ms: unsigned(at + 2)? })
    };
    Some(Evaluation::Verdict(Answer {
        verdict: verdict.to_owned(),
        limits: text(1)?.to_owned(),
        now: number(2)?,
        retry_ms: unsigned(3)?,
        status: RateLimitStatus::counted(window(4)?, window(7)?),
        avoid: text(10)?.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
        speeds: text(11)?.split(',').filter_map(speed).collect(),
        cached: text(12).filter(|entry| !entry.is_empty()).map(|entry| (entry.to_owned(), unsigned(13).unwrap_or(0))),
    }))
}

/// What a verdict says of one provider's speed: `PROVIDER=MS/RATE`.
fn speed(text: &str) -> Option<(String, Speed)> {
    let (provider, figures) = text.split_once('=')?;
    let (first_ms, per_second) = figures.split_once('/')?;
    Some((provider.to_owned(), Speed { first_ms: first_ms.parse().ok()?, per_second: per_second.parse().ok()? }))
}

/// A limits text with the same requests a minute, in which nothing else holds anybody up.
pub fn of_requests_a_minute(limits: &str) -> String {
    let wide = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if !["account", "key", "plan", "requests_per_minute"].contains(&name) => {
            format!("{name}={WIDE}/{WIDE}")
        }
        _ => pair.to_owned(),
    };
    limits.split(' ').map(wide).collect::<Vec<_>>().join(" ")
}

/// A limit in a limits text: the key's and the account's.
pub fn limit(limits: &str, name: &str) -> Option<(u64, u64)> {
    let (key, account) = value(limits, name)?.split_once('/')?;
    Some((key.parse().ok()?, account.parse().ok()?))
}

/// The account in a limits text.
pub fn account_of(limits: &str) -> &str {
    value(limits, "account").unwrap_or_default()
}

/// The key in a limits text.
pub fn key_of(limits: &str) -> &str {
    value(limits, "key").unwrap_or_default()
}

/// The plan in force in a limits text.
pub fn plan_of(limits: &str) -> &str {
    value(limits, "plan").unwrap_or_default()
}

/// The key's requests a minute in a limits text.
pub fn key_requests_per_minute(limits: &str) -> u64 {
    let of_both = value(limits, "requests_per_minute").and_then(|figures| figures.split_once('/'));
    of_both.and_then(|(of_key, _)| of_key.parse().ok()).unwrap_or(1)
}

/// A limits text, made by `gateway.limits` in the database, is `account=ID key=ID plan=ID`, then `NAME=OF_KEY/OF_ACCOUNT` for
/// each limit.
fn value<'a>(limits: &'a str, name: &str) -> Option<&'a str> {
    limits.split(' ').filter_map(|pair| pair.split_once('=')).find(|(named, _)| *named == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_is_counted_apart_only_the_minute_holds_anybody_up() {
        let limits = "account=a key=k plan=p burst=5/6 requests_per_minute=30/60 concurrency=1/1";
        let wide = "account=a key=k plan=p burst=1000000000/1000000000 requests_per_minute=30/60 \
                    concurrency=1000000000/1000000000";
        assert_eq!(of_requests_a_minute(limits), wide);
    }

    #[test]
    fn a_limits_text_is_read_by_name() {
        let limits = "account=a key=k burst=5/6 requests_per_minute=30/60";
        assert_eq!((account_of(limits), key_of(limits), key_requests_per_minute(limits)), ("a", "k", 30));
        for other in ["", "a,k,60,20,500", "key requests_per_minute=60", "requests_per_minute=x/60"] {
            assert_eq!((account_of(other), key_of(other), key_requests_per_minute(other)), ("", "", 1), "{other}");
        }
    }
}
