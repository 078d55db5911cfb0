//! What a transcript has used: seconds, or tokens, as the model is sold.

use super::length::Length;
use crate::credits::usage::Usage;
use crate::formats::openai::usage::{Reported, figure};
use crate::formats::{Bill, Report, Target};
use crate::object::Object;

/// Tokens of a second of sound, as OpenAI counts it: one for a hundred milliseconds.
const USUAL_TOKENS: u64 = 10;
/// At most: the finest that anybody counts is one for fifty.
pub const MOST_TOKENS: u64 = 20;

/// What a sound is that nobody reports.
#[derive(Clone, Copy, Debug)]
pub struct Heard {
    length: Length,
    /// Whether it is sold by the second.
    by_seconds: bool,
}

impl Heard {
    /// Of a sound of this length, as the target sells it.
    pub const fn of(length: Length, target: &Target<'_>) -> Self {
        Self { length, by_seconds: target.by_units }
    }

    /// What was reported, or what was heard where the provider does not say it in the unit by which it is sold.
    pub fn complete(&self, reported: Option<Usage>) -> Report {
        let says = |usage: &Usage| if self.by_seconds { usage.milliseconds > 0 } else { usage.total() > 0 };
        let reported = reported.filter(says).map(|usage| Report { is_owed: true, ..Report::of(usage) });
        reported.unwrap_or_else(|| self.unreported())
    }

    fn unreported(&self) -> Report {
        let tokens = if self.by_seconds { 0 } else { self.length.usual * USUAL_TOKENS / 1_000 };
        let milliseconds = self.length.usual;
        let usage = Usage { prompt: tokens, audio_input: tokens, milliseconds, ..Usage::default() };
        Report { estimated: true, ..Report::of(usage) }
    }

    /// `usage` as the client sees it: the provider's own, or what was worked out.
    ///
    /// # Errors
    /// None in practice: a figure is JSON.
    pub fn shown(&self, usage: Option<&str>, bill: &Bill<'_>) -> serde_json::Result<Object<'static>> {
        let mut shown = Object::default();
        if let Some(reported) = usage.and_then(|usage| serde_json::from_str::<Object<'_>>(usage).ok()) {
            shown.supersede(reported);
        }
        if self.by_seconds {
            shown.set("type", "duration")?;
            shown.set("seconds", &bill.usage.milliseconds.div_ceil(1_000))?;
        } else {
            shown.set("type", "tokens")?;
            shown.set("input_tokens", &bill.usage.prompt)?;
            shown.set("output_tokens", &bill.usage.completion)?;
            shown.set("total_tokens", &bill.usage.total())?;
            if shown.get("input_token_details").is_none() {
                let text = bill.usage.prompt.saturating_sub(bill.usage.audio_input);
                let details = serde_json::json!({ "text_tokens": text, "audio_tokens": bill.usage.audio_input });
                shown.set("input_token_details", &details)?;
            }
        }
        if bill.estimated {
            shown.set("estimated", &true)?;
        }
        Ok(shown)
    }
}

/// What a provider has reported: `usage`, in which OpenRouter has `seconds` without a type; or the `duration` of a verbose
/// answer.
pub fn read(usage: Option<&str>, duration: Option<f64>) -> Option<Usage> {
    let mut reported = Reported::default();
    usage.map(|usage| reported.take(usage));
    let tokens = reported.usage().unwrap_or_default();
    let report: Option<Object<'_>> = usage.and_then(|usage| serde_json::from_str(usage).ok());
    let seconds = report.and_then(|report| figure(&report, &["seconds"]));
    let duration = duration.filter(|_| tokens.total() == 0).unwrap_or_default().clamp(0.0, 1e6);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=10⁶ first")]
    let duration = duration.ceil() as u64;
    let milliseconds = tokens.milliseconds.max(seconds.unwrap_or_default().max(duration) * 1_000);
    let usage = Usage { milliseconds, ..tokens };
    (usage.total() > 0 || milliseconds > 0).then_some(usage)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_does_not_say_what_is_sold_has_not_said_what_it_used() {
        let length = Length { most: 9_000, usual: 3_000 };
        let heard = |by_seconds| Heard { length, by_seconds };
        let seconds = Usage { milliseconds: 2_000, ..Usage::default() };
        let tokens = Usage { prompt: 14, completion: 45, ..Usage::default() };
        for (by_seconds, reported, estimated, milliseconds, prompt) in [
            (true, Some(seconds), false, 2_000, 0),
            (true, Some(tokens), true, 3_000, 0),
            (true, None, true, 3_000, 0),
            (false, Some(tokens), false, 0, 14),
            (false, Some(seconds), true, 3_000, 30),
            (false, None, true, 3_000, 30),
        ] {
            let report = heard(by_seconds).complete(reported);
            assert_eq!((report.estimated, report.is_owed), (estimated, !estimated), "{by_seconds} {reported:?}");
            assert_eq!(
                (report.usage.milliseconds, report.usage.prompt),
                (milliseconds, prompt),
                "{by_seconds} {reported:?}"
            );
        }
    }

    #[test]
    fn seconds_are_told_from_tokens_whoever_says_them() {
        let seconds = |milliseconds| Some(Usage { milliseconds, ..Usage::default() });
        let tokens = Usage { prompt: 14, audio_input: 12, completion: 45, ..Usage::default() };
        for (usage, duration, expected) in [
            (Some(r#"{"type":"duration","seconds":9}"#), None, seconds(9_000)),
            (Some(r#"{"seconds":9.2,"cost":0.1}"#), None, seconds(9_000)),
            (None, Some(8.47), seconds(9_000)),
            (Some(r#"{"type":"duration","seconds":9}"#), Some(8.47), seconds(9_000)),
            (
                Some(
                    r#"{"type":"tokens","input_tokens":14,"input_token_details":{"text_tokens":2,"audio_tokens":12},"output_tokens":45,"total_tokens":59}"#,
                ),
                Some(8.47),
                Some(tokens),
            ),
            (None, None, None),
            (Some("null"), None, None),
            (Some(r#"{"seconds":-1}"#), Some(-3.0), None),
            (None, Some(f64::NAN), None),
        ] {
            assert_eq!(read(usage, duration), expected, "{usage:?} {duration:?}");
        }
    }
}
