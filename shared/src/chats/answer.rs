//! What a model has said, as the message that is kept of it.

use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};

use crate::formats::chat::pictures::MOST_KEPT;

/// What is kept of an answer: what was said, and what was thought.
const KEPT: [&str; 9] = [
    "role",
    "content",
    "refusal",
    "images",
    "tool_calls",
    "function_call",
    "reasoning",
    "reasoning_content",
    "reasoning_details",
];

/// The message to be kept of what a model has said; none if it has said nothing. Of an answer that was cut off its calls are
/// none, and neither is a call whose arguments are no JSON: nobody can answer it. Of pictures that take more than
/// [`MOST_KEPT`] together none is kept.
#[must_use]
pub fn kept(mut said: Map<String, Value>, is_complete: bool) -> Option<Box<RawValue>> {
    said.retain(|name, value| KEPT.contains(&name.as_str()) && !value.is_null());
    said.insert("role".to_owned(), json!("assistant"));
    if let Some(Value::Array(calls)) = said.get_mut("tool_calls") {
        calls.retain(|call| is_complete && can_be_answered(call));
    }
    if !is_complete {
        said.remove("function_call");
    }
    if said.get("images").is_some_and(|images| images.to_string().len() > MOST_KEPT) {
        said.remove("images");
    }
    said.retain(|_, value| !matches!(value, Value::String(text) if text.is_empty()) && *value != json!([]));
    let says = |name: &str| said.contains_key(name);
    if !["content", "refusal", "images", "tool_calls", "function_call"].into_iter().any(says) {
        return None;
    }
    said.entry("content").or_insert(Value::Null);
    to_raw_value(&said).ok()
}

fn can_be_answered(call: &Value) -> bool {
    let named = call.get("id").and_then(Value::as_str).is_some_and(|id| !id.is_empty());
    let Some(function) = call.get("function") else { return named };
    let arguments = function.get("arguments").and_then(Value::as_str).unwrap_or_default();
    let is_object = arguments.trim().is_empty() || serde_json::from_str::<Map<String, Value>>(arguments).is_ok();
    named && is_object && function.get("name").and_then(Value::as_str).is_some_and(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept_of(said: Value, is_complete: bool) -> Value {
        let Value::Object(said) = said else { panic!("an object") };
        kept(said, is_complete).map_or(Value::Null, |kept| serde_json::from_str(kept.get()).expect("JSON"))
    }

    #[test]
    fn what_was_said_is_kept_and_nothing_else() {
        let call =
            |arguments: &str| json!({"id": "a", "type": "function", "function": {"name": "f", "arguments": arguments}});
        for (said, is_complete, expected) in [
            (
                json!({"role": "assistant", "content": "a", "refusal": null, "annotations": [], "reasoning": "b"}),
                true,
                json!({"role": "assistant", "content": "a", "reasoning": "b"}),
            ),
            (
                json!({"content": "", "tool_calls": [call("{}"), call("{\"x")]}),
                true,
                json!({"role": "assistant", "content": null, "tool_calls": [call("{}")]}),
            ),
            (json!({"content": "a", "tool_calls": [call("{}")]}), false, json!({"role": "assistant", "content": "a"})),
            (json!({"content": null, "tool_calls": [call("{}")]}), false, Value::Null),
            (json!({"content": "", "reasoning": "only thought"}), true, Value::Null),
            (
                json!({"content": "", "images": [{"type": "image_url"}], "x": 1}),
                true,
                json!({"role": "assistant", "content": null, "images": [{"type": "image_url"}]}),
            ),
            (
                json!({"content": "a", "images": ["A".repeat(MOST_KEPT)]}),
                true,
                json!({"role": "assistant", "content": "a"}),
            ),
            (json!({"refusal": "No."}), true, json!({"role": "assistant", "content": null, "refusal": "No."})),
        ] {
            assert_eq!(kept_of(said.clone(), is_complete), expected, "{said}");
        }
    }
}
