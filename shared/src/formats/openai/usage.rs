//! The `usage` object of OpenAI's formats: read from providers, written for clients.

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use crate::credits::usage::Usage;
use crate::formats::Bill;
use crate::object::Object;

/// OpenAI's form (openai-python `types/completion_usage.py`).
#[derive(Deserialize)]
struct Reported {
    prompt_tokens: Option<f64>,
    completion_tokens: Option<f64>,
    prompt_tokens_details: Option<Details>,
    completion_tokens_details: Option<Details>,
}

#[derive(Default, Deserialize)]
struct Details {
    cached_tokens: Option<f64>,
    cache_write_tokens: Option<f64>,
    reasoning_tokens: Option<f64>,
}

/// Reads a `usage` object; `None` when it holds no prompt count. A negative or fractional figure is clamped to what it
/// can mean.
#[must_use]
pub fn read(json: &str) -> Option<Usage> {
    let reported: Reported = serde_json::from_str(json).ok()?;
    let prompt_details = reported.prompt_tokens_details.unwrap_or_default();
    let completion_details = reported.completion_tokens_details.unwrap_or_default();
    Some(Usage {
        prompt: clamp(reported.prompt_tokens?),
        cached: clamp(prompt_details.cached_tokens.unwrap_or_default()),
        written: clamp(prompt_details.cache_write_tokens.unwrap_or_default()),
        completion: clamp(reported.completion_tokens.unwrap_or_default()),
        reasoning: clamp(completion_details.reasoning_tokens.unwrap_or_default()),
    })
}

/// A count is a small whole number; what is not is made one. Up to 10⁹ an `f64` holds it exactly.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=10⁹ first")]
fn clamp(count: f64) -> u64 {
    count.clamp(0.0, 1e9) as u64
}

/// `usage` as the client sees it: the provider's own with `cost` in US dollars; or ours, marked `estimated`.
///
/// # Errors
/// None in practice: everything in it was JSON before.
pub fn billed(reported: Option<&RawValue>, bill: &Bill<'_>) -> serde_json::Result<Box<RawValue>> {
    let ours;
    let usage = match reported.filter(|_| !bill.estimated) {
        Some(reported) => reported.get(),
        None => {
            ours = json!({
                "prompt_tokens": bill.usage.prompt,
                "completion_tokens": bill.usage.completion,
                "total_tokens": bill.usage.total(),
                "estimated": true,
            })
            .to_string();
            &ours
        }
    };
    let mut usage: Object<'_> = serde_json::from_str(usage)?;
    usage.set("cost", &bill.cost)?;
    serde_json::value::to_raw_value(&usage)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_read_and_nonsense_is_clamped() {
        let usage = read(
            r#"{"prompt_tokens":100,"completion_tokens":7,"total_tokens":107,
                "prompt_tokens_details":{"cached_tokens":64,"cache_write_tokens":9},"completion_tokens_details":{"reasoning_tokens":5}}"#,
        );
        assert_eq!(usage, Some(Usage { prompt: 100, cached: 64, written: 9, completion: 7, reasoning: 5 }));
        let nonsense = read(r#"{"prompt_tokens":-5,"completion_tokens":1e300,"prompt_tokens_details":null}"#);
        assert_eq!(nonsense, Some(Usage { completion: 1_000_000_000, ..Usage::default() }));
        assert_eq!(read("{}"), None);
        assert_eq!(read("null"), None);
    }
}
