//! Recorded answers: the chunks add up to the plain answer, member by member.

use serde_json::{Value, json};

use super::{Fixture, ask, ask_text};
use crate::provider::{behaviour::shapes, format::Format};

/// What names a thing rather than grows with every chunk.
const NAMES: [&str; 8] = ["id", "object", "model", "role", "type", "format", "finish_reason", "native_finish_reason"];

/// Lists of parts, in the messages that have them. The likelihoods' list of the same name has no types.
const PARTS: [&str; 2] = ["content", "thinking"];

/// Puts `more` into `whole`, as the SDKs' accumulators do: texts grow, what has an index is found by it, the rest is
/// set.
fn add(whole: &mut Value, name: &str, more: Value) {
    match (whole, more) {
        (_, Value::Null) => {}
        (Value::String(text), Value::String(more)) if !NAMES.contains(&name) => text.push_str(&more),
        (Value::Array(parts), Value::String(more)) if name == "content" => {
            if !more.is_empty() {
                add_part(parts, json!({"type": "text", "text": more}));
            }
        }
        (Value::Array(all), Value::Array(more)) => {
            for item in more {
                // A picture comes whole, whatever its number is.
                let index = item.get("index").filter(|_| name != "images");
                let known = index.and_then(|index| all.iter_mut().find(|known| known["index"] == *index));
                match known {
                    Some(known) => add(known, name, item),
                    None if PARTS.contains(&name) && item["type"].is_string() => add_part(all, item),
                    None => all.push(item),
                }
            }
        }
        (Value::Object(all), Value::Object(more)) => {
            for (name, value) in more {
                match all.get_mut(&name) {
                    Some(known) => add(known, &name, value),
                    None => {
                        all.insert(name, value);
                    }
                }
            }
        }
        (whole, more) => *whole = more,
    }
}

/// A part of a content goes on with the last one of its type.
fn add_part(parts: &mut Vec<Value>, part: Value) {
    match parts.last_mut() {
        Some(last) if last["type"] == part["type"] => add(last, "part", part),
        _ => parts.push(part),
    }
}

/// The plain answer that a stream's chunks say.
fn sum(chunks: Vec<Value>, object: &str) -> Value {
    let mut whole = json!({});
    for mut chunk in chunks {
        // Members that are about the chunk.
        let members = chunk.as_object_mut().expect("an object");
        members.remove("obfuscation");
        let choices = members.remove("choices").unwrap_or_default();
        let set = members.clone();
        whole.as_object_mut().expect("an object").extend(set.into_iter().filter(|(_, value)| !value.is_null()));
        for mut choice in choices.as_array().expect("choices").clone() {
            if let Some(delta) = choice.as_object_mut().expect("an object").remove("delta") {
                choice["message"] = delta;
            }
            if whole.get("choices").is_none() {
                whole["choices"] = json!([]);
            }
            add(&mut whole["choices"], "choices", json!([choice]));
        }
    }
    whole["object"] = json!(object);
    let choices = whole["choices"].as_array_mut().expect("choices");
    choices.sort_by_key(|choice| choice["index"].as_u64());
    for choice in choices {
        for list in ["tool_calls", "images"] {
            for one in listed(choice, list) {
                one.as_object_mut().map(|one| one.remove("index"));
            }
        }
    }
    whole
}

/// What a message lists under this name.
fn listed<'a>(choice: &'a mut Value, name: &str) -> impl Iterator<Item = &'a mut Value> + use<'a> {
    choice.pointer_mut(&format!("/message/{name}")).and_then(Value::as_array_mut).into_iter().flatten()
}

/// Both variants of an answer, from one request.
async fn both(fixture: &Fixture, format: Format, body: Value) -> (Value, Vec<Value>) {
    let (status, plain) = fixture.plain_of(format, &body).await;
    assert_eq!(status, 200, "{plain}");
    let mut body = body;
    let silent = fixture.stream_of(format, &body).await;
    assert!(silent.iter().all(|chunk| chunk.get("usage").is_none() && chunk["choices"] != json!([])));
    body["stream_options"] = json!({"include_usage": true});
    (plain, fixture.stream_of(format, &body).await)
}

#[tokio::test]
async fn every_recorded_stream_adds_up_to_its_plain_answer() {
    let fixture = Fixture::start().await;
    let mut found = [Vec::new(), Vec::new()];
    for model in shapes() {
        for (format, body) in [(Format::Chat, ask(&model)), (Format::Text, ask_text(&model))] {
            if format == Format::Text && fixture.plain_of(format, &body).await.0 == 404 {
                continue;
            }
            let (plain, chunks) = both(&fixture, format, body).await;
            assert!(chunks.len() > 2 && chunks.iter().all(|chunk| chunk["object"] == format.chunk_object()));
            assert_eq!(plain["model"], json!(model));
            assert_eq!(sum(chunks, format.object()), plain, "{model}");
            found[format as usize].push(plain);
        }
    }
    assert_eq!(found.map(|plain| plain.len()), [shapes().count(), 6]);
}

#[tokio::test]
async fn every_made_up_stream_adds_up_to_its_plain_answer() {
    let fixture = Fixture::start().await;
    let tool = |name: &str| json!({"type": "function", "function": {"name": name}});
    let with = |mut body: Value, more: Value| {
        body.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        body
    };
    let logprobs = json!({"logprobs": 2, "echo": true, "n": 2});
    let cases = [
        (Format::Chat, ask("some/model")),
        (Format::Chat, with(ask("some/model"), json!({"n": 3, "max_tokens": 9}))),
        (Format::Chat, with(ask("some/model"), json!({"tools": [tool("first"), tool("second")]}))),
        (Format::Chat, ask("standin/reasoning")),
        (Format::Text, ask_text("some/model")),
        (Format::Text, with(ask_text("some/model"), json!({"prompt": ["One", "Two"], "n": 2, "max_tokens": 9}))),
        (Format::Text, with(ask_text("some/model"), logprobs)),
        (Format::Text, ask_text("standin/reasoning")),
    ];
    for (format, body) in cases {
        let (mut plain, chunks) = both(&fixture, format, body.clone()).await;
        let mut sum = sum(chunks, format.object());
        for answer in [&mut plain, &mut sum] {
            // These two, and the ids of calls, are each answer's own.
            answer["id"] = Value::Null;
            answer["created"] = Value::Null;
            for call in listed(&mut answer["choices"][0], "tool_calls") {
                call["id"] = Value::Null;
            }
        }
        assert_eq!(sum, plain, "{body}");
    }
}
