//! What is read from the events of a stream.
//!
//! The provider's last event, `response.completed` or `response.incomplete`, never passes: the client gets it at the end,
//! with what the call costs. Deltas pass as they came.

use std::collections::{BTreeMap, HashSet};
use std::sync::LazyLock;

use bytes::Bytes;
use memchr::{memchr, memmem::Finder};
use serde_json::{Map, Value, json};

use crate::formats::events::{Broken, Reader, Verdict, event_of};
use crate::formats::openai::glance;
use crate::formats::responses::head::Own;
use crate::formats::responses::wire::{last_event, status_of};
use crate::formats::{Progress, Written};
use crate::providers::internal;

static TYPE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"type\":\"response."));

/// What a stream has shown so far.
#[derive(Default)]
pub struct Events {
    /// What is ours to say.
    own: Own,
    /// The response as it began.
    begun: Map<String, Value>,
    /// The events that bring output: for counting tokens, or for what a response does not repeat.
    kept: Vec<Bytes>,
    /// The last event that has passed, in which the last number stands.
    last: Bytes,
    /// The response as it ended.
    ended: Option<Map<String, Value>>,
    output: bool,
}

impl Events {
    /// Of an answer of which this is ours to say.
    pub fn new(own: Own) -> Self {
        Self { own, ..Self::default() }
    }

    /// How far the stream has come.
    pub const fn progress(&self) -> Progress {
        match self {
            Self { ended: Some(_), .. } => Progress::Done,
            Self { output: true, .. } => Progress::Output,
            _ => Progress::Waiting,
        }
    }

    /// The response as it ended.
    pub const fn ended(&self) -> Option<&Map<String, Value>> {
        self.ended.as_ref()
    }

    /// The response as it began.
    pub const fn begun(&self) -> &Map<String, Value> {
        &self.begun
    }

    /// The number of the next event.
    pub fn next_number(&self) -> u64 {
        let last: Value = serde_json::from_slice(&self.last).unwrap_or_default();
        last.get("sequence_number").and_then(Value::as_u64).map_or(0, |number| number + 1)
    }

    /// What the model has written, for counting its tokens: of each item the pieces, or the item where no pieces came.
    pub fn written(&self) -> Written {
        let mut all = Written::default();
        let mut in_pieces = HashSet::new();
        let events = self.kept.iter().filter_map(|event| serde_json::from_slice::<Value>(event).ok());
        for event in events {
            let at = event.get("output_index").and_then(Value::as_u64).unwrap_or_default();
            if let Some(piece) = event.get("delta").and_then(Value::as_str) {
                in_pieces.insert(at);
                all.text.push_str(piece);
            } else if event["type"] == "response.output_item.done" {
                written(&event["item"], in_pieces.contains(&at), &mut all);
            }
        }
        all
    }

    /// The items that are whole, in their order.
    fn items(&self) -> Vec<Value> {
        let mut items = BTreeMap::new();
        for event in &self.kept {
            let Ok(mut event) = serde_json::from_slice::<Value>(event) else { continue };
            if event["type"] == "response.output_item.done" {
                items.insert(event["output_index"].as_u64().unwrap_or_default(), event["item"].take());
            }
        }
        items.into_values().collect()
    }

    /// The items that have come, and of a message that has not come to its end what has.
    pub fn so_far(&self) -> Vec<Value> {
        let mut items: BTreeMap<u64, Value> = BTreeMap::new();
        for event in self.kept.iter().filter_map(|event| serde_json::from_slice::<Value>(event).ok()) {
            let number = |name: &str| event.get(name).and_then(Value::as_u64).unwrap_or_default();
            let (kind, piece) = match event["type"].as_str().unwrap_or_default() {
                "response.output_item.done" => {
                    items.insert(number("output_index"), event["item"].clone());
                    continue;
                }
                "response.output_text.delta" => ("output_text", "text"),
                "response.refusal.delta" => ("refusal", "refusal"),
                _ => continue,
            };
            let begun = || json!({ "type": "message", "id": event["item_id"], "role": "assistant", "status": "incomplete", "content": [] });
            let item = items.entry(number("output_index")).or_insert_with(begun);
            let Some(content) = item["content"].as_array_mut() else { continue };
            if content.last().is_none_or(|part| part["type"] != kind) {
                let annotations = (kind == "output_text").then(|| ("annotations".to_owned(), json!([])));
                let part = [("type".to_owned(), json!(kind)), (piece.to_owned(), json!(""))];
                content.push(Value::Object(part.into_iter().chain(annotations).collect()));
            }
            let Some(part) = content.last_mut() else { continue };
            let text =
                part[piece].as_str().unwrap_or_default().to_owned() + event["delta"].as_str().unwrap_or_default();
            part[piece] = json!(text);
        }
        items.into_values().collect()
    }

    fn end(&mut self, kind: &str, response: Value) -> Result<(), Broken> {
        let Value::Object(mut response) = response else { return Err(Broken::Garbled) };
        self.put_names(&mut response);
        if response.get("output").and_then(Value::as_array).is_none_or(Vec::is_empty) {
            // Some providers say at the end only that it is the end.
            response.insert("output".to_owned(), Value::Array(self.items()));
        }
        let status = if kind == last_event("incomplete") { "incomplete" } else { "completed" };
        response.insert("status".to_owned(), json!(status));
        self.ended = Some(response);
        Ok(())
    }

    fn put_names(&self, response: &mut Map<String, Value>) {
        for_clients(response);
        self.own.put(response);
    }
}

