//! What is read from the events of a stream.
//!
//! The provider's `message_delta` and `message_stop` never pass: the client gets them at the end, with what the call
//! costs. The `usage` of `message_start` passes: no SDK adds figures up, each takes the last one.

use bytes::Bytes;
use serde_json::{Map, Value};

use crate::formats::Progress;
use crate::formats::events::{Broken, Reader, Verdict, named_event};
use crate::formats::messages::usage::Reported;
use crate::formats::messages::wire;
use crate::object::Object;
use crate::providers::internal;

/// What a stream has shown so far.
#[derive(Default)]
pub struct Events {
    /// What the client calls the model.
    model: String,
    /// The events that make the message, but for how it ends: for the plain answer, or for counting tokens.
    kept: Vec<Bytes>,
    /// Why the model has stopped, and what else `message_delta` says.
    ending: Map<String, Value>,
    reported: Reported,
    /// Whether usage was reported and no output has come since.
    up_to_date: bool,
    output: bool,
    finished: bool,
    done: bool,
}

impl Events {
    /// Of an answer whose model the client knows by this name.
    pub fn named(model: &str) -> Self {
        Self { model: model.to_owned(), ..Self::default() }
    }

    /// How far the stream has come.
    pub const fn progress(&self) -> Progress {
        match self {
            Self { done: true, .. } => Progress::Done,
            Self { finished: true, .. } => Progress::Complete,
            Self { output: true, .. } => Progress::Output,
            _ => Progress::Waiting,
        }
    }

    /// The events that make the message, but for how it ends.
    pub fn kept(&self) -> impl Iterator<Item = Value> {
        self.kept.iter().filter_map(|event| serde_json::from_slice(event).ok())
    }

    /// What the provider has said of the message's end.
    pub const fn ending(&self) -> &Map<String, Value> {
        &self.ending
    }

    /// The usage that was reported.
    pub const fn reported(&self) -> &Reported {
        &self.reported
    }

    /// Whether the usage covers all output.
    pub const fn is_up_to_date(&self) -> bool {
        self.up_to_date
    }

    fn keep(&mut self, data: Bytes) -> Verdict {
        self.kept.push(data);
        Verdict::Keep
    }

    fn take_usage(&mut self, holder: &mut Value) {
        if let Some(usage) = holder.get_mut("usage").map(Value::take).filter(Value::is_object) {
            self.reported.take(usage);
            self.up_to_date = true;
        }
    }
}

impl Reader for Events {
    fn event(&mut self, data: Bytes) -> Result<Verdict, Broken> {
        if self.done || &data[..] == b"[DONE]" {
            return Ok(Verdict::Drop);
        }
        if !(data.starts_with(b"{") && data.ends_with(b"}")) {
            return Err(Broken::Garbled);
        }
        if self.output && is_delta(&data) {
            self.up_to_date = false;
            return Ok(self.keep(data));
        }
        let mut event: Value = serde_json::from_slice(&data).map_err(|_| Broken::Garbled)?;
        match event.get("type").and_then(Value::as_str).unwrap_or_default() {
            "message_start" => {
                let verdict = named(&data, &self.model);
                if let Some(message) = event.get_mut("message") {
                    self.take_usage(message);
                }
                self.kept.push(data);
                Ok(verdict)
            }
            "content_block_start" | "content_block_delta" => {
                if has_output(&event) {
                    self.output = true;
                    self.up_to_date = false;
                }
                Ok(self.keep(data))
            }
            "message_delta" => {
                if let Some(Value::Object(delta)) = event.get_mut("delta").map(Value::take) {
                    self.finished = self.finished || delta.get("stop_reason").is_some_and(Value::is_string);
                    self.ending.extend(delta);
                }
                self.take_usage(&mut event);
                Ok(Verdict::Drop)
            }
            "message_stop" => {
                self.done = true;
                Ok(Verdict::Drop)
            }
            "error" => Err(error_of(&event)),
            _ if event.get("error").is_some_and(|error| !error.is_null()) => Err(error_of(&event)),
            // The end of a block, a ping, and what is not known here.
            _ => Ok(Verdict::Keep),
        }
    }
}

