//! The `usage` object of OpenAI's formats: read from providers, written for clients.
//!
//! Its figures have many names and two readings. In OpenAI's, cached tokens are part of the prompt and reasoning is part
//! of the completion (openai-python `types/completion_usage.py`). Some count reasoning beside the completion (xAI, Gemini),
//! some the cache beside the prompt (whoever passes on Anthropic's figures): `total_tokens` tells.

use serde_json::json;
use serde_json::value::RawValue;

use crate::credits::usage::Usage;
use crate::formats::Bill;
use crate::object::Object;
use crate::providers::internal;

const PROMPT: [&str; 2] = ["prompt_tokens", "input_tokens"];
const COMPLETION: [&str; 2] = ["completion_tokens", "output_tokens"];
const PROMPT_DETAILS: [&str; 3] = ["prompt_tokens_details", "input_tokens_details", "input_token_details"];
const COMPLETION_DETAILS: [&str; 3] = ["completion_tokens_details", "output_tokens_details", "output_token_details"];
/// OpenAI's and OpenRouter's name, Anthropic's, DeepSeek's.
const CACHED: [&str; 4] = ["cached_tokens", "cache_read_input_tokens", "cache_read_tokens", "prompt_cache_hit_tokens"];
const WRITTEN: [&str; 3] = ["cache_write_tokens", "cache_creation_input_tokens", "cache_creation_tokens"];
/// How long what was written is kept: an object that tells it apart, within the details by LiteLLM's name, beside them by
/// Anthropic's.
pub const KEPT_IN_DETAILS: &str = "cache_creation_token_details";
const KEPT: &str = "cache_creation";
/// What is kept for an hour, in such an object.
pub const KEPT_LONG: &str = "ephemeral_1h_input_tokens";
const REASONING: [&str; 1] = ["reasoning_tokens"];
const IMAGE: [&str; 1] = ["image_tokens"];
const AUDIO: [&str; 1] = ["audio_tokens"];

/// What a provider has reported so far, member by member: a later figure takes the place of an earlier one, and what is
/// absent erases nothing.
#[derive(Debug, Default)]
pub struct Reported(Option<Object<'static>>);

/// What there was of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Taken {
    /// No `usage` object.
    #[default]
    Nothing,
    /// One that says nothing.
    NoFigures,
    /// One with figures.
    Figures,
}

impl Reported {
    /// Takes a `usage` object. One without a figure is none: a count of no tokens at all was not filled in.
    pub fn take(&mut self, usage: &str) -> Taken {
        let Ok(usage) = serde_json::from_str::<Object<'_>>(usage) else { return Taken::Nothing };
        let mut alone = Self::default();
        alone.0.get_or_insert_default().supersede(usage.clone());
        if alone.usage().is_none() {
            return Taken::NoFigures;
        }
        self.0.get_or_insert_default().supersede(usage);
        Taken::Figures
    }

    /// Whether anything was reported.
    pub const fn is_any(&self) -> bool {
        self.0.is_some()
    }

    /// The tokens that it says. `None` when it says nothing. A negative or fractional figure is clamped to what it can mean.
    #[must_use]
    pub fn usage(&self) -> Option<Usage> {
        let reported = self.0.as_ref()?;
        let of_prompt = details(reported, &PROMPT_DETAILS);
        let of_completion = details(reported, &COMPLETION_DETAILS);
        let anywhere = |details: &Object<'_>, names: &[&str]| figure(details, names).max(figure(reported, names));
        let cached = anywhere(&of_prompt, &CACHED).unwrap_or_default();
        let written = anywhere(&of_prompt, &WRITTEN).unwrap_or_default();
        let reasoning = anywhere(&of_completion, &REASONING).unwrap_or_default();
        let total = figure(reported, &["total_tokens"]);
        let completion = figure(reported, &COMPLETION).unwrap_or(reasoning);
        let prompt = figure(reported, &PROMPT).or(total.map(|total| total.saturating_sub(completion))).unwrap_or(0);
        let mut usage = Usage {
            prompt,
            cached,
            written,
            written_long: kept_long(&of_prompt, reported).min(written),
            image_input: figure(&of_prompt, &IMAGE).unwrap_or_default(),
            audio_input: figure(&of_prompt, &AUDIO).unwrap_or_default(),
            completion: completion.max(reasoning),
            reasoning,
            image_output: figure(&of_completion, &IMAGE).unwrap_or_default(),
            audio_output: figure(&of_completion, &AUDIO).unwrap_or_default(),
            milliseconds: milliseconds(reported),
            ..Usage::default()
        };
        if let Some(total) = total.filter(|total| *total > 0) {
            // What the total has beside prompt and completion: the cache if it is just that, else output.
            let beside = total.saturating_sub(prompt + completion);
            let cache = cached + written;
            let is_cache = cache > 0 && beside != reasoning && (beside == cache || beside == cache + reasoning);
            usage.prompt += if is_cache { cache } else { 0 };
            usage.completion = completion + beside - if is_cache { cache } else { 0 };
        } else if cache_is_beside(reported, usage) {
            usage.prompt += cached + written;
        }
        (usage.total() > 0 || usage.milliseconds > 0).then_some(usage)
    }
}

