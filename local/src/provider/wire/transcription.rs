//! A transcript: JSON that says what it used, texts that do not, and the events of a stream.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{Envelope, Event, Reporting};
use crate::provider::{
    answer::{Answer, Given, Usage},
    format::Format,
};

pub(super) fn plain(envelope: Envelope, answer: &Answer, reporting: Reporting) -> Value {
    let Given::Transcript { text, seconds, form } = &answer.given else { return Value::Null };
    let mut body = json!({ "text": text });
    let reports = reporting != Reporting::Never;
    let segment = json!({"id": 0, "start": 0.0, "end": seconds, "text": format!(" {text}"), "speaker": "A"});
    if form == "verbose_json" {
        body["task"] = json!(if envelope.format == Format::Translation { "translate" } else { "transcribe" });
        body["language"] = json!("english");
        body["segments"] = json!([segment]);
        if reports {
            body["duration"] = json!(seconds);
        }
    } else if form == "diarized_json" {
        body["segments"] = json!([segment]);
    }
    if reports {
        body["usage"] = usage(envelope, (&answer.model, form), *seconds, answer.usage);
    }
    body
}

/// The body of a form that is no JSON.
pub(in crate::provider) fn text(answer: &Answer) -> Option<Bytes> {
    let Given::Transcript { text, form, .. } = &answer.given else { return None };
    matches!(form.as_str(), "text" | "srt" | "vtt").then(|| format!("{text}\n").into())
}

pub(super) fn events(envelope: Envelope, answer: &Answer, reporting: Reporting) -> Vec<Event> {
    let Given::Transcript { text, seconds, form } = &answer.given else { return Vec::new() };
    let words = text.split_inclusive(' ');
    let delta =
        |word| Event { name: None, ..Event::of(&json!({"type": "transcript.text.delta", "delta": word}), true) };
    let mut events: Vec<_> = words.map(delta).collect();
    let mut done = json!({"type": "transcript.text.done", "text": text});
    if reporting != Reporting::Never {
        done["usage"] = usage(envelope, (&answer.model, form), *seconds, answer.usage);
    }
    events.push(Event { name: None, ..Event::of(&done, true) });
    events
}

/// Whisper, which translates and tells times, is sold by the second, the others by tokens.
fn usage(envelope: Envelope, (model, form): (&str, &str), seconds: u64, usage: Usage) -> Value {
    if envelope.format == Format::Translation || form == "verbose_json" || model.contains("whisper") {
        return json!({"type": "duration", "seconds": seconds});
    }
    let heard = seconds * 10;
    json!({"type": "tokens", "input_tokens": usage.prompt, "output_tokens": usage.completion,
        "total_tokens": usage.prompt.saturating_add(usage.completion),
        "input_token_details": {"text_tokens": usage.prompt.saturating_sub(heard), "audio_tokens": heard.min(usage.prompt)}})
}