impl Reader for Events {
    fn event(&mut self, data: Bytes) -> Result<Verdict, Broken> {
        if self.ended.is_some() || &data[..] == b"[DONE]" {
            return Ok(Verdict::Drop);
        }
        if !(data.starts_with(b"{") && data.ends_with(b"}")) {
            return Err(Broken::Garbled);
        }
        let is_internal = internal::may_be_in(&data);
        if self.output && !is_internal && is_delta(&data) {
            self.kept.push(data.clone());
            self.last = data;
            return Ok(Verdict::Keep);
        }
        let mut event: Value = serde_json::from_slice(&data).map_err(|_| Broken::Garbled)?;
        let kind = event.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        match kind.as_str() {
            "response.created" | "response.queued" | "response.in_progress" => {
                let Some(Value::Object(response)) = event.get_mut("response") else { return Err(Broken::Garbled) };
                self.put_names(response);
                self.begun = response.clone();
                self.last = data;
                event.as_object_mut().into_iter().for_each(for_clients);
                return Ok(Verdict::Replace(event_of(&event)));
            }
            "response.completed" | "response.incomplete" => {
                self.end(&kind, event["response"].take())?;
                return Ok(Verdict::Drop);
            }
            "response.failed" | "response.cancelled" => return Err(failure_of(&event["response"])),
            "error" => return Err(error_of(&event)),
            _ if event.get("error").is_some_and(|error| !error.is_null()) => return Err(error_of(&event)),
            _ => {}
        }
        if brings_output(&kind, &event) {
            self.output = true;
        }
        if kind.ends_with(".delta") || kind == "response.output_item.done" {
            self.kept.push(data.clone());
        }
        self.last = data;
        let hides = self.own.hides_thoughts && event.get_mut("item").is_some_and(hide_thoughts);
        if is_internal || hides {
            event.as_object_mut().into_iter().for_each(for_clients);
            return Ok(Verdict::Replace(event_of(&event)));
        }
        Ok(Verdict::Keep)
    }
}

/// Takes out of an item what only its provider understands of its thoughts. Answers whether there was any.
pub fn hide_thoughts(item: &mut Value) -> bool {
    item.as_object_mut().is_some_and(|item| item.remove("encrypted_content").is_some())
}

/// Takes out of a response, or of an event, what is between its provider and us.
pub fn for_clients(members: &mut Map<String, Value>) {
    members.retain(|name, _| !internal::OF_ANSWERS.contains(&name.as_str()));
    if let Some(Value::Object(usage)) = members.get_mut("usage") {
        usage.retain(|name, _| !internal::OF_USAGE.contains(&name.as_str()));
    }
}

/// The error of a response that has failed.
pub fn failure_of(response: &Value) -> Broken {
    let error = &response["error"];
    let status = error.get("code").and_then(Value::as_str).and_then(status_of);
    Broken::Error(status, json!({ "error": error }).to_string().into())
}

/// The error that an event or a body reports: OpenAI's event has its members at the top, a body within `error`.
pub fn error_of(event: &Value) -> Broken {
    if event.get("error").is_some_and(|error| !error.is_null()) {
        let text = event.to_string();
        let read = serde_json::from_str(&text).ok().and_then(|object| glance::error(&object));
        let named = event.pointer("/error/code").and_then(Value::as_str).and_then(status_of);
        return match read {
            Some(Broken::Error(status, body)) => Broken::Error(status.or(named), body),
            _ => Broken::Error(named, text.into()),
        };
    }
    let code = event.get("code");
    let status = code.and_then(Value::as_str).and_then(status_of);
    let number = code.and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
    let error = json!({ "error": { "message": event["message"], "code": event["code"], "param": event["param"] } });
    Broken::Error(number.or(status), error.to_string().into())
}

/// Whether an event is one of a stream's many deltas, by a look at its bytes. A text that quotes it has its quotation marks
/// escaped.
fn is_delta(json: &[u8]) -> bool {
    let Some(at) = TYPE.find(json) else { return false };
    let kind = &json[at + TYPE.needle().len()..];
    memchr(b'"', kind).is_some_and(|end| kind[..end].ends_with(b".delta"))
}

/// Whether an event has what a client waits for: a piece of an item, or an item that is more than a beginning.
fn brings_output(kind: &str, event: &Value) -> bool {
    if kind.ends_with(".delta") {
        return event.get("delta").is_some_and(|delta| !delta.is_null() && delta != "");
    }
    let is_call = || event.pointer("/item/type").and_then(Value::as_str).is_some_and(|kind| kind.ends_with("_call"));
    match kind {
        "response.output_item.done" => true,
        "response.output_item.added" => is_call(),
        _ => false,
    }
}

/// Appends what the model has written in an item; of one that came in pieces what did not come so. Of thoughts that are
/// sealed nobody can tell how long they are.
pub fn written(item: &Value, in_pieces: bool, all: &mut Written) {
    let text = |of: &Value, name: &str| of.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    match item.get("type").and_then(Value::as_str).unwrap_or_default() {
        "message" | "reasoning" => {
            let parts = ["content", "summary"].iter().filter_map(|name| item.get(name)?.as_array()).flatten();
            if !in_pieces {
                parts.for_each(|part| {
                    all.text.push_str(&text(part, "text"));
                    all.text.push_str(&text(part, "refusal"));
                });
            }
            all.is_all &= item.get("encrypted_content").is_none_or(Value::is_null);
        }
        "function_call" | "custom_tool_call" => {
            all.text.push_str(&text(item, "name"));
            if !in_pieces {
                all.text.push_str(&text(item, "arguments"));
                all.text.push_str(&text(item, "input"));
            }
        }
        _ => all.is_all = false,
    }
}
