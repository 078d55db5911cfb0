//! A streamed message put together into the plain one, so that a plain call can be asked of its provider as a stream;
//! and a plain one taken apart, for a client that has asked for a stream.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::formats::events::event_of;
use crate::formats::openai::merge;

/// A block as its deltas add up.
struct Block {
    block: Map<String, Value>,
    /// The input of a tool, as JSON.
    input: String,
}

/// The message of which these are the events, with how it ended, and without its usage; `None` when they make none.
#[must_use]
pub fn assemble(events: impl Iterator<Item = Value>, ending: &Map<String, Value>) -> Option<Map<String, Value>> {
    let mut message = None;
    let mut blocks: BTreeMap<u64, Block> = BTreeMap::new();
    for mut event in events {
        let index = event.get("index").and_then(Value::as_u64).unwrap_or_default();
        let mut part = |name: &str| event.get_mut(name).map(Value::take);
        match (part("message"), part("content_block"), part("delta")) {
            (Some(Value::Object(begun)), ..) => message = Some(begun),
            (_, Some(Value::Object(block)), _) => {
                blocks.insert(index, Block { block, input: String::new() });
            }
            (_, _, Some(Value::Object(delta))) => blocks.get_mut(&index)?.add(delta),
            _ => {}
        }
    }
    let mut message = message?;
    message.remove("usage");
    for (name, value) in ending {
        message.insert(name.clone(), value.clone());
    }
    let cut_off = message.get("stop_reason").is_some_and(|reason| reason == "max_tokens");
    let mut content = Vec::new();
    for block in blocks.into_values() {
        match block.finish() {
            Some(block) => content.push(Value::Object(block)),
            // A call that the limit has cut off is none; any other that cannot be read must not be run.
            None if cut_off => {}
            None => return None,
        }
    }
    message.insert("content".to_owned(), Value::Array(content));
    Some(message)
}

impl Block {
    fn add(&mut self, mut delta: Map<String, Value>) {
        match delta.get("type").and_then(Value::as_str).unwrap_or_default() {
            "input_json_delta" => {
                self.input.push_str(delta.get("partial_json").and_then(Value::as_str).unwrap_or_default());
            }
            "citations_delta" => {
                let cited = delta.remove("citation").into_iter().collect();
                let citations = self.block.entry("citations").or_insert(Value::Null);
                match citations {
                    Value::Array(citations) => citations.extend::<Vec<_>>(cited),
                    other => *other = Value::Array(cited),
                }
            }
            // Of every other kind the members are texts that go on.
            _ => {
                delta.remove("type");
                merge(&mut self.block, delta);
            }
        }
    }

    fn finish(mut self) -> Option<Map<String, Value>> {
        if !self.input.trim().is_empty() {
            let input: Map<String, Value> = serde_json::from_str(&self.input).ok()?;
            self.block.insert("input".to_owned(), Value::Object(input));
        }
        Some(self.block)
    }
}

/// The events of which this is the message.
#[must_use]
pub fn events_of(mut message: Map<String, Value>) -> Bytes {
    let mut take = |name: &str| message.remove(name).unwrap_or_default();
    let (content, usage) = (take("content"), take("usage"));
    let (stop_reason, stop_sequence) = (take("stop_reason"), take("stop_sequence"));
    message.extend([
        ("content".to_owned(), json!([])),
        ("stop_reason".to_owned(), Value::Null),
        ("stop_sequence".to_owned(), Value::Null),
    ]);
    let mut events = vec![json!({ "type": "message_start", "message": message })];
    let blocks = if let Value::Array(blocks) = content { blocks } else { Vec::new() };
    for (index, mut block) in blocks.into_iter().enumerate() {
        let deltas = deltas_of(&mut block);
        events.push(json!({ "type": "content_block_start", "index": index, "content_block": block }));
        let delta = |delta: Value| json!({ "type": "content_block_delta", "index": index, "delta": delta });
        events.extend(deltas.into_iter().map(delta));
        events.push(json!({ "type": "content_block_stop", "index": index }));
    }
    let stop_reason = if stop_reason.is_null() { json!("end_turn") } else { stop_reason };
    let delta = json!({ "stop_reason": stop_reason, "stop_sequence": stop_sequence });
    events.push(json!({ "type": "message_delta", "delta": delta, "usage": usage }));
    events.push(json!({ "type": "message_stop" }));
    events.iter().flat_map(event_of).collect()
}

