//! The `usage` object: read from providers, written for clients.
//!
//! `input_tokens` are those that no cache had anything to do with: what was read from a cache and what was written into
//! one stand apart (anthropic-sdk-python `types/usage.py`).

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::credits::usage::Usage;
use crate::formats::Bill;
use crate::formats::openai::usage::{KEPT_IN_DETAILS, KEPT_LONG};
use crate::providers::internal;

/// The most tokens of a kind that make sense. Up to here an `f64` holds every whole number exactly.
const MOST: f64 = 1e9;

/// What a provider has reported so far: each figure the last time it came, since they are totals and none is added up.
#[derive(Clone, Debug, Default)]
pub struct Reported(Map<String, Value>);

impl Reported {
    /// Takes a `usage` object.
    pub fn take(&mut self, usage: Value) {
        let Value::Object(usage) = usage else { return };
        for (name, value) in usage.into_iter().filter(|(name, _)| !internal::OF_USAGE.contains(&name.as_str())) {
            if !value.is_null() || !self.0.contains_key(&name) {
                self.0.insert(name, value);
            }
        }
    }

    /// The tokens; `None` without a count of the prompt.
    #[must_use]
    pub fn usage(&self) -> Option<Usage> {
        let count = |name: &str| self.0.get(name).and_then(tokens);
        let within = |object: &str, name: &str| self.0.get(object).and_then(|object| object.get(name)).and_then(tokens);
        let input = count("input_tokens")?;
        let read = count("cache_read_input_tokens").unwrap_or_default();
        let kept = |name: &str| within("cache_creation", name).unwrap_or_default();
        let (short, long) = (kept("ephemeral_5m_input_tokens"), kept("ephemeral_1h_input_tokens"));
        // Some tell the sum alone, some its parts.
        let written = count("cache_creation_input_tokens").unwrap_or_default().max(short + long);
        Some(Usage {
            prompt: input + read + written,
            cached: read,
            written,
            written_long: long,
            completion: count("output_tokens").unwrap_or_default(),
            reasoning: within("output_tokens_details", "thinking_tokens").unwrap_or_default(),
            ..Usage::default()
        })
    }

    /// As the client sees it: the provider's own with `cost` in US dollars, or ours, marked `estimated`.
    ///
    /// # Errors
    /// None in practice: everything in it was JSON before.
    pub fn billed(&self, bill: &Bill<'_>) -> serde_json::Result<Box<RawValue>> {
        let usage = if bill.estimated || self.0.is_empty() { of(&bill.usage) } else { Value::Object(self.0.clone()) };
        bill.on(&usage)
    }

    /// As it is where there is no bill.
    #[must_use]
    pub fn value(&self) -> Value {
        Value::Object(self.0.clone())
    }
}

/// A count is a small whole number; what is not is made one.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=10⁹ first")]
fn tokens(count: &Value) -> Option<u64> {
    count.as_f64().map(|count| count.clamp(0.0, MOST) as u64)
}

/// Tokens as Anthropic reports them.
#[must_use]
pub fn of(usage: &Usage) -> Value {
    let cached = usage.cached.min(usage.prompt);
    let written = usage.written.min(usage.prompt - cached);
    let mut object = json!({
        "input_tokens": usage.prompt - cached - written,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": cached,
        "output_tokens": usage.completion,
    });
    if usage.written_long > 0 {
        let long = usage.written_long.min(written);
        object["cache_creation"] =
            json!({"ephemeral_5m_input_tokens": written - long, "ephemeral_1h_input_tokens": long});
    }
    if usage.reasoning > 0 {
        object["output_tokens_details"] = json!({ "thinking_tokens": usage.reasoning });
    }
    object
}

/// Tokens as a chat completion reports them.
#[must_use]
pub fn for_chat(usage: &Usage) -> Value {
    let mut object = json!({
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.total(),
        "prompt_tokens_details": {"cached_tokens": usage.cached, "cache_write_tokens": usage.written},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
    });
    if usage.written_long > 0 {
        // Or an hour would be charged like five minutes.
        object["prompt_tokens_details"][KEPT_IN_DETAILS] = json!({ KEPT_LONG: usage.written_long });
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Nanos;

    #[test]
    fn a_prompt_is_what_was_read_from_a_cache_written_into_one_and_the_rest() {
        let mut reported = Reported::default();
        reported.take(json!({"input_tokens": 10, "cache_read_input_tokens": 200, "cache_creation_input_tokens": 30,
            "output_tokens": 1}));
        reported
            .take(json!({"output_tokens": 7, "input_tokens": null, "output_tokens_details": {"thinking_tokens": 4}}));
        let usage = Usage { prompt: 240, cached: 200, written: 30, completion: 7, reasoning: 4, ..Usage::default() };
        assert_eq!(reported.usage(), Some(usage));
        assert_eq!(of(&usage)["input_tokens"], 10);
        let mut apart = Reported::default();
        apart.take(json!({"input_tokens": 1,
            "cache_creation": {"ephemeral_5m_input_tokens": 2, "ephemeral_1h_input_tokens": 5}}));
        let written = Usage { prompt: 8, written: 7, written_long: 5, ..Usage::default() };
        // What goes by way of a chat comes back as it was.
        let mut by_chat = crate::formats::openai::usage::Reported::default();
        by_chat.take(&for_chat(&written).to_string());
        assert_eq!(by_chat.usage(), Some(written));
        assert_eq!(apart.usage(), Some(written));
    }

    #[test]
    fn without_a_count_of_the_prompt_nothing_is_reported_and_nonsense_is_clamped() {
        let mut reported = Reported::default();
        reported.take(json!({"output_tokens": 7}));
        assert_eq!(reported.usage(), None);
        reported.take(json!({"input_tokens": -3, "output_tokens": 1e300}));
        assert_eq!(reported.usage(), Some(Usage { completion: 1_000_000_000, ..Usage::default() }));
        reported.take(json!("x"));
    }

    #[test]
    fn a_bill_is_the_providers_figures_or_ours() {
        let usage = Usage { prompt: 3, completion: 4, ..Usage::default() };
        let bill = Bill { cost: Nanos(1500), provider: "p", ..Bill::of(usage) };
        let mut reported = Reported::default();
        reported.take(json!({"input_tokens": 3, "output_tokens": 4, "service_tier": "standard"}));
        let billed = reported.billed(&bill).expect("json");
        assert_eq!(billed.get(), r#"{"input_tokens":3,"output_tokens":4,"service_tier":"standard","cost":0.0000015}"#);
        let estimated: Value =
            serde_json::from_str(reported.billed(&Bill { estimated: true, ..bill }).expect("json").get())
                .expect("json");
        assert_eq!((&estimated["estimated"], &estimated["service_tier"]), (&json!(true), &Value::Null));
    }
}
