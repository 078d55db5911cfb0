//! What a provider was told, in whatever format.

use serde_json::{Value, json};

/// Who says what in a request as a provider got it, instructions first, without what a model has thought. A call or its output is
/// said by the item's type, where it is an item.
///
/// # Panics
/// When there is no conversation in it.
#[must_use]
pub fn said_in(request: &Value) -> Vec<(String, String)> {
    let said = |item: &Value| {
        let kind = item["type"].as_str().filter(|kind| *kind != "message");
        let who = item["role"].as_str().or(kind).expect("who says it").to_owned();
        let content = item.get("content").or(item.get("arguments")).or(item.get("output")).unwrap_or(&Value::Null);
        let text = match content {
            Value::String(text) => text.clone(),
            parts => parts.as_array().into_iter().flatten().filter_map(|part| part["text"].as_str()).collect(),
        };
        (who, text)
    };
    let instructions = request.get("system").or(request.get("instructions"));
    let instructions = instructions.map(|system| said(&json!({ "role": "system", "content": system })));
    let items = match &request["input"] {
        Value::Null => request["messages"].clone(),
        Value::String(text) => json!([{ "role": "user", "content": text }]),
        items => items.clone(),
    };
    let items = items.as_array().unwrap_or_else(|| panic!("no conversation: {request}"));
    let items = items.iter().filter(|item| item["type"] != "reasoning").map(said);
    instructions.into_iter().chain(items).collect()
}
