//! A response on the wire: the plain object and the events of a stream
//! (<https://platform.openai.com/docs/api-reference/responses-streaming>).

use serde_json::{Value, json};

use super::{Envelope, Event, Reporting, join};
use crate::provider::answer::{Answer, Choice, Content, ToolCall, Usage};

/// What sealed thoughts begin with: no other is taken back.
pub(in crate::provider) const SEALED: &str = "standin-sealed-";

pub(super) fn plain(envelope: Envelope, answer: &Answer, reporting: Reporting) -> Value {
    let choice = answer.choices.first();
    let output: Vec<Value> = choice.map(|choice| items(envelope, choice)).unwrap_or_default();
    let cut = choice.is_some_and(|choice| choice.finish == "length");
    let mut response = head(envelope, answer, if cut { "incomplete" } else { "completed" }, json!(output));
    if cut {
        response["incomplete_details"] = json!({"reason": "max_output_tokens"});
    }
    if reporting != Reporting::Never {
        response["usage"] = usage(answer.usage);
    }
    response
}

pub(super) fn events(envelope: Envelope, answer: &Answer, reporting: Reporting) -> Vec<Event> {
    let mut stream = Stream::default();
    for kind in ["response.created", "response.in_progress"] {
        stream.event(kind, json!({"response": head(envelope, answer, "in_progress", json!([]))}), false);
    }
    let Some(choice) = answer.choices.first() else { return stream.events };
    let whole = items(envelope, choice);
    let calls = match &choice.content {
        Content::Calls(calls) => calls.as_slice(),
        Content::Text(_) => &[],
    };
    let first_call = whole.len() - calls.len();
    for (at, item) in whole.iter().enumerate() {
        let id = &item["id"];
        match item["type"].as_str() {
            Some("reasoning") => {
                stream.added(at, &json!({"type": "reasoning", "id": id, "summary": []}), false);
                let place = |more: Value| merged(json!({"item_id": id, "output_index": at, "summary_index": 0}), more);
                let empty = json!({"part": {"type": "summary_text", "text": ""}});
                stream.event("response.reasoning_summary_part.added", place(empty), false);
                for piece in &choice.reasoning {
                    let delta = place(json!({"delta": piece.text}));
                    stream.event("response.reasoning_summary_text.delta", delta, true);
                }
                let part = &item["summary"][0];
                stream.event("response.reasoning_summary_text.done", place(json!({"text": part["text"]})), false);
                stream.event("response.reasoning_summary_part.done", place(json!({"part": part})), false);
            }
            Some("message") => {
                let begun = merged(item.clone(), json!({"status": "in_progress", "content": []}));
                stream.added(at, &begun, false);
                let place = |more: Value| merged(json!({"item_id": id, "output_index": at, "content_index": 0}), more);
                stream.event("response.content_part.added", place(json!({"part": text_part("")})), false);
                let Content::Text(pieces) = &choice.content else { continue };
                for piece in pieces {
                    let delta = place(json!({"delta": piece.text, "logprobs": []}));
                    stream.event("response.output_text.delta", delta, true);
                }
                let part = &item["content"][0];
                let done = place(json!({"text": part["text"], "logprobs": []}));
                stream.event("response.output_text.done", done, false);
                stream.event("response.content_part.done", place(json!({"part": part})), false);
            }
            _ => {
                let call = &calls[at - first_call];
                let (member, kind) = if call.custom {
                    ("input", "custom_tool_call_input")
                } else {
                    ("arguments", "function_call_arguments")
                };
                stream.added(at, &merged(item.clone(), json!({"status": "in_progress", member: ""})), true);
                for piece in &call.arguments {
                    let delta = json!({"item_id": id, "output_index": at, "delta": piece.text});
                    stream.event(&format!("response.{kind}.delta"), delta, true);
                }
                let done = json!({"item_id": id, "output_index": at, member: item[member]});
                stream.event(&format!("response.{kind}.done"), done, false);
            }
        }
        stream.event("response.output_item.done", json!({"output_index": at, "item": item}), false);
    }
    let response = plain(envelope, answer, reporting);
    let kind = if response["status"] == "incomplete" { "response.incomplete" } else { "response.completed" };
    stream.event(kind, json!({"response": response}), false);
    stream.events
}

/// A stream as it is written.
#[derive(Default)]
struct Stream {
    events: Vec<Event>,
}

impl Stream {
    fn event(&mut self, kind: &str, members: Value, content: bool) {
        let event = merged(members, json!({"type": kind, "sequence_number": self.events.len()}));
        self.events.push(Event::of(&event, content));
    }

    fn added(&mut self, at: usize, item: &Value, content: bool) {
        self.event("response.output_item.added", json!({"output_index": at, "item": item}), content);
    }
}

/// The first object with the members of the second.
fn merged(mut whole: Value, more: Value) -> Value {
    if let (Some(whole), Value::Object(more)) = (whole.as_object_mut(), more) {
        whole.extend(more);
    }
    whole
}

fn head(envelope: Envelope, answer: &Answer, status: &str, output: Value) -> Value {
    json!({
        "id": envelope.id(),
        "object": "response",
        "created_at": envelope.created,
        "status": status,
        "background": false,
        "error": null,
        "incomplete_details": null,
        "model": answer.model,
        "output": output,
        "parallel_tool_calls": true,
        "store": false,
        "tool_choice": "auto",
        "tools": [],
        "usage": null,
    })
}

fn text_part(text: &str) -> Value {
    json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []})
}

fn items(envelope: Envelope, choice: &Choice) -> Vec<Value> {
    let mut items = Vec::new();
    let status = if choice.finish == "length" { "incomplete" } else { "completed" };
    let id = |kind: &str, at: usize| format!("{kind}_{:016x}{at:02x}", envelope.serial);
    if !choice.reasoning.is_empty() {
        let part = json!({"type": "summary_text", "text": join(&choice.reasoning)});
        let mut item = json!({"type": "reasoning", "id": id("rs", 0), "summary": [part]});
        if choice.seals {
            item["encrypted_content"] = json!(format!("{SEALED}{:016x}", envelope.serial));
        }
        items.push(item);
    }
    match &choice.content {
        Content::Text(pieces) => items
            .push(json!({"type": "message", "id": id("msg", items.len()), "role": "assistant",
            "status": status, "content": [text_part(&join(pieces))]})),
        Content::Calls(calls) => {
            let call = |(at, call): (usize, &ToolCall)| {
                let text = join(&call.arguments);
                let call_id = format!("call_{:016x}_{at}", envelope.serial);
                let item = json!({"call_id": call_id, "name": call.name.text, "status": status});
                if call.custom {
                    merged(item, json!({"type": "custom_tool_call", "id": id("ctc", at), "input": text}))
                } else {
                    merged(item, json!({"type": "function_call", "id": id("fc", at), "arguments": text}))
                }
            };
            items.extend(calls.iter().enumerate().map(call));
        }
    }
    items
}

fn usage(usage: Usage) -> Value {
    json!({
        "input_tokens": usage.prompt,
        "input_tokens_details": {"cached_tokens": usage.cached, "cache_write_tokens": usage.written},
        "output_tokens": usage.completion,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.prompt.saturating_add(usage.completion),
    })
}
