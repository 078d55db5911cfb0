//! What the scripts that decide answer.

use serde_json::Value;

use super::measured::Measured;
use super::status::{RateLimitStatus, WindowStatus};

/// What the first script answers.
pub enum Evaluation {
    /// The call is admitted or refused.
    Verdict(Box<Answer>),
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
    /// The provider that has the session's prompt in a cache, if any.
    pub cached_at: Option<String>,
    /// How fast providers were lately, of those of which it is known and asked.
    pub speeds: Vec<(String, Measured)>,
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
    Some(Evaluation::Verdict(Box::new(Answer {
        verdict: verdict.to_owned(),
        limits: text(1)?.to_owned(),
        now: number(2)?,
        retry_ms: unsigned(3)?,
        status: RateLimitStatus::counted(window(4)?, window(7)?),
        avoid: text(10)?.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect(),
        cached_at: Some(text(11)?).filter(|name| !name.is_empty()).map(str::to_owned),
        speeds: parts.get(12)?.as_array()?.iter().filter_map(|known| speed(known, number(2)?)).collect(),
        cached: text(13).filter(|entry| !entry.is_empty()).map(|entry| (entry.to_owned(), unsigned(14).unwrap_or(0))),
    })))
}

/// What a verdict says of one provider's speed: its name and its buckets of the last half hour.
fn speed(known: &Value, now: i64) -> Option<(String, Measured)> {
    let mut texts = known.as_array()?.iter().filter_map(Value::as_str);
    let provider = texts.next()?.to_owned();
    let measured = Measured::read(texts.map(|bucket| ("m", bucket)), now);
    measured.speed().map(|_| (provider, measured))
}

/// Reads what the script about routes answers, route by route; nothing when it is not of its form.
pub fn routes(answer: &Value) -> Vec<Measured> {
    let Some((now, routes)) = answer.as_array().and_then(|parts| parts.split_first()) else { return Vec::new() };
    let now = now.as_i64().unwrap_or_default();
    let texts = |route: &Value| -> Vec<String> {
        route.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    routes
        .iter()
        .map(|route| {
            let texts = texts(route);
            Measured::read(texts.chunks_exact(2).map(|pair| (pair[0].as_str(), pair[1].as_str())), now)
        })
        .collect()
}