/// Without a total, Anthropic's names and more tokens in the cache than in the prompt are Anthropic's reading.
fn cache_is_beside(reported: &Object<'_>, usage: Usage) -> bool {
    let anthropic = figure(reported, &["cache_read_input_tokens", "cache_creation_input_tokens"]);
    anthropic.is_some() && usage.cached + usage.written > usage.prompt
}

fn kept_long(of_prompt: &Object<'_>, reported: &Object<'_>) -> u64 {
    let kept: Option<Object<'_>> = of_prompt.read(KEPT_IN_DETAILS).ok().flatten();
    let kept = kept.or_else(|| reported.read(KEPT).ok().flatten());
    kept.and_then(|kept| figure(&kept, &[KEPT_LONG])).unwrap_or_default()
}

fn details<'a>(reported: &'a Object<'_>, names: &[&str]) -> Object<'a> {
    names.iter().find_map(|name| reported.read(name).ok().flatten()).unwrap_or_default()
}

/// The largest of the figures that are there: under several names it is the same one, and some fill in but one.
#[must_use]
pub fn figure(of: &Object<'_>, names: &[&str]) -> Option<u64> {
    names.iter().filter_map(|name| of.read::<f64>(name).ok().flatten()).map(clamp).max()
}

/// The length of what was heard, where a model is sold by it: `{"type": "duration", "seconds": 8.5}`.
fn milliseconds(reported: &Object<'_>) -> u64 {
    let is_duration = reported.get("type") == Some("\"duration\"");
    let seconds: Option<f64> = reported.read("seconds").ok().flatten().filter(|_| is_duration);
    seconds.map_or(0, |seconds| clamp((seconds * 1000.0).ceil()))
}

/// A count is a small whole number; what is not is made one. Up to 10⁹ an `f64` holds it exactly.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=10⁹ first")]
fn clamp(count: f64) -> u64 {
    count.clamp(0.0, 1e9) as u64
}

