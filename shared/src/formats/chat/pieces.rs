//! What a delta of a chat, or a whole message of one, says: in the order in which formats say it that give it in blocks or
//! items.

use serde_json::{Map, Value};

/// A piece of what a model has produced.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    /// What it has thought.
    Thought(String),
    /// The signature of that.
    Signature(String),
    /// What it has thought, encrypted.
    Redacted(String),
    /// Text.
    Text(String),
    /// That it will not.
    Refusal(String),
    /// A picture that it has drawn, as its URL.
    Picture(String),
    /// A piece of a tool's call.
    Call(CallPiece),
}

/// A piece of a tool's call.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct CallPiece {
    /// Which call it belongs to, if the provider says so.
    pub index: Option<u64>,
    /// Its id, where it begins.
    pub id: Option<String>,
    /// The tool's name, where it begins.
    pub name: Option<String>,
    /// What of the arguments has come.
    pub arguments: String,
}

/// The pieces of a delta.
pub fn pieces(said: &Map<String, Value>) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let text = |name: &str| said.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    // The same thought may stand there in several spellings.
    let plain = ["reasoning_content", "reasoning"].into_iter().find_map(text);
    pieces.extend(plain.map(|thought| Piece::Thought(thought.to_owned())));
    for detail in said.get("reasoning_details").and_then(Value::as_array).into_iter().flatten() {
        let part = |name: &str| {
            detail.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(ToOwned::to_owned)
        };
        if plain.is_none() {
            pieces.extend(part("text").or_else(|| part("summary")).map(Piece::Thought));
        }
        pieces.extend(part("signature").map(Piece::Signature));
        pieces.extend(part("data").map(Piece::Redacted));
    }
    match said.get("content") {
        Some(Value::String(text)) if !text.is_empty() => pieces.push(Piece::Text(text.clone())),
        Some(Value::Array(parts)) => pieces.extend(parts.iter().filter_map(part)),
        _ => {}
    }
    pieces.extend(text("refusal").map(|text| Piece::Refusal(text.to_owned())));
    let drawn = said.get("images").and_then(Value::as_array).into_iter().flatten();
    let url = |image: &Value| image.pointer("/image_url/url").and_then(Value::as_str).map(ToOwned::to_owned);
    pieces.extend(drawn.filter_map(url).map(Piece::Picture));
    let calls = said.get("tool_calls").and_then(Value::as_array);
    pieces.extend(calls.into_iter().flatten().map(call).map(Piece::Call));
    pieces
}

/// A part of a content that comes in parts.
fn part(part: &Value) -> Option<Piece> {
    let text = |part: &Value| part.get("text").and_then(Value::as_str).unwrap_or_default().to_owned();
    let piece = match part.get("type").and_then(Value::as_str)? {
        "thinking" => match part.get("thinking")? {
            Value::String(thought) => Piece::Thought(thought.clone()),
            thoughts => Piece::Thought(thoughts.as_array()?.iter().map(text).collect()),
        },
        _ => Piece::Text(text(part)),
    };
    match &piece {
        Piece::Text(text) | Piece::Thought(text) if text.is_empty() => None,
        _ => Some(piece),
    }
}

fn call(call: &Value) -> CallPiece {
    let function = call.get("function").or_else(|| call.get("custom"));
    let text = |holder: Option<&Value>, name: &str| {
        holder
            .and_then(|holder| holder.get(name))
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
            .map(ToOwned::to_owned)
    };
    CallPiece {
        index: call.get("index").and_then(Value::as_u64),
        id: text(Some(call), "id"),
        name: text(function, "name"),
        arguments: text(function, "arguments").or_else(|| text(function, "input")).unwrap_or_default(),
    }
}
