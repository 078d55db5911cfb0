//! The inside of a chat completion's choice.

use std::collections::HashMap;

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::formats::openai::Shape;
use crate::object::Object;

/// Members of a message that no model writes.
const NOT_WRITTEN: [&str; 7] = ["role", "type", "id", "index", "format", "call_id", "signature"];
/// The names under which providers give what a model has thought; some give it under several.
const REASONING: [&str; 3] = ["reasoning_content", "reasoning", "reasoning_details"];

/// Chat completions: a choice has a `message`, in a chunk a `delta` of it.
pub struct Chat;

impl Shape for Chat {
    const WHOLE: &'static str = "chat.completion";
    const CHUNK: &'static str = "chat.completion.chunk";
    const NO_ID: &'static str = "chatcmpl-unknown";

    /// Anything but a role and what is empty.
    fn has_output(choice: &Object<'_>) -> bool {
        let says = |(name, value): (&String, &&RawValue)| {
            name != "role" && !matches!(value.get(), "null" | "\"\"" | "[]" | "{}")
        };
        let delta: Option<HashMap<String, &RawValue>> = choice.read("delta").ok().flatten();
        choice.get("message").is_some() || delta.is_some_and(|delta| delta.iter().any(says))
    }

    fn pieces(choice: &mut Map<String, Value>) -> Map<String, Value> {
        let mut pieces = Map::new();
        // Some providers send a whole message in place of a delta.
        if let Some(message) = choice.remove("delta").or_else(|| choice.remove("message")) {
            pieces.insert("message".to_owned(), message);
        }
        pieces.extend(choice.remove_entry("logprobs"));
        pieces
    }

    fn finish(choice: &mut Map<String, Value>) {
        let Value::Object(message) = choice.entry("message").or_insert_with(|| json!({})) else { return };
        message.entry("role").or_insert_with(|| json!("assistant"));
        let filled = |name: &str| message.get(name).is_some_and(|value| !value.is_null());
        let says_otherwise = ["tool_calls", "function_call", "refusal", "audio"].into_iter().any(filled);
        let content = message.entry("content").or_insert(Value::Null);
        if says_otherwise && content == "" {
            *content = Value::Null;
        }
        for call in message.get_mut("tool_calls").and_then(Value::as_array_mut).into_iter().flatten() {
            // Its place in the list says it.
            call.as_object_mut().map(|call| call.remove("index"));
        }
    }

    /// Every text under a message: content, refusals, reasoning, tool calls of every kind, and whatever else a provider
    /// puts there. What is given in several spellings is counted once.
    fn text(choice: &Value, text: &mut String) {
        for name in ["delta", "message"] {
            let Some(Value::Object(message)) = choice.get(name) else { continue };
            let spelling = REASONING.iter().find(|name| message.get(**name).is_some_and(|value| !value.is_null()));
            for (name, value) in message {
                let again = REASONING.contains(&name.as_str()) && spelling.is_none_or(|spelling| spelling != name);
                if !again {
                    collect(name, value, text);
                }
            }
        }
    }

    fn failed_choice() -> Value {
        json!({"index": 0, "delta": {}, "finish_reason": "error"})
    }
}

fn collect(name: &str, value: &Value, text: &mut String) {
    match value {
        Value::String(written) if !NOT_WRITTEN.contains(&name) => text.push_str(written),
        Value::Array(items) => items.iter().for_each(|item| collect(name, item, text)),
        Value::Object(members) => members.iter().for_each(|(name, value)| collect(name, value, text)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_a_model_writes_is_counted() {
        for (delta, text) in [
            (r#"{"role":"assistant","content":"a"}"#, "a"),
            (r#"{"refusal":"b"}"#, "b"),
            (r#"{"reasoning_content":"b","reasoning":"b","reasoning_details":[{"type":"x","text":"b"}]}"#, "b"),
            (r#"{"reasoning":null,"reasoning_details":[{"type":"x","text":"b","signature":"s"}]}"#, "b"),
            (r#"{"tool_calls":[{"index":0,"id":"i","type":"function","function":{"arguments":"d"}}]}"#, "d"),
            (r#"{"tool_calls":[{"index":0,"type":"custom","custom":{"input":"d"}}]}"#, "d"),
            (r#"{"function_call":{"arguments":"e"}}"#, "e"),
            (r#"{"content":[{"type":"text","text":"f"}]}"#, "f"),
            (r#"{"audio":{"id":"i","transcript":"g"}}"#, "g"),
            (r#"{"unheard_of":{"of":["h"]}}"#, "h"),
        ] {
            for member in ["delta", "message"] {
                let choice = serde_json::from_str(&format!(r#"{{"{member}":{delta}}}"#)).expect("a choice");
                let mut counted = String::new();
                Chat::text(&choice, &mut counted);
                assert_eq!(counted, text, "{delta}");
            }
        }
    }

    #[test]
    fn output_is_what_a_client_waits_for() {
        for (choice, output) in [
            (r#"{"delta":{"role":"assistant","content":"","refusal":null,"tool_calls":[]}}"#, false),
            (r#"{"delta":{}}"#, false),
            (r#"{"delta":{"content":"a"}}"#, true),
            (r#"{"delta":{"unheard_of":1}}"#, true),
            (r#"{"message":{"content":"a"}}"#, true),
        ] {
            assert_eq!(Chat::has_output(&serde_json::from_str(choice).expect("a choice")), output, "{choice}");
        }
    }
}