/// `usage` as the client sees it: the provider's own, in OpenAI's reading and with `cost` in US dollars; or ours, marked
/// `estimated`.
///
/// # Errors
/// None in practice: everything in it was JSON before.
pub fn billed(reported: &Reported, bill: &Bill<'_>) -> serde_json::Result<Box<RawValue>> {
    let ours = json!({
        "prompt_tokens": bill.usage.prompt,
        "completion_tokens": bill.usage.completion,
        "total_tokens": bill.usage.total(),
        "estimated": true,
    })
    .to_string();
    let mut usage: Object<'_> = serde_json::from_str(&ours)?;
    if let Some(reported) = reported.0.as_ref().filter(|_| !bill.estimated) {
        usage = reported.clone();
        usage.remove_all(&internal::OF_USAGE);
        let charged = [
            ("prompt_tokens", bill.usage.prompt),
            ("completion_tokens", bill.usage.completion),
            ("total_tokens", bill.usage.total()),
        ];
        for (name, tokens) in charged {
            if figure(&usage, &[name]) != Some(tokens) {
                usage.set(name, &tokens)?;
            }
        }
        let details: Option<Object<'_>> = reported.read("prompt_tokens_details").ok().flatten();
        let mut details = details.unwrap_or_default();
        if bill.usage.cached > 0 && figure(&details, &["cached_tokens"]) != Some(bill.usage.cached) {
            details.set("cached_tokens", &bill.usage.cached)?;
            usage.set("prompt_tokens_details", &details)?;
        }
    }
    usage.set("cost", &bill.cost)?;
    serde_json::value::to_raw_value(&usage)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Nanos;

    fn read(reports: &[&str]) -> Option<Usage> {
        let mut reported = Reported::default();
        reports.iter().for_each(|report| {
            reported.take(report);
        });
        reported.usage()
    }

    fn usage(prompt: u64, cached: u64, written: u64, completion: u64, reasoning: u64) -> Option<Usage> {
        Some(Usage { prompt, cached, written, completion, reasoning, ..Usage::default() })
    }

    #[test]
    fn details_are_read_under_every_name() {
        for (report, expected) in [
            (
                r#"{"prompt_tokens":100,"completion_tokens":7,"total_tokens":107,"prompt_tokens_details":{"cached_tokens":64,
                "cache_write_tokens":9},"completion_tokens_details":{"reasoning_tokens":5}}"#,
                usage(100, 64, 9, 7, 5),
            ),
            (
                r#"{"prompt_tokens":100,"completion_tokens":7,"cache_read_input_tokens":64,"cache_creation_input_tokens":9}"#,
                usage(100, 64, 9, 7, 0),
            ),
            (
                r#"{"prompt_tokens":100,"completion_tokens":7,"prompt_cache_hit_tokens":64,"prompt_cache_miss_tokens":36}"#,
                usage(100, 64, 0, 7, 0),
            ),
            (
                r#"{"prompt_tokens":100,"completion_tokens":7,"cached_tokens":64,"prompt_tokens_details":{"cached_tokens":0}}"#,
                usage(100, 64, 0, 7, 0),
            ),
            (
                r#"{"input_tokens":100,"output_tokens":7,"input_tokens_details":{"cached_tokens":64},
                "output_tokens_details":{"reasoning_tokens":5}}"#,
                usage(100, 64, 0, 7, 5),
            ),
            (
                r#"{"prompt_tokens":1,"completion_tokens":2,"cost":0,"cost_details":{"upstream_inference_cost":0}}"#,
                usage(1, 0, 0, 2, 0),
            ),
        ] {
            assert_eq!(read(&[report]), expected, "{report}");
        }
    }

    #[test]
    fn the_total_tells_what_is_counted_beside_what() {
        let reasoning = r#""completion_tokens_details":{"reasoning_tokens":690}"#;
        let cache = r#""cache_read_input_tokens":1000,"cache_creation_input_tokens":200"#;
        for (figures, expected) in [
            (
                format!(r#""prompt_tokens":36,"completion_tokens":10,"total_tokens":736,{reasoning}"#),
                usage(36, 0, 0, 700, 690),
            ),
            (
                format!(r#""prompt_tokens":36,"completion_tokens":700,"total_tokens":736,{reasoning}"#),
                usage(36, 0, 0, 700, 690),
            ),
            (format!(r#""prompt_tokens":36,"total_tokens":726,{reasoning}"#), usage(36, 0, 0, 690, 690)),
            (format!(r#""prompt_tokens":36,{reasoning}"#), usage(36, 0, 0, 690, 690)),
            (format!(r#""prompt_tokens":36,"completion_tokens":10,{reasoning}"#), usage(36, 0, 0, 690, 690)),
            (r#""prompt_tokens":36,"completion_tokens":10,"total_tokens":736"#.to_owned(), usage(36, 0, 0, 700, 0)),
            (r#""completion_tokens":10,"total_tokens":36"#.to_owned(), usage(26, 0, 0, 10, 0)),
            (r#""prompt_tokens":36,"completion_tokens":10,"total_tokens":0"#.to_owned(), usage(36, 0, 0, 10, 0)),
            // The cache beside the prompt: by the total, or because it cannot be part of so small a prompt.
            (
                format!(r#""prompt_tokens":5,"completion_tokens":10,"total_tokens":1215,{cache}"#),
                usage(1205, 1000, 200, 10, 0),
            ),
            (
                format!(r#""prompt_tokens":5,"completion_tokens":10,"total_tokens":1905,{cache},{reasoning}"#),
                usage(1205, 1000, 200, 700, 690),
            ),
            (format!(r#""prompt_tokens":5,"completion_tokens":10,{cache}"#), usage(1205, 1000, 200, 10, 0)),
            // And as a part of it.
            (
                format!(r#""prompt_tokens":1205,"completion_tokens":10,"total_tokens":1215,{cache}"#),
                usage(1205, 1000, 200, 10, 0),
            ),
            (format!(r#""prompt_tokens":1205,"completion_tokens":10,{cache}"#), usage(1205, 1000, 200, 10, 0)),
            (
                format!(r#""prompt_tokens":36,"completion_tokens":10,"total_tokens":46,{cache}"#),
                usage(36, 1000, 200, 10, 0),
            ),
        ] {
            assert_eq!(read(&[&format!("{{{figures}}}")]), expected, "{figures}");
        }
    }

    #[test]
    fn images_sound_and_seconds_are_read_apart() {
        let chat = read(&[
            r#"{"prompt_tokens":90,"completion_tokens":40,"prompt_tokens_details":{"audio_tokens":30,"image_tokens":20},
            "completion_tokens_details":{"audio_tokens":25,"image_tokens":5,"text_tokens":10}}"#,
        ]);
        let expected = Usage {
            prompt: 90,
            image_input: 20,
            audio_input: 30,
            completion: 40,
            image_output: 5,
            audio_output: 25,
            ..Usage::default()
        };
        assert_eq!(chat, Some(expected));
        let transcribed = read(&[
            r#"{"type":"tokens","input_tokens":14,"input_token_details":{"text_tokens":0,"audio_tokens":14},"output_tokens":45,"total_tokens":59}"#,
        ]);
        let expected = Usage { prompt: 14, audio_input: 14, completion: 45, ..Usage::default() };
        assert_eq!(transcribed, Some(expected));
        let heard = |report: &str| read(&[report]).map(|usage| usage.milliseconds);
        assert_eq!(heard(r#"{"type":"duration","seconds":8.4701}"#), Some(8471));
        assert_eq!(heard(r#"{"type":"duration","seconds":0}"#), None);
        assert_eq!(heard(r#"{"prompt_tokens":1,"seconds":9}"#), Some(0));
    }

    #[test]
    fn a_later_figure_supersedes_and_an_absent_one_erases_nothing() {
        let reports = [
            r#"{"prompt_tokens":100,"completion_tokens":1,"prompt_tokens_details":{"cached_tokens":64}}"#,
            r#"{"prompt_tokens":null,"completion_tokens":7,"prompt_tokens_details":{"audio_tokens":0},"completion_tokens_details":null}"#,
            r#"{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}"#,
        ];
        assert_eq!(read(&reports), usage(100, 64, 0, 7, 0));
    }

    #[test]
    fn nonsense_is_clamped_and_nothing_is_no_report() {
        let nonsense = read(&[r#"{"prompt_tokens":-5,"completion_tokens":1e300,"prompt_tokens_details":null}"#]);
        assert_eq!(nonsense, usage(0, 0, 0, 1_000_000_000, 0));
        assert_eq!(read(&[r#"{"prompt_tokens":"7","completion_tokens":3}"#]), usage(0, 0, 0, 3, 0));
        for nothing in ["{}", "null", "[]", "7", r#"{"prompt_tokens":0,"completion_tokens":0,"total_tokens":0}"#] {
            assert_eq!(read(&[nothing]), None, "{nothing}");
        }
    }

    #[test]
    fn the_client_sees_what_it_is_charged_for() {
        let mut reported = Reported::default();
        reported.take(
            r#"{"prompt_tokens":36,"x":1.0,"completion_tokens":10,"total_tokens":736,"cost":0,"cached_tokens":4}"#,
        );
        let usage = reported.usage().expect("a report");
        let bill = Bill {
            usage,
            estimated: false,
            cost: Nanos(1500),
            provider: "chutes",
            upstream_model: "up",
            request_id: "r",
            session_id: None,
        };
        assert_eq!(
            billed(&reported, &bill).expect("json").get(),
            r#"{"prompt_tokens":36,"x":1.0,"completion_tokens":700,"total_tokens":736,"cached_tokens":4,"prompt_tokens_details":{"cached_tokens":4},"cost":0.0000015}"#
        );
    }
}
