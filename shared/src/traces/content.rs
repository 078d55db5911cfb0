//! What was said in a call, as the GenAI conventions have it in a span: the messages of the prompt and that of the answer, each as JSON
//! (gen-ai-input-messages.json and gen-ai-output-messages.json there). Of a key alone whose setting says so.
//!
//! Text goes along up to a bound, the newest first; of a picture, a sound or a file nothing but that there was one.

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::api_key::masked;

/// Of the prompt, and of the answer, so many bytes of text go along.
pub const MOST_BYTES: usize = 32 * 1024;

/// The prompt's messages, as those of chat completions, the oldest first.
#[must_use]
pub fn input(messages: &[Box<RawValue>]) -> String {
    let mut left = MOST_BYTES;
    let mut told = Vec::new();
    for message in messages.iter().rev() {
        // What has no room is older than all that has.
        if left == 0 {
            break;
        }
        if let Ok(message) = serde_json::from_str(message.get()) {
            told.push(json!({ "role": role(&message), "parts": parts(&message, &mut left) }));
        }
    }
    told.reverse();
    Value::Array(told).to_string()
}

/// A prompt that is no conversation.
#[must_use]
pub fn prompt(text: &str) -> String {
    json!([{ "role": "user", "parts": [text_part(text, &mut { MOST_BYTES })] }]).to_string()
}

/// The answer's message, as that of a chat completion, or a text that is none.
#[must_use]
pub fn output(said: Option<&Map<String, Value>>, written: &str, finish_reason: &str) -> Option<String> {
    let mut left = MOST_BYTES;
    let parts = match said {
        Some(said) => parts(said, &mut left),
        None if written.is_empty() => return None,
        None => vec![text_part(written, &mut left)],
    };
    Some(json!([{ "role": "assistant", "parts": parts, "finish_reason": finish_reason }]).to_string())
}

fn role(message: &Map<String, Value>) -> &str {
    message.get("role").and_then(Value::as_str).unwrap_or("user")
}

fn parts(message: &Map<String, Value>, left: &mut usize) -> Vec<Value> {
    let is_result = role(message) == "tool";
    let mut parts = Vec::new();
    for name in ["reasoning", "reasoning_content"] {
        if let Some(Value::String(text)) = message.get(name) {
            parts.push(json!({ "type": "reasoning", "content": cut(text, left) }));
        }
    }
    match message.get("content") {
        Some(Value::String(text)) if is_result => parts.push(result(message, text, left)),
        Some(Value::String(text)) => parts.push(text_part(text, left)),
        Some(Value::Array(all)) if is_result => {
            let texts: Vec<&str> = all.iter().filter_map(|part| part.get("text")?.as_str()).collect();
            parts.push(result(message, &texts.concat(), left));
        }
        Some(Value::Array(all)) => parts.extend(all.iter().map(|part| content_part(part, left))),
        _ => {}
    }
    if let Some(Value::String(text)) = message.get("refusal") {
        parts.push(text_part(text, left));
    }
    for call in message.get("tool_calls").and_then(Value::as_array).into_iter().flatten() {
        let text = |value: Option<&Value>, left: &mut usize| cut(value.and_then(Value::as_str).unwrap_or(""), left);
        let function = call.get("function");
        let (id, name) = (text(call.get("id"), left), text(function.and_then(|it| it.get("name")), left));
        let arguments = text(function.and_then(|it| it.get("arguments")), left);
        parts.push(json!({ "type": "tool_call", "id": id, "name": name, "arguments": arguments }));
    }
    parts
}

/// What a tool has given.
fn result(message: &Map<String, Value>, text: &str, left: &mut usize) -> Value {
    let id = cut(message.get("tool_call_id").and_then(Value::as_str).unwrap_or(""), left);
    json!({ "type": "tool_call_response", "id": id, "response": cut(text, left) })
}

fn content_part(part: &Value, left: &mut usize) -> Value {
    match part.get("text").or_else(|| part.get("refusal")).and_then(Value::as_str) {
        Some(text) => text_part(text, left),
        None => json!({ "type": cut(part.get("type").and_then(Value::as_str).unwrap_or("unknown"), left) }),
    }
}

fn text_part(text: &str, left: &mut usize) -> Value {
    json!({ "type": "text", "content": cut(text, left) })
}

/// As much of a text as has room, without the keys of this gateway in it.
fn cut(text: &str, left: &mut usize) -> String {
    let mut end = text.len().min(*left);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let whole = end == text.len();
    *left = if whole { *left - end } else { 0 };
    // A key that is cut off is one all the same.
    let mut shown = masked(&text[..end]).into_owned();
    if !whole {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(all: &Value) -> Vec<Box<RawValue>> {
        let all = all.as_array().expect("a list").iter();
        all.map(|it| serde_json::value::to_raw_value(it).expect("JSON")).collect()
    }

    fn read(text: &str) -> Value {
        serde_json::from_str(text).expect("JSON")
    }

    #[test]
    fn messages_are_told_in_the_conventions_words() {
        let asked = messages(&json!([
            {"role": "system", "content": "Be short."},
            {"role": "user", "content": [{"type": "text", "text": "What is it?"},
                                         {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]},
            {"role": "assistant", "content": null, "tool_calls": [
                {"id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{\"at\":1}"}}]},
            {"role": "tool", "tool_call_id": "call_1", "content": "a fox"}
        ]));
        assert_eq!(
            read(&input(&asked)),
            json!([
                {"role": "system", "parts": [{"type": "text", "content": "Be short."}]},
                {"role": "user", "parts": [{"type": "text", "content": "What is it?"}, {"type": "image_url"}]},
                {"role": "assistant", "parts": [
                    {"type": "tool_call", "id": "call_1", "name": "look", "arguments": "{\"at\":1}"}]},
                {"role": "tool", "parts": [{"type": "tool_call_response", "id": "call_1", "response": "a fox"}]}
            ])
        );
        let said = json!({"role": "assistant", "content": "A fox.", "reasoning": "Red fur."});
        let told = output(said.as_object(), "A fox.", "stop").expect("an answer");
        assert_eq!(
            read(&told),
            json!([{"role": "assistant", "finish_reason": "stop", "parts": [
                {"type": "reasoning", "content": "Red fur."}, {"type": "text", "content": "A fox."}]}])
        );
        assert_eq!(output(None, "", "error"), None);
    }

    #[test]
    fn the_newest_has_room_first_and_no_more_than_there_is() {
        let long = "ä".repeat(MOST_BYTES);
        let asked = messages(&json!([
            {"role": "user", "content": "the oldest"}, {"role": "user", "content": long}, {"role": "user", "content": "new"}]));
        let told = input(&asked);
        assert!(told.len() < MOST_BYTES + 1000 && !told.contains("the oldest") && told.contains("new"));
        assert!(read(&told)[0]["parts"][0]["content"].as_str().is_some_and(|text| text.ends_with('…')));
        assert!(prompt(&long).len() < MOST_BYTES + 1000);
    }

    #[test]
    fn a_key_of_this_gateway_is_not_told_wherever_a_text_is_cut() {
        let key = format!("gw_live_{}", "a".repeat(43));
        let told = prompt(&format!("Is {key} mine? And \"{key}\"?"));
        assert_eq!(read(&told)[0]["parts"][0]["content"], "Is gw_live_… mine? And \"gw_live_…\"?");
        let told = prompt(&format!("{}{key}", "x".repeat(MOST_BYTES - 20)));
        assert!(told.contains("gw_live_…") && !told.contains("gw_live_a"));
    }
}
