//! The events of a stream, numbered; and a whole response as the events that say it.

use serde_json::{Map, Value, json};

use super::pictures::PICTURE;
use super::wire::last_event;

/// Numbers events.
#[derive(Debug, Default)]
pub struct Writer {
    next: u64,
    events: Vec<Value>,
}

impl Writer {
    /// Writes an event of this type with these members.
    pub fn event(&mut self, kind: &str, members: Value) {
        self.events.push(numbered(kind, self.next, members));
        self.next += 1;
    }

    /// The events since the last time.
    pub fn take(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.events)
    }

    /// The number of the next event.
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// `response.created` and `response.in_progress`, with which every stream begins.
    pub fn begin(&mut self, response: &Map<String, Value>) {
        for kind in ["response.created", "response.in_progress"] {
            self.event(kind, json!({ "response": response }));
        }
    }

    /// An item begins: here with what is known of it, and nothing that comes in pieces.
    pub fn item_added(&mut self, at: usize, item: &Value) {
        self.event("response.output_item.added", json!({ "output_index": at, "item": item }));
    }

    /// An item is whole.
    pub fn item_done(&mut self, at: usize, item: &Value) {
        self.event("response.output_item.done", json!({ "output_index": at, "item": item }));
    }

    /// A whole item.
    pub fn item(&mut self, at: usize, item: &Value) {
        let text = |of: &Value, name: &str| of.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let id = text(item, "id");
        let begun = |empty: Value, members: &[&str]| {
            let mut begun = item.clone();
            begun["status"] = json!("in_progress");
            members.iter().for_each(|name| begun[*name] = empty.clone());
            begun
        };
        match item.get("type").and_then(Value::as_str).unwrap_or_default() {
            "message" => {
                self.item_added(at, &begun(json!([]), &["content"]));
                let parts = item.get("content").and_then(Value::as_array);
                for (place, part) in parts.into_iter().flatten().enumerate() {
                    Part { item: &id, output: at, content: place }.whole(self, part);
                }
            }
            "reasoning" => {
                let mut added = item.clone();
                added["summary"] = json!([]);
                self.item_added(at, &added);
                let parts = item.get("summary").and_then(Value::as_array);
                for (place, part) in parts.into_iter().flatten().enumerate() {
                    let summary = Summary { item: &id, output: at, summary: place };
                    summary.added(self);
                    summary.delta(self, &text(part, "text"));
                    summary.done(self, &text(part, "text"));
                }
            }
            "function_call" => {
                self.item_added(at, &begun(json!(""), &["arguments"]));
                let call = Call { item: &id, output: at, is_custom: false };
                call.delta(self, &text(item, "arguments"));
                call.done(self, &text(item, "arguments"), &text(item, "name"));
            }
            "custom_tool_call" => {
                self.item_added(at, &begun(json!(""), &["input"]));
                let call = Call { item: &id, output: at, is_custom: true };
                call.delta(self, &text(item, "input"));
                call.done(self, &text(item, "input"), &text(item, "name"));
            }
            PICTURE => {
                self.item_added(at, &begun(Value::Null, &["result"]));
                for step in ["in_progress", "generating", "completed"] {
                    self.event(&format!("response.{PICTURE}.{step}"), json!({ "output_index": at, "item_id": id }));
                }
            }
            _ => self.item_added(at, item),
        }
        self.item_done(at, item);
    }
}

/// An event with its type and number.
#[must_use]
pub fn numbered(kind: &str, number: u64, mut members: Value) -> Value {
    members["type"] = json!(kind);
    members["sequence_number"] = json!(number);
    members
}

/// A part of a message's content.
pub struct Part<'a> {
    /// The message.
    pub item: &'a str,
    /// Its place in the output.
    pub output: usize,
    /// The part's place in the message.
    pub content: usize,
}

