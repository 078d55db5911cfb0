//! The inside of a chat completion's choice.

use std::collections::HashMap;

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::pictures;
use super::tools::ToolCalls;
use crate::credits::usage::Usage;
use crate::formats::openai::Shape;
use crate::object::Object;

/// Members of a message that no model writes.
const NOT_WRITTEN: [&str; 8] = ["role", "type", "id", "index", "format", "call_id", "signature", "expires_at"];
/// Members that hold no text: sound, an image, encrypted reasoning.
const OPAQUE: [&str; 2] = ["data", "b64_json"];
/// The names under which providers give what a model has thought; some give it under several.
pub const REASONING: [&str; 3] = ["reasoning_content", "reasoning", "reasoning_details"];

/// Chat completions: a choice has a `message`, in a chunk a `delta` of it.
pub struct Chat;

impl Shape for Chat {
    const WHOLE: &'static str = "chat.completion";
    const CHUNK: &'static str = "chat.completion.chunk";
    const NO_ID: &'static str = "chatcmpl-unknown";

    type Mender = ToolCalls;

    /// Anything but a role and what is empty.
    fn has_output(choice: &Object<'_>) -> bool {
        let says = |(name, value): (&String, &&RawValue)| {
            name != "role" && !matches!(value.get(), "null" | "\"\"" | "[]" | "{}")
        };
        let delta: Option<HashMap<String, &RawValue>> = choice.read("delta").ok().flatten();
        choice.get("message").is_some() || delta.is_some_and(|delta| delta.iter().any(says))
    }

    fn piece_of(choice: &Object<'_>, name: &str) -> Option<&'static str> {
        match name {
            "delta" => Some("message"),
            // Some providers send a whole message in place of a delta.
            "message" if choice.get("delta").is_none() => Some("message"),
            "logprobs" => Some("logprobs"),
            _ => None,
        }
    }

    fn finish(choice: &mut Map<String, Value>) {
        let Value::Object(message) = choice.entry("message").or_insert_with(|| json!({})) else { return };
        message.entry("role").or_insert_with(|| json!("assistant"));
        let filled = |name: &str| message.get(name).is_some_and(|value| !value.is_null());
        let says_otherwise = ["tool_calls", "function_call", "refusal", "audio", "images"].into_iter().any(filled);
        let content = message.entry("content").or_insert(Value::Null);
        if says_otherwise && content == "" {
            *content = Value::Null;
        }
        for list in ["tool_calls", "images"] {
            for one in message.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
                // Its place in the list says it.
                one.as_object_mut().map(|one| one.remove("index"));
            }
        }
    }

    fn shown<'a>(usage: Usage, texts: impl Iterator<Item = &'a str>) -> Usage {
        pictures::told(usage, texts)
    }

    /// Every text under a message: content, refusals, reasoning, tool calls of every kind, and whatever else a provider
    /// puts there. What is given in several spellings is counted once.
    fn text(choice: &Value, text: &mut String) -> bool {
        let before = text.len();
        let mut is_all = true;
        for name in ["delta", "message"] {
            let Some(message) = choice.get(name).filter(|message| !message.is_null()) else { continue };
            let Value::Object(message) = message else {
                is_all &= collect(name, message, text);
                continue;
            };
            let spelling = REASONING.iter().find(|name| message.get(**name).is_some_and(|value| !value.is_null()));
            for (name, value) in message {
                let again = REASONING.contains(&name.as_str()) && spelling.is_none_or(|spelling| spelling != name);
                if !again {
                    is_all &= collect(name, value, text);
                }
            }
        }
        is_all && (text.len() > before || !says_anything(choice))
    }

    fn whole_delta(choice: &mut Map<String, Value>) {
        let message = choice.remove("message").unwrap_or_else(|| json!({}));
        choice.insert("delta".to_owned(), message);
    }

    fn last_delta(index: &Value, finish_reason: &Value) -> Value {
        json!({"index": index, "delta": {}, "finish_reason": finish_reason})
    }

    fn may_need_mending(mender: &ToolCalls, json: &[u8]) -> bool {
        mender.may_need_mending(json)
    }

    fn mend(mender: &mut ToolCalls, choice: &mut Value) -> bool {
        mender.mend(choice)
    }

    fn failed_choice() -> Value {
        json!({"index": 0, "delta": {}, "finish_reason": "error"})
    }
}

/// Whether there is anything in a choice that a model may have written; a choice that is none is not understood.
fn says_anything(choice: &Value) -> bool {
    let Value::Object(choice) = choice else { return true };
    match choice.get("delta").or_else(|| choice.get("message")) {
        Some(message) => is_written("message", message),
        None => choice.get("finish_reason").is_none_or(Value::is_null),
    }
}

fn is_written(name: &str, value: &Value) -> bool {
    match value {
        Value::Null => false,
        _ if NOT_WRITTEN.contains(&name) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => items.iter().any(|item| is_written(name, item)),
        Value::Object(members) => members.iter().any(|(name, value)| is_written(name, value)),
        Value::Bool(_) | Value::Number(_) => true,
    }
}

/// Appends every text under a member. Answers whether that is all of it: sound, images and what is encrypted are written
/// in tokens, too, and cannot be counted.
fn collect(name: &str, value: &Value, text: &mut String) -> bool {
    let mut is_all = true;
    match value {
        Value::String(data) if OPAQUE.contains(&name) || data.starts_with("data:") => is_all = data.is_empty(),
        Value::String(written) if !NOT_WRITTEN.contains(&name) => text.push_str(written),
        Value::Array(items) => items.iter().for_each(|item| is_all &= collect(name, item, text)),
        Value::Object(members) => members.iter().for_each(|(name, value)| is_all &= collect(name, value, text)),
        _ => {}
    }
    is_all
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
                assert!(Chat::text(&choice, &mut counted), "{delta}");
                assert_eq!(counted, text, "{delta}");
            }
        }
    }

    #[test]
    fn what_cannot_be_counted_is_known() {
        for (choice, is_all) in [
            (r#"{"delta":{"role":"assistant","content":"","tool_calls":[],"refusal":null}}"#, true),
            (r#"{"delta":{},"finish_reason":"stop"}"#, true),
            (r#"{"delta":null,"finish_reason":null}"#, true),
            (r#"{"finish_reason":"stop"}"#, true),
            (r#"{"delta":{"audio":{"id":"i","expires_at":7}}}"#, true),
            (r#"{"delta":{"tool_calls":[{"index":0,"id":"i","function":{"arguments":""}}]}}"#, true),
            (r#"{"delta":{"audio":{"data":"UklGRg=="}}}"#, false),
            (r#"{"delta":{"audio":{"data":"UklGRg==","transcript":"a"}}}"#, false),
            (r#"{"message":{"content":"","images":[{"image_url":{"url":"data:image/png;base64,iVBO"}}]}}"#, false),
            (r#"{"delta":{"reasoning_details":[{"type":"reasoning.encrypted","data":"x"}]}}"#, false),
            (r#"{"delta":{"unheard_of":1}}"#, false),
            (r#"{"delta":7}"#, false),
            (r#"{"delta":"a"}"#, true),
            (r#"{"answer":"a"}"#, false),
            ("7", false),
        ] {
            let understood = Chat::text(&serde_json::from_str(choice).expect("a choice"), &mut String::new());
            assert_eq!(understood, is_all, "{choice}");
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
