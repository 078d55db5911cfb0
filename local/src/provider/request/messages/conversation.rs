//! What a message's conversation says: who says what, and which call has which result.

use serde_json::{Map, Value, json};

use super::wrong_cache;
use crate::provider::request::{caches::Marks, field, told::Steps};
use crate::provider::{error::ApiError, wire::SIGNATURE};

/// What is read of a conversation.
#[derive(Default)]
pub(super) struct Conversation {
    pub(super) thinks: bool,
    pub(super) messages: u64,
    pub(super) images: u64,
    pub(super) texts: Vec<String>,
    pub(super) marks: Marks,
    pub(super) last_of_user: String,
    pub(super) ends_with_result: bool,
    pub(super) steps: Steps,
}

impl Conversation {
    pub(super) fn read(&mut self, body: &Map<String, Value>) -> Result<(), ApiError> {
        if let Some(system) = field(body, "system") {
            self.messages += 1;
            let blocks = match system {
                Value::String(text) => vec![json!({"type": "text", "text": text})],
                Value::Array(blocks) => blocks.clone(),
                _ => return Err(ApiError::wrong_type("system", "a string or an array of text blocks")),
            };
            for (index, block) in blocks.iter().enumerate() {
                if block["type"] != "text" {
                    return Err(ApiError::wrong_value(&format!("system.{index}.type"), "text"));
                }
                self.block(block, &format!("system.{index}"))?;
            }
        }
        let messages = match field(body, "messages") {
            None => return Err(ApiError::missing("messages")),
            Some(Value::Array(messages)) if !messages.is_empty() => messages,
            Some(_) => return Err(ApiError::bad_request("messages: at least one message is required")),
        };
        // Calls that the next message has to answer.
        let mut open: Vec<String> = Vec::new();
        for (index, message) in messages.iter().enumerate() {
            open = self.message(message, index, open, index + 1 == messages.len())?;
        }
        if open.is_empty() { Ok(()) } else { Err(unanswered(messages.len() - 1, &open)) }
    }