/// Takes what comes in deltas out of a block.
fn deltas_of(block: &mut Value) -> Vec<Value> {
    let kind = block.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut take = |name: &str, empty: Value| {
        let said = block.get_mut(name).map(|said| std::mem::replace(said, empty.clone()));
        said.filter(|said| !said.is_null() && *said != empty)
    };
    let mut deltas = Vec::new();
    match kind.as_str() {
        "text" => deltas.extend(take("text", json!("")).map(|text| json!({ "type": "text_delta", "text": text }))),
        "thinking" => {
            let thinking = take("thinking", json!(""));
            deltas.extend(thinking.map(|thinking| json!({ "type": "thinking_delta", "thinking": thinking })));
            let signature = take("signature", json!(""));
            deltas.extend(signature.map(|signature| json!({ "type": "signature_delta", "signature": signature })));
        }
        "tool_use" => {
            let input = take("input", json!({})).map(|input| input.to_string());
            deltas.extend(input.map(|input| json!({ "type": "input_json_delta", "partial_json": input })));
        }
        _ => {}
    }
    deltas
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(index: u64, block: Value) -> Value {
        json!({ "type": "content_block_start", "index": index, "content_block": block })
    }

    fn delta(index: u64, delta: Value) -> Value {
        json!({ "type": "content_block_delta", "index": index, "delta": delta })
    }

    fn begun() -> Value {
        json!({"type": "message_start", "message": {"id": "m", "type": "message", "role": "assistant", "model": "c",
            "content": [], "stop_reason": null, "stop_sequence": null, "usage": {"input_tokens": 3}}})
    }

    fn ending(reason: &str) -> Map<String, Value> {
        Map::from_iter([("stop_reason".to_owned(), json!(reason)), ("stop_sequence".to_owned(), Value::Null)])
    }

    #[test]
    fn a_message_is_put_together_block_by_block() {
        let events = [
            begun(),
            start(0, json!({"type": "thinking", "thinking": "", "signature": ""})),
            delta(0, json!({"type": "thinking_delta", "thinking": "hm"})),
            delta(0, json!({"type": "thinking_delta", "thinking": "m"})),
            delta(0, json!({"type": "signature_delta", "signature": "s"})),
            start(1, json!({"type": "text", "text": ""})),
            delta(1, json!({"type": "text_delta", "text": "a"})),
            delta(1, json!({"type": "citations_delta", "citation": {"cited_text": "x"}})),
            delta(1, json!({"type": "text_delta", "text": "b"})),
            start(2, json!({"type": "tool_use", "id": "t", "name": "f", "input": {}})),
            delta(2, json!({"type": "input_json_delta", "partial_json": "{\"x\":"})),
            delta(2, json!({"type": "input_json_delta", "partial_json": "1}"})),
            start(3, json!({"type": "tool_use", "id": "u", "name": "g", "input": {}})),
            delta(3, json!({"type": "input_json_delta", "partial_json": ""})),
        ];
        let message = assemble(events.into_iter(), &ending("tool_use")).expect("a message");
        assert_eq!(
            Value::Object(message),
            json!({"id": "m", "type": "message", "role": "assistant", "model": "c", "stop_reason": "tool_use",
                "stop_sequence": null, "content": [
                {"type": "thinking", "thinking": "hmm", "signature": "s"},
                {"type": "text", "text": "ab", "citations": [{"cited_text": "x"}]},
                {"type": "tool_use", "id": "t", "name": "f", "input": {"x": 1}},
                {"type": "tool_use", "id": "u", "name": "g", "input": {}}]})
        );
    }

    #[test]
    fn a_call_that_cannot_be_read_is_never_run() {
        let events = || {
            [
                begun(),
                start(0, json!({"type": "tool_use", "id": "t", "name": "f", "input": {}})),
                delta(0, json!({"type": "input_json_delta", "partial_json": "{\"x\":"})),
            ]
        };
        assert_eq!(assemble(events().into_iter(), &ending("tool_use")), None);
        let cut_off = assemble(events().into_iter(), &ending("max_tokens")).expect("a message");
        assert_eq!(cut_off["content"], json!([]));
        assert_eq!(assemble([delta(0, json!({"type": "text_delta"}))].into_iter(), &ending("end_turn")), None);
    }

    #[test]
    fn what_is_taken_apart_is_put_together_as_it_was() {
        let message = json!({"id": "m", "type": "message", "role": "assistant", "model": "c", "stop_reason": "tool_use",
            "stop_sequence": null, "usage": {"input_tokens": 3, "output_tokens": 4}, "content": [
            {"type": "thinking", "thinking": "hmm", "signature": "s"},
            {"type": "redacted_thinking", "data": "zz"},
            {"type": "text", "text": "ab", "citations": [{"cited_text": "x"}]},
            {"type": "tool_use", "id": "t", "name": "f", "input": {"x": 1}}]});
        let Value::Object(mut members) = message.clone() else { panic!("an object") };
        let text = String::from_utf8(events_of(members.clone()).to_vec()).expect("utf-8");
        let events: Vec<Value> = text
            .lines()
            .filter_map(|line| line.strip_prefix("data: "))
            .map(|data| serde_json::from_str(data).expect("json"))
            .collect();
        let ending = events[events.len() - 2]["delta"].as_object().expect("how it ends").clone();
        let made = events[..events.len() - 2].iter().cloned();
        members.remove("usage");
        assert_eq!(assemble(made, &ending), Some(members));
    }
}
