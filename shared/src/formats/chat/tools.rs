//! Tool calls in the form that SDKs rely on, where a provider gives them in another.
//!
//! - A delta's call has its place in the list as `index`: without it openai-python raises and langchain drops the call.
//! - `arguments` is a text that holds JSON, and not the JSON itself.
//! - A choice that calls tools finishes with `tool_calls`: agents go by it.

use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use memchr::memmem::Finder;
use serde_json::{Map, Value, json};

use crate::formats::openai::glance::has_value;

static TOOL_CALLS: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"tool_calls\""));
static FINISH: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"finish_reason\""));

/// The tool calls of an answer so far: of each choice, their places and ids.
#[derive(Debug, Default)]
pub struct ToolCalls(HashMap<u64, Places>);

type Places = BTreeMap<u64, Option<String>>;

impl ToolCalls {
    /// Whether a chunk or a plain answer may hold what has to be mended.
    pub fn may_need_mending(&self, json: &[u8]) -> bool {
        has_value(&TOOL_CALLS, json) || (!self.0.is_empty() && has_value(&FINISH, json))
    }

    /// Mends a choice of a chunk or of a plain answer. Answers whether anything was wrong.
    pub fn mend(&mut self, choice: &mut Value) -> bool {
        let index = choice.get("index").and_then(Value::as_u64).unwrap_or_default();
        let mut mended = false;
        for (name, in_pieces) in [("delta", true), ("message", false)] {
            let calls = choice.get_mut(name).and_then(|message| message.get_mut("tool_calls")?.as_array_mut());
            for call in calls.into_iter().flatten().filter_map(Value::as_object_mut) {
                mended |= mend_arguments(call);
                let places = self.0.entry(index).or_default();
                // In a plain answer, its place in the list says it.
                mended |= in_pieces && place(places, call);
            }
        }
        if self.0.contains_key(&index) && choice.get("finish_reason").is_some_and(|reason| reason == "stop") {
            choice["finish_reason"] = json!("tool_calls");
            mended = true;
        }
        mended
    }
}

fn mend_arguments(call: &mut Map<String, Value>) -> bool {
    let arguments = call.get_mut("function").and_then(|function| function.get_mut("arguments"));
    let Some(arguments) = arguments.filter(|arguments| arguments.is_object() || arguments.is_array()) else {
        return false;
    };
    *arguments = json!(arguments.to_string());
    true
}

/// Notes the call's place. A call without one takes the place of its id; where it has none, the next if it names a
/// function, and else the last. Answers whether it was given one.
fn place(places: &mut Places, call: &mut Map<String, Value>) -> bool {
    let text = |of: Option<&Value>| of.and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let id = text(call.get("id"));
    if let Some(index) = call.get("index").and_then(Value::as_u64) {
        let known = places.entry(index).or_default();
        *known = id.or(known.take());
        return false;
    }
    let names = text(call.get("function").and_then(|function| function.get("name"))).is_some();
    let last = places.keys().next_back().copied();
    let next = last.map_or(0, |last| last.saturating_add(1));
    let index = match &id {
        Some(_) => places.iter().find(|(_, known)| **known == id).map_or(next, |(index, _)| *index),
        None if names => next,
        None => last.unwrap_or_default(),
    };
    let known = places.entry(index).or_default();
    *known = id.or(known.take());
    call.insert("index".to_owned(), json!(index));
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The deltas as they are mended, or null where nothing was wrong.
    fn mended(deltas: &[Value]) -> Vec<Value> {
        let mut calls = ToolCalls::default();
        let mend = |delta: &Value| {
            let mut choice = delta.clone();
            if calls.mend(&mut choice) { choice } else { Value::Null }
        };
        deltas.iter().map(mend).collect()
    }

    fn delta(calls: Value) -> Value {
        json!({"index": 0, "delta": {"tool_calls": calls}, "finish_reason": null})
    }

    #[test]
    fn what_is_right_stays() {
        let deltas = [
            delta(json!([{"index": 0, "id": "a", "function": {"name": "f", "arguments": ""}}])),
            delta(json!([{"index": 0, "function": {"arguments": "{}"}}])),
            json!({"index": 0, "delta": {}, "finish_reason": "tool_calls"}),
            json!({"index": 1, "delta": {"content": "x"}, "finish_reason": "stop"}),
        ];
        assert!(mended(&deltas).iter().all(Value::is_null));
        let plain = json!({"index": 0, "message": {"tool_calls": [{"id": "a", "function": {"arguments": "{}"}}]},
            "finish_reason": "length"});
        assert_eq!(mended(&[plain]), [Value::Null]);
    }

    #[test]
    fn a_missing_index_is_that_of_the_call() {
        let deltas = [
            delta(json!([{"id": "a", "function": {"name": "f", "arguments": ""}}])),
            delta(json!([{"function": {"arguments": "1"}}])),
            delta(json!([{"id": "b", "index": null, "function": {"name": "f", "arguments": "2"}}])),
            delta(json!([{"id": "a", "function": {"arguments": "3"}}])),
            delta(
                json!([{"function": {"name": "g", "arguments": "4"}}, {"function": {"name": "g", "arguments": "5"}}]),
            ),
            delta(json!([{"id": "", "function": {"arguments": "6"}}])),
        ];
        let mended = mended(&deltas);
        let indexes = mended.iter().flat_map(|choice| choice["delta"]["tool_calls"].as_array().expect("calls"));
        let indexes: Vec<_> = indexes.map(|call| call["index"].as_u64().expect("an index")).collect();
        assert_eq!(indexes, [0, 0, 1, 0, 2, 3, 3]);
    }

    #[test]
    fn arguments_are_a_text_and_the_reason_is_the_calls() {
        let plain = json!({"index": 0, "message": {"tool_calls": [{"id": "a", "function": {"arguments": {"a": [1]}}}]},
            "finish_reason": "stop"});
        let mended = &mended(&[plain])[0];
        assert_eq!(mended["message"]["tool_calls"], json!([{"id": "a", "function": {"arguments": "{\"a\":[1]}"}}]));
        assert_eq!(mended["finish_reason"], "tool_calls");
    }
}