    fn message(
        &mut self,
        message: &Value,
        index: usize,
        open: Vec<String>,
        last: bool,
    ) -> Result<Vec<String>, ApiError> {
        self.messages += 1;
        let at = format!("messages.{index}");
        let role =
            message.get("role").and_then(Value::as_str).ok_or_else(|| ApiError::missing(&format!("{at}.role")))?;
        // In the middle of a conversation, the models of today take further words of the system's.
        if !matches!(role, "user" | "assistant" | "system") {
            return Err(ApiError::wrong_value(&format!("{at}.role"), "'user' or 'assistant'"));
        }
        if index == 0 && role != "user" {
            return Err(ApiError::bad_request("messages: first message must use the \"user\" role"));
        }
        let content = match message.get("content") {
            Some(Value::String(text)) if !text.is_empty() => vec![json!({"type": "text", "text": text})],
            Some(Value::Array(blocks)) if !blocks.is_empty() => blocks.clone(),
            Some(Value::String(_) | Value::Array(_)) if last && role == "assistant" => Vec::new(),
            Some(Value::String(_) | Value::Array(_)) => {
                return Err(ApiError::bad_request(format!("{at}: all messages must have non-empty content")));
            }
            _ => return Err(ApiError::missing(&format!("{at}.content"))),
        };
        let before = self.texts.len();
        for (place, block) in content.iter().enumerate() {
            self.block(block, &format!("{at}.content.{place}"))?;
        }
        let of_kind = |kind: &'static str| content.iter().filter(move |block| block["type"] == kind);
        let ids = |kind, id: &'static str| -> Vec<String> {
            of_kind(kind).filter_map(|block| block[id].as_str()).map(str::to_owned).collect()
        };
        let (calls, results) = (ids("tool_use", "id"), ids("tool_result", "tool_use_id"));
        if results.iter().any(|id| !open.contains(id)) || (role == "assistant" && !results.is_empty()) {
            return Err(ApiError::bad_request(format!("{at}: unexpected `tool_use_id` found in `tool_result` blocks")));
        }
        if open.iter().any(|id| !results.contains(id)) {
            return Err(unanswered(index - 1, &open));
        }
        let first_other = content.iter().position(|block| block["type"] != "tool_result").unwrap_or(content.len());
        if content[first_other..].iter().any(|block| block["type"] == "tool_result") {
            return Err(ApiError::bad_request(format!("{at}: `tool_result` blocks must come first")));
        }
        if self.thinks && !calls.is_empty() && !content[0]["type"].as_str().unwrap_or_default().contains("thinking") {
            return Err(ApiError::bad_request(format!(
                "{at}.content.0.type: Expected `thinking` or `redacted_thinking`"
            )));
        }
        if last && role == "assistant" {
            let text = content.last().and_then(|block| block["text"].as_str()).unwrap_or_default();
            if text != text.trim_end() {
                return Err(ApiError::bad_request(
                    "messages: final assistant content cannot end with trailing whitespace",
                ));
            }
        }
        self.ends_with_result = !results.is_empty();
        if role == "user" {
            self.last_of_user = self.texts[before..].join("\n");
            let texts: Vec<&str> = of_kind("text").filter_map(|block| block["text"].as_str()).collect();
            self.steps.said(&texts.join("\n"));
        }
        if !calls.is_empty() {
            self.steps.called();
        }
        Ok(calls)
    }

    fn block(&mut self, block: &Value, at: &str) -> Result<(), ApiError> {
        let said = |name: &str| {
            let at = format!("{at}.{name}");
            block.get(name).and_then(Value::as_str).ok_or_else(|| ApiError::missing(&at))
        };
        match said("type")? {
            "text" => {
                let text = said("text")?;
                if text.is_empty() {
                    return Err(ApiError::bad_request("messages: text content blocks must be non-empty"));
                }
                self.texts.push(text.to_owned());
            }
            "image" => self.image(&block["source"], at)?,
            "document" => match block["source"]["type"].as_str() {
                Some("base64" | "text") => {
                    self.texts.push(block["source"]["data"].as_str().unwrap_or_default().to_owned());
                }
                Some("content" | "url") => {}
                _ => return Err(ApiError::wrong_value(&format!("{at}.source.type"), "base64, text, content or url")),
            },
            "thinking" => {
                self.texts.push(said("thinking")?.to_owned());
                if !said("signature")?.starts_with(SIGNATURE) {
                    return Err(ApiError::bad_request(format!("{at}: Invalid `signature` in `thinking` block")));
                }
            }
            "redacted_thinking" => self.texts.push(said("data")?.to_owned()),
            "tool_use" => {
                let id = said("id")?;
                if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
                {
                    return Err(ApiError::wrong_value(&format!("{at}.id"), "letters, digits, underscores and dashes"));
                }
                self.texts.push(said("name")?.to_owned());
                let input = block.get("input").filter(|input| input.is_object());
                let input = input.ok_or_else(|| ApiError::wrong_type(&format!("{at}.input"), "an object"))?;
                self.texts.push(input.to_string());
            }
            "tool_result" => {
                said("tool_use_id")?;
                match block.get("content") {
                    None | Some(Value::Null) => {}
                    Some(Value::String(text)) => self.texts.push(text.clone()),
                    Some(Value::Array(blocks)) => {
                        for (index, block) in blocks.iter().enumerate() {
                            self.block(block, &format!("{at}.content.{index}"))?;
                        }
                    }
                    Some(_) => return Err(ApiError::wrong_type(&format!("{at}.content"), "a string or blocks")),
                }
            }
            "search_result" => self.texts.push(block["content"].to_string()),
            _ => return Err(ApiError::wrong_value(&format!("{at}.type"), "a type of content block")),
        }
        self.marks.take(block, self.texts.len()).ok_or_else(|| wrong_cache(at))
    }

    fn image(&mut self, source: &Value, at: &str) -> Result<(), ApiError> {
        let said = |name: &str| source.get(name).and_then(Value::as_str).unwrap_or_default();
        let right = match said("type") {
            "base64" => {
                ["image/jpeg", "image/png", "image/gif", "image/webp"].contains(&said("media_type"))
                    && !said("data").is_empty()
            }
            "url" => said("url").starts_with("https://") || said("url").starts_with("http://"),
            _ => false,
        };
        if !right {
            return Err(ApiError::wrong_value(&format!("{at}.source"), "the data of an image, or its address"));
        }
        self.images += 1;
        Ok(())
    }
}

fn unanswered(index: usize, ids: &[String]) -> ApiError {
    ApiError::bad_request(format!(
        "messages.{index}: `tool_use` ids were found without `tool_result` blocks immediately after: {}",
        ids.join(", ")
    ))
}