impl Part<'_> {
    fn event(&self, writer: &mut Writer, kind: &str, mut members: Value) {
        members["item_id"] = json!(self.item);
        members["output_index"] = json!(self.output);
        members["content_index"] = json!(self.content);
        writer.event(kind, members);
    }

    /// It begins.
    pub fn added(&self, writer: &mut Writer, is_refusal: bool) {
        let part = if is_refusal {
            json!({ "type": "refusal", "refusal": "" })
        } else {
            json!({ "type": "output_text", "text": "", "annotations": [], "logprobs": [] })
        };
        self.event(writer, "response.content_part.added", json!({ "part": part }));
    }

    /// It goes on.
    pub fn delta(&self, writer: &mut Writer, is_refusal: bool, text: &str, logprobs: &Value) {
        if is_refusal {
            self.event(writer, "response.refusal.delta", json!({ "delta": text }));
        } else {
            self.event(writer, "response.output_text.delta", json!({ "delta": text, "logprobs": logprobs }));
        }
    }

    /// It is whole.
    pub fn done(&self, writer: &mut Writer, part: &Value) {
        if part.get("type").is_some_and(|kind| kind == "refusal") {
            self.event(writer, "response.refusal.done", json!({ "refusal": part["refusal"] }));
        } else {
            let logprobs = part.get("logprobs").cloned().unwrap_or_else(|| json!([]));
            self.event(writer, "response.output_text.done", json!({ "text": part["text"], "logprobs": logprobs }));
        }
        self.event(writer, "response.content_part.done", json!({ "part": part }));
    }

    fn whole(&self, writer: &mut Writer, part: &Value) {
        let is_refusal = part.get("type").is_some_and(|kind| kind == "refusal");
        self.added(writer, is_refusal);
        let text = part.get(if is_refusal { "refusal" } else { "text" }).and_then(Value::as_str).unwrap_or_default();
        self.delta(writer, is_refusal, text, part.get("logprobs").unwrap_or(&json!([])));
        self.done(writer, part);
    }
}

/// A part of what a model tells of its thoughts.
pub struct Summary<'a> {
    /// The item of the thoughts.
    pub item: &'a str,
    /// Its place in the output.
    pub output: usize,
    /// The part's place in the item.
    pub summary: usize,
}

impl Summary<'_> {
    fn event(&self, writer: &mut Writer, kind: &str, mut members: Value) {
        members["item_id"] = json!(self.item);
        members["output_index"] = json!(self.output);
        members["summary_index"] = json!(self.summary);
        writer.event(kind, members);
    }

    /// It begins.
    pub fn added(&self, writer: &mut Writer) {
        let part = json!({ "type": "summary_text", "text": "" });
        self.event(writer, "response.reasoning_summary_part.added", json!({ "part": part }));
    }

    /// It goes on.
    pub fn delta(&self, writer: &mut Writer, text: &str) {
        self.event(writer, "response.reasoning_summary_text.delta", json!({ "delta": text }));
    }

    /// It is whole.
    pub fn done(&self, writer: &mut Writer, text: &str) {
        self.event(writer, "response.reasoning_summary_text.done", json!({ "text": text }));
        let part = json!({ "type": "summary_text", "text": text });
        self.event(writer, "response.reasoning_summary_part.done", json!({ "part": part }));
    }
}

/// A tool's call.
pub struct Call<'a> {
    /// The item that it is.
    pub item: &'a str,
    /// Its place in the output.
    pub output: usize,
    /// Whether the tool takes a text and no JSON.
    pub is_custom: bool,
}

impl Call<'_> {
    fn event(&self, writer: &mut Writer, what: &str, mut members: Value) {
        members["item_id"] = json!(self.item);
        members["output_index"] = json!(self.output);
        let kind = if self.is_custom { "custom_tool_call_input" } else { "function_call_arguments" };
        writer.event(&format!("response.{kind}.{what}"), members);
    }

    /// Its arguments go on.
    pub fn delta(&self, writer: &mut Writer, text: &str) {
        if !text.is_empty() {
            self.event(writer, "delta", json!({ "delta": text }));
        }
    }

    /// Its arguments are whole.
    pub fn done(&self, writer: &mut Writer, text: &str, name: &str) {
        let members =
            if self.is_custom { json!({ "input": text }) } else { json!({ "arguments": text, "name": name }) };
        self.event(writer, "done", members);
    }
}

/// The events of which this is the response.
#[must_use]
pub fn events_of(response: Map<String, Value>) -> Vec<Value> {
    let mut writer = Writer::default();
    let mut begun = response.clone();
    begun.extend(
        [("status", json!("in_progress")), ("output", json!([])), ("usage", Value::Null)]
            .map(|(name, value)| (name.to_owned(), value)),
    );
    begun.insert("incomplete_details".to_owned(), Value::Null);
    writer.begin(&begun);
    for (at, item) in response.get("output").and_then(Value::as_array).into_iter().flatten().enumerate() {
        writer.item(at, item);
    }
    let status = response.get("status").and_then(Value::as_str).unwrap_or_default();
    writer.event(last_event(status), json!({ "response": response }));
    writer.take()
}
