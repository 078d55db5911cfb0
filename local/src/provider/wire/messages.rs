//! A message on the wire: the plain object and the events of a stream
//! (<https://platform.claude.com/docs/en/build-with-claude/streaming>).

use serde_json::{Value, json};

use super::{Envelope, Event, Reporting, join};
use crate::provider::answer::{Answer, Choice, Content, ToolCall, Usage};

/// What the signatures of thoughts begin with: no other is taken back.
pub(in crate::provider) const SIGNATURE: &str = "standin-signature-";

pub(super) fn plain(envelope: Envelope, answer: &Answer, reporting: Reporting) -> Value {
    let choice = answer.choices.first();
    let content: Vec<Value> = choice.map(|choice| blocks(envelope, choice)).unwrap_or_default();
    let mut message = head(envelope, answer, json!(content));
    message["stop_reason"] = json!(choice.map(stop_reason));
    if reporting != Reporting::Never {
        message["usage"] = usage(answer.usage);
    }
    message
}

pub(super) fn events(envelope: Envelope, answer: &Answer, reporting: Reporting) -> Vec<Event> {
    let reports = reporting != Reporting::Never;
    let mut message = head(envelope, answer, json!([]));
    if reports {
        // What is not written yet is not counted yet; some tokens of the answer are, whatever comes.
        message["usage"] = usage(Usage { completion: answer.usage.completion.min(1), reasoning: 0, ..answer.usage });
    }
    let mut stream =
        Stream { events: vec![Event::of(&json!({"type": "message_start", "message": message}), false)], index: 0 };
    let Some(choice) = answer.choices.first() else { return stream.events };
    if !choice.reasoning.is_empty() {
        stream.start(json!({"type": "thinking", "thinking": "", "signature": ""}), false);
        for piece in &choice.reasoning {
            stream.delta(json!({"type": "thinking_delta", "thinking": piece.text}), true);
        }
        stream.delta(json!({"type": "signature_delta", "signature": signature(envelope)}), false);
        stream.stop();
    }
    match &choice.content {
        Content::Text(pieces) => {
            stream.start(json!({"type": "text", "text": ""}), false);
            for piece in pieces {
                stream.delta(json!({"type": "text_delta", "text": piece.text}), true);
            }
            stream.stop();
        }
        Content::Calls(calls) => {
            for (at, call) in calls.iter().enumerate() {
                stream.start(call_block(envelope, at, call, json!({})), true);
                for piece in &call.arguments {
                    stream.delta(json!({"type": "input_json_delta", "partial_json": piece.text}), true);
                }
                stream.stop();
            }
        }
    }
    let mut last =
        json!({"type": "message_delta", "delta": {"stop_reason": stop_reason(choice), "stop_sequence": null}});
    if reports {
        last["usage"] = usage(answer.usage);
    }
    stream.events.push(Event::of(&last, false));
    stream.events.push(Event::of(&json!({"type": "message_stop"}), false));
    stream.events
}

/// A stream as it is written.
struct Stream {
    events: Vec<Event>,
    /// Of the block that is open.
    index: u64,
}

impl Stream {
    fn start(&mut self, block: Value, content: bool) {
        let event = json!({"type": "content_block_start", "index": self.index, "content_block": block});
        self.events.push(Event::of(&event, content));
        if self.index == 0 {
            self.events.push(Event::of(&json!({"type": "ping"}), false));
        }
    }

    fn delta(&mut self, delta: Value, content: bool) {
        self.events
            .push(Event::of(&json!({"type": "content_block_delta", "index": self.index, "delta": delta}), content));
    }

    fn stop(&mut self) {
        self.events.push(Event::of(&json!({"type": "content_block_stop", "index": self.index}), false));
        self.index += 1;
    }
}

fn head(envelope: Envelope, answer: &Answer, content: Value) -> Value {
    json!({
        "id": envelope.id(),
        "type": "message",
        "role": "assistant",
        "model": answer.model,
        "content": content,
        "stop_reason": null,
        "stop_sequence": null,
    })
}

fn blocks(envelope: Envelope, choice: &Choice) -> Vec<Value> {
    let mut blocks = Vec::new();
    if !choice.reasoning.is_empty() {
        blocks.push(json!({"type": "thinking", "thinking": join(&choice.reasoning), "signature": signature(envelope)}));
    }
    match &choice.content {
        Content::Text(pieces) => blocks.push(json!({"type": "text", "text": join(pieces)})),
        Content::Calls(calls) => blocks.extend(calls.iter().enumerate().map(|(at, call)| {
            // A call that the limit has cut off has no input that could be read.
            let input = serde_json::from_str(&join(&call.arguments)).unwrap_or_else(|_| json!({}));
            call_block(envelope, at, call, input)
        })),
    }
    blocks
}

fn call_block(envelope: Envelope, at: usize, call: &ToolCall, input: Value) -> Value {
    json!({"type": "tool_use", "id": format!("toolu_{:016x}_{at}", envelope.serial), "name": call.name.text, "input": input})
}

fn signature(envelope: Envelope) -> String {
    format!("{SIGNATURE}{:x}", envelope.serial)
}

fn stop_reason(choice: &Choice) -> &'static str {
    match choice.finish {
        "length" => "max_tokens",
        "tool_calls" => "tool_use",
        _ => "end_turn",
    }
}

/// What was read from a cache, and what was written into one, is no part of `input_tokens`.
fn usage(usage: Usage) -> Value {
    json!({
        "input_tokens": usage.prompt.saturating_sub(usage.cached).saturating_sub(usage.written),
        "cache_creation_input_tokens": usage.written,
        "cache_read_input_tokens": usage.cached,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.written.saturating_sub(usage.written_long),
            "ephemeral_1h_input_tokens": usage.written_long,
        },
        "output_tokens": usage.completion,
        "output_tokens_details": {"thinking_tokens": usage.reasoning},
        "service_tier": "standard",
    })
}