/// The beginning of a message, under the name by which the client knows the model, and without what is between its provider
/// and us.
fn named(data: &[u8], model: &str) -> Verdict {
    let rename = || -> serde_json::Result<Bytes> {
        let mut event: Object<'_> = serde_json::from_slice(data)?;
        let Some(message) = event.get("message").filter(|_| !model.is_empty()).map(ToOwned::to_owned) else {
            return Ok(Bytes::new());
        };
        let mut message: Object<'_> = serde_json::from_str(&message)?;
        message.set("model", model)?;
        message.remove_all(&internal::OF_ANSWERS);
        let usage = message.get("usage").map(ToOwned::to_owned);
        if let Some(mut usage) = usage.as_deref().and_then(|usage| serde_json::from_str::<Object<'_>>(usage).ok())
            && usage.remove_all(&internal::OF_USAGE)
        {
            message.set("usage", &usage)?;
        }
        event.set("message", &message)?;
        named_event("message_start", &event)
    };
    match rename() {
        Ok(renamed) if !renamed.is_empty() => Verdict::Replace(renamed),
        _ => Verdict::Keep,
    }
}

/// The error that an event or a body reports.
pub fn error_of(event: &Value) -> Broken {
    let error = event.get("error");
    let said = |name: &str| error.and_then(|error| error.get(name));
    let kind = said("type").and_then(Value::as_str).and_then(wire::status_of);
    let code = said("code").and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
    Broken::Error(code.or(kind), event.to_string().into())
}

/// Whether an event is one of a stream's many deltas, as far as its beginning shows.
fn is_delta(json: &[u8]) -> bool {
    let mut rest = json;
    for part in [&b"{"[..], b"\"type\"", b":", b"\"content_block_delta\""] {
        let Some(after) = rest.trim_ascii_start().strip_prefix(part) else { return false };
        rest = after;
    }
    true
}

/// Whether an event has what a client waits for: a piece of a block, or a block that is more than an empty beginning.
fn has_output(event: &Value) -> bool {
    let said = event.get("delta").or_else(|| event.get("content_block"));
    let Some(Value::Object(said)) = said else { return false };
    let is_said = |name: &str, value: &Value| match value {
        Value::String(text) => name != "type" && !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
        _ => false,
    };
    said.iter().any(|(name, value)| is_said(name, value))
}

/// Appends what the model has written in an event, or in a block of a plain message, for counting its tokens. Answers
/// whether that is all: of thoughts that are encrypted nobody can tell.
pub fn written(block: &Value, text: &mut String) -> bool {
    let Value::Object(members) = block else { return true };
    let mut is_all = members.get("type").is_none_or(|kind| kind != "redacted_thinking");
    for (name, value) in members {
        match (name.as_str(), value) {
            ("type" | "id" | "signature" | "data" | "tool_use_id" | "citations" | "citation", _) => {}
            (_, Value::String(said)) => text.push_str(said),
            ("input", Value::Object(input)) if input.is_empty() => {}
            ("input", input @ Value::Object(_)) => text.push_str(&input.to_string()),
            (_, Value::Null | Value::Bool(_) | Value::Number(_)) => {}
            _ => is_all = false,
        }
    }
    is_all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credits::usage::Usage;
    use crate::formats::events::EventStream;
    use proptest::prelude::*;

    const START: &str = "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"m\",\"content\":[],\"usage\":{\"input_tokens\":3,\"output_tokens\":1}}}\n\n";
    const BLOCK: &str = "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n";
    const DELTA: &str = "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"a\"}}\n\n";
    const STOP: &str = "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n";
    const END: &str = "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},\"usage\":{\"output_tokens\":7}}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
    const PING: &str = "event: ping\ndata: {\"type\": \"ping\"}\n\n";

    fn run(frames: &[&[u8]]) -> (Events, String, Result<(), Broken>) {
        let (mut stream, mut events, mut out) = (EventStream::default(), Events::default(), Vec::new());
        let mut result = Ok(());
        for frame in frames {
            result = result.and_then(|()| stream.push(Bytes::copy_from_slice(frame), &mut events, &mut out));
        }
        result = result.and_then(|()| stream.end(&mut events, &mut out));
        (events, String::from_utf8_lossy(&out.concat()).into_owned(), result)
    }

    #[test]
    fn all_but_the_end_passes_as_it_came() {
        let stream = format!("{START}{PING}{BLOCK}{DELTA}{DELTA}{STOP}{END}");
        let (events, text, result) = run(&[stream.as_bytes()]);
        assert_eq!((text, result), (format!("{START}{PING}{BLOCK}{DELTA}{DELTA}{STOP}"), Ok(())));
        assert_eq!(events.progress(), Progress::Done);
        assert_eq!(events.reported().usage(), Some(Usage { prompt: 3, completion: 7, ..Usage::default() }));
        assert!(events.is_up_to_date());
        assert_eq!((events.ending()["stop_reason"].as_str(), events.kept().count()), (Some("end_turn"), 4));
    }

    #[test]
    fn output_is_what_a_client_waits_for() {
        let progress = |stream: &str| run(&[stream.as_bytes()]).0.progress();
        assert_eq!(progress(&format!("{START}{PING}{BLOCK}{STOP}")), Progress::Waiting);
        assert_eq!(progress(&format!("{START}{BLOCK}{DELTA}")), Progress::Output);
        let tool = "data: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"tool_use\",\"id\":\"t\",\"name\":\"f\",\"input\":{}}}\n\n";
        assert_eq!(progress(tool), Progress::Output);
        // A report at the beginning covers nothing of what follows.
        assert!(!run(&[format!("{START}{BLOCK}{DELTA}").as_bytes()]).0.is_up_to_date());
    }

    #[test]
    fn an_error_or_garbage_breaks_the_stream_after_what_was_good() {
        let error =
            "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"x\"}}\n\n";
        let (_, text, result) = run(&[format!("{START}{error}").as_bytes()]);
        let told = Bytes::from(r#"{"error":{"message":"x","type":"overloaded_error"},"type":"error"}"#);
        assert_eq!((text.as_str(), result), (START, Err(Broken::Error(Some(529), told))));
        assert!(matches!(run(&[b"data: {\"error\":{\"code\":502}}\n\n"]).2, Err(Broken::Error(Some(502), _))));
        assert_eq!(run(&[START.as_bytes(), b"data: oops\n\n"]).2, Err(Broken::Garbled));
    }

    #[test]
    fn all_that_a_model_writes_is_counted() {
        for (block, text, is_all) in [
            (r#"{"type":"text_delta","text":"a"}"#, "a", true),
            (r#"{"type":"thinking_delta","thinking":"b"}"#, "b", true),
            (r#"{"type":"signature_delta","signature":"c"}"#, "", true),
            (r#"{"type":"input_json_delta","partial_json":"{\"x\":"}"#, "{\"x\":", true),
            (r#"{"type":"tool_use","id":"t","name":"f","input":{}}"#, "f", true),
            (r#"{"type":"tool_use","id":"t","name":"f","input":{"x":1}}"#, "{\"x\":1}f", true),
            (r#"{"type":"redacted_thinking","data":"zzz"}"#, "", false),
        ] {
            let mut counted = String::new();
            let all = written(&serde_json::from_str(block).expect("json"), &mut counted);
            assert_eq!((counted.as_str(), all), (text, is_all), "{block}");
        }
    }

    proptest! {
        #[test]
        fn it_does_not_matter_where_the_bytes_are_cut(cuts in proptest::collection::vec(1usize..60, 0..40)) {
            let whole = format!("{START}{PING}{BLOCK}{DELTA}{DELTA}{STOP}{END}");
            let mut rest = whole.as_bytes();
            let mut frames = Vec::new();
            for cut in cuts {
                let (head, tail) = rest.split_at(cut.min(rest.len()));
                frames.push(head);
                rest = tail;
            }
            frames.push(rest);
            let (events, text, result) = run(&frames);
            prop_assert_eq!(result, Ok(()));
            prop_assert_eq!(text, format!("{START}{PING}{BLOCK}{DELTA}{DELTA}{STOP}"));
            prop_assert_eq!(events.progress(), Progress::Done);
        }

        #[test]
        fn no_json_makes_it_panic(value in r#"(data: ?)?\{?("(type|usage|error|delta|message|content_block)" ?: ?(null|\{\}|\[\]|1|"message_delta"|"message_start")[,}\n]){0,4}\n"#) {
            let _ = run(&[value.as_bytes()]);
        }
    }
}
