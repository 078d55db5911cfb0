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
mod tests;
