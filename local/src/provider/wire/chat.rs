//! A choice of a chat completion: its message, and the deltas that add up to it.

use serde_json::{Value, json};

use super::{Delta, Envelope, images::picture, join};
use crate::provider::answer::{Choice, Content, ToolCall};

fn call_id(envelope: Envelope, choice: usize, call: usize) -> String {
    format!("call_{:016x}_{choice}_{call}", envelope.serial)
}

/// What is drawn, as OpenRouter gives it; in a delta with its number.
fn image(drawn: &str) -> Value {
    json!({"type": "image_url", "image_url": {"url": format!("data:image/png;base64,{}", picture(drawn, 0))}})
}

pub(super) fn message(envelope: Envelope, index: usize, choice: &Choice) -> Value {
    let mut message = json!({"role": "assistant", "content": null, "refusal": null});
    if !choice.reasoning.is_empty() {
        message[envelope.vendor.reasoning_field()] = json!(join(&choice.reasoning));
    }
    match &choice.content {
        Content::Text(pieces) => message["content"] = json!(join(pieces)),
        Content::Calls(calls) => {
            let call = |(at, call): (usize, &ToolCall)| {
                json!({
                    "id": call_id(envelope, index, at),
                    "type": "function",
                    "function": {"name": call.name.text, "arguments": join(&call.arguments)},
                })
            };
            message["tool_calls"] = calls.iter().enumerate().map(call).collect();
        }
    }
    if let Some(drawn) = &choice.picture {
        message["images"] = json!([image(drawn)]);
    }
    json!({ "message": message })
}

pub(super) fn deltas(envelope: Envelope, index: usize, choice: &Choice) -> Vec<Delta> {
    let delta = |body: Value, tokens: u64| Delta::new(json!({ "delta": body }), tokens);
    // A message without a text has null there; a delta of it says so, since an empty text would be one.
    let content = match choice.content {
        Content::Text(_) => json!(""),
        Content::Calls(_) => Value::Null,
    };
    let role = json!({"role": "assistant", "content": content, "refusal": null});
    let mut deltas = vec![Delta { content: false, ..delta(role, 0) }];
    for piece in &choice.reasoning {
        let body = json!({envelope.vendor.reasoning_field(): piece.text});
        deltas.push(Delta { reasoning: piece.tokens, ..delta(body, piece.tokens) });
    }
    match &choice.content {
        Content::Text(pieces) => {
            deltas.extend(pieces.iter().map(|piece| delta(json!({"content": piece.text}), piece.tokens)));
        }
        Content::Calls(calls) => {
            for (at, call) in calls.iter().enumerate() {
                let function = json!({"name": call.name.text, "arguments": ""});
                let head = json!({
                    "index": at, "id": call_id(envelope, index, at), "type": "function", "function": function
                });
                deltas.push(delta(json!({"tool_calls": [head]}), call.name.tokens));
                for piece in &call.arguments {
                    let rest = json!({"index": at, "function": {"arguments": piece.text}});
                    deltas.push(delta(json!({"tool_calls": [rest]}), piece.tokens));
                }
            }
        }
    }
    if let Some(drawn) = &choice.picture {
        let mut image = image(drawn);
        image["index"] = json!(0);
        let tokens = choice.drawn();
        deltas.push(Delta { image: tokens, ..delta(json!({"content": "", "images": [image]}), tokens) });
    }
    deltas.push(Delta { finish: Some(choice.finish), content: false, ..delta(json!({}), 0) });
    deltas
}
