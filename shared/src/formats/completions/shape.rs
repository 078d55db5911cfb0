//! The inside of a text completion's choice.

use serde_json::{Map, Value, json};

use crate::formats::openai::Shape;
use crate::object::Object;

/// Text completions: a choice has a `text`, in a chunk a piece of it.
pub struct Completions;

impl Shape for Completions {
    const WHOLE: &'static str = "text_completion";
    const CHUNK: &'static str = "text_completion";
    const NO_ID: &'static str = "cmpl-unknown";

    fn has_output(choice: &Object<'_>) -> bool {
        choice.get("text").is_some_and(|text| !matches!(text, "null" | "\"\""))
    }

    fn pieces(choice: &mut Map<String, Value>) -> Map<String, Value> {
        ["text", "logprobs"].into_iter().filter_map(|name| choice.remove_entry(name)).collect()
    }

    fn finish(choice: &mut Map<String, Value>) {
        choice.entry("text").or_insert_with(|| json!(""));
    }

    fn text(choice: &Value, text: &mut String) {
        text.push_str(choice.get("text").and_then(Value::as_str).unwrap_or_default());
    }

    fn failed_choice() -> Value {
        json!({"index": 0, "text": "", "logprobs": null, "finish_reason": "error"})
    }
}
