//! The tokens of a call as providers report them.

use serde::{Deserialize, Serialize};

/// Tokens of one call. Cached and written tokens are part of the prompt, reasoning tokens of the completion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// Tokens of the prompt, cached ones included.
    pub prompt: u64,
    /// Prompt tokens that the provider had cached.
    pub cached: u64,
    /// Prompt tokens that the provider wrote into its cache, which some charge more for.
    pub written: u64,
    /// Tokens of all choices, reasoning included.
    pub completion: u64,
    /// Completion tokens spent on reasoning.
    pub reasoning: u64,
}

impl Usage {
    /// Prompt and completion together, for the token limits.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.prompt.saturating_add(self.completion)
    }

    /// Reads OpenAI's `usage` object; `None` when it holds no prompt count. A negative or fractional figure is
    /// clamped to what it can mean.
    #[must_use]
    pub fn parse(json: &str) -> Option<Self> {
        let reported: Reported = serde_json::from_str(json).ok()?;
        let prompt_details = reported.prompt_tokens_details.unwrap_or_default();
        let completion_details = reported.completion_tokens_details.unwrap_or_default();
        Some(Self {
            prompt: clamp(reported.prompt_tokens?),
            cached: clamp(prompt_details.cached_tokens.unwrap_or_default()),
            written: clamp(prompt_details.cache_write_tokens.unwrap_or_default()),
            completion: clamp(reported.completion_tokens.unwrap_or_default()),
            reasoning: clamp(completion_details.reasoning_tokens.unwrap_or_default()),
        })
    }
}

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

/// A count is a small whole number; what is not is made one. Up to 10⁹ an `f64` holds it exactly.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=10⁹ first")]
fn clamp(count: f64) -> u64 {
    count.clamp(0.0, 1e9) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn details_are_read_and_nonsense_is_clamped() {
        let usage = Usage::parse(
            r#"{"prompt_tokens":100,"completion_tokens":7,"total_tokens":107,
                "prompt_tokens_details":{"cached_tokens":64,"cache_write_tokens":9},"completion_tokens_details":{"reasoning_tokens":5}}"#,
        );
        assert_eq!(usage, Some(Usage { prompt: 100, cached: 64, written: 9, completion: 7, reasoning: 5 }));
        let nonsense = Usage::parse(r#"{"prompt_tokens":-5,"completion_tokens":1e300,"prompt_tokens_details":null}"#);
        assert_eq!(nonsense, Some(Usage { completion: 1_000_000_000, ..Usage::default() }));
        assert_eq!(Usage::parse("{}"), None);
        assert_eq!(Usage::parse("null"), None);
    }
}
