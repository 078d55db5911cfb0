//! The messages of a chat as a conversation of Anthropic's: the system prompt apart, user and assistant in turns.

use serde_json::{Map, Value, json};

use super::chunks::FORMAT;
use crate::error::Error;

/// A conversation as it is taken over.
#[derive(Default)]
pub struct Conversation {
    /// Blocks of the system prompt.
    pub system: Vec<Value>,
    /// The turns.
    pub messages: Vec<Value>,
}

impl Conversation {
    /// Takes one message of a chat.
    ///
    /// # Errors
    /// 400 that names it.
    pub fn take(&mut self, message: &Value, place: usize) -> Result<(), Error> {
        let invalid = |what: &str| Error::invalid(format!("messages[{place}]"), what.to_owned());
        let mut blocks = content(message.get("content")).map_err(&invalid)?;
        if let Some(cache) = message.get("cache_control").filter(|cache| !cache.is_null())
            && let Some(last) = blocks.last_mut()
        {
            last["cache_control"] = cache.clone();
        }
        match message.get("role").and_then(Value::as_str) {
            Some("system" | "developer") if self.messages.is_empty() => self.system.extend(blocks),
            // In the middle of a conversation only some models take it.
            Some("system" | "developer") => {
                let texts: Vec<&str> = blocks.iter().filter_map(|block| block["text"].as_str()).collect();
                self.add("user", vec![text(&format!("<system>\n{}\n</system>", texts.join("\n\n")))]);
            }
            Some("user") => self.add("user", blocks),
            Some("assistant") => {
                let mut said = thoughts(message);
                said.append(&mut blocks);
                said.extend(message.get("refusal").and_then(Value::as_str).filter(|said| !said.is_empty()).map(text));
                said.extend(calls(message).map_err(&invalid)?);
                // It takes no pictures back, and a turn of nothing else is none.
                if !said.is_empty() || message.get("images").is_none() {
                    self.add("assistant", said);
                }
            }
            Some("tool" | "function") => {
                let result =
                    json!({ "type": "tool_result", "tool_use_id": message["tool_call_id"], "content": blocks });
                self.add("user", vec![result]);
            }
            _ => return Err(invalid("A message's `role` is system, developer, user, assistant or tool.")),
        }
        Ok(())
    }

    /// Neighbours of one role are one turn.
    fn add(&mut self, role: &str, blocks: Vec<Value>) {
        if let Some(last) = self.messages.last_mut()
            && last["role"] == role
            && let Some(content) = last["content"].as_array_mut()
        {
            content.extend(blocks);
            return;
        }
        self.messages.push(json!({ "role": role, "content": blocks }));
    }
}

fn text(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}

/// What a model has thought, as it gave it itself: only that is taken back, and unchanged.
fn thoughts(message: &Value) -> Vec<Value> {
    let details = message.get("reasoning_details").and_then(Value::as_array);
    let own =
        details.into_iter().flatten().filter(|detail| detail.get("format").is_some_and(|format| format == FORMAT));
    own.filter_map(|detail| {
        let part = |name: &str| detail.get(name).and_then(Value::as_str);
        match part("type")? {
            "reasoning.text" => {
                let thinking = part("text").unwrap_or_default();
                Some(json!({ "type": "thinking", "thinking": thinking, "signature": part("signature")? }))
            }
            "reasoning.encrypted" => Some(json!({ "type": "redacted_thinking", "data": part("data")? })),
            _ => None,
        }
    })
    .collect()
}

fn calls(message: &Value) -> Result<Vec<Value>, &'static str> {
    if message.get("function_call").is_some_and(|call| !call.is_null()) {
        return Err("`function_call` is not known to this model; use `tool_calls`.");
    }
    let calls = message.get("tool_calls").and_then(Value::as_array);
    calls
        .into_iter()
        .flatten()
        .map(|call| {
            let function = call.get("function").ok_or("This model knows tools of the type `function` only.")?;
            let arguments = function.get("arguments").and_then(Value::as_str).unwrap_or_default();
            let arguments = if arguments.trim().is_empty() { "{}" } else { arguments };
            let input: Map<String, Value> =
                serde_json::from_str(arguments).map_err(|_| "The arguments of a tool's call are a JSON object.")?;
            Ok(json!({ "type": "tool_use", "id": call["id"], "name": function["name"], "input": input }))
        })
        .collect()
}

/// A content as blocks. An empty text is none: Anthropic refuses it.
fn content(content: Option<&Value>) -> Result<Vec<Value>, &'static str> {
    match content {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(said)) if said.is_empty() => Ok(Vec::new()),
        Some(Value::String(said)) => Ok(vec![text(said)]),
        Some(Value::Array(parts)) => {
            let mut blocks = Vec::new();
            for part in parts {
                let Some(mut block) = block(part)? else { continue };
                if let Some(cache) = part.get("cache_control").filter(|cache| !cache.is_null()) {
                    block["cache_control"] = cache.clone();
                }
                blocks.push(block);
            }
            Ok(blocks)
        }
        Some(_) => Err("A message's `content` is text, null or an array of parts."),
    }
}

fn block(part: &Value) -> Result<Option<Value>, &'static str> {
    let said = |name: &str| part.get(name).and_then(Value::as_str).unwrap_or_default();
    Ok(match said("type") {
        kind @ ("text" | "refusal") => Some(said(kind)).filter(|said| !said.is_empty()).map(text),
        "image_url" => {
            let image = part.get("image_url");
            let url = image.and_then(|image| image.get("url")).or(image).and_then(Value::as_str).unwrap_or_default();
            Some(
                json!({ "type": "image", "source": source(url).unwrap_or_else(|| json!({ "type": "url", "url": url })) }),
            )
        }
        "file" => {
            let file = part.get("file").and_then(|file| file.get("file_data")).and_then(Value::as_str);
            let source = file.and_then(source).ok_or("A file comes with the request, in `file_data` as a data URL.")?;
            let mut document = json!({ "type": "document", "source": source });
            if let Some(name) = part.pointer("/file/filename").filter(|name| name.is_string()) {
                document["title"] = name.clone();
            }
            Some(document)
        }
        // What a model thought is taken back as `reasoning_details` only.
        "thinking" => None,
        _ => return Err("This model takes text, images and files."),
    })
}

/// The source that a data URL is.
fn source(url: &str) -> Option<Value> {
    let (head, data) = url.strip_prefix("data:")?.split_once(',')?;
    let media_type = head.strip_suffix(";base64")?;
    Some(json!({ "type": "base64", "media_type": media_type, "data": data }))
}
