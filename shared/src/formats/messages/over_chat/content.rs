//! The messages of a conversation as chat has them.

use serde_json::{Map, Value, json};

use crate::error::Error;
use crate::formats::chat::names::Names;

/// What Claude Code puts first into its system prompt: it changes with every version, and no prompt after it could be
/// found in a cache.
const NOT_SAID: &str = "x-anthropic-billing-header:";

/// What is taken over from a request's conversation.
pub struct Conversation<'a> {
    /// The messages so far.
    pub messages: Vec<Value>,
    /// Names of tools.
    pub names: &'a mut Names,
    /// Whether the provider takes back what a model has thought.
    pub with_thoughts: bool,
}

impl Conversation<'_> {
    /// All that a request says.
    ///
    /// # Errors
    /// 400 that names what is no message.
    pub fn request(&mut self, request: &Map<String, Value>) -> Result<(), Error> {
        if let Some(system) = filled(request, "system") {
            self.system(system);
        }
        let messages = request.get("messages").and_then(Value::as_array);
        messages.into_iter().flatten().enumerate().try_for_each(|(place, message)| self.message(message, place))
    }

    /// The system prompt: one message, since the templates of open models take no second one.
    fn system(&mut self, system: &Value) {
        let texts = match system {
            Value::String(text) => vec![text.as_str()],
            Value::Array(blocks) => blocks.iter().filter_map(text_of).collect(),
            _ => Vec::new(),
        };
        let said: Vec<&str> = texts.into_iter().filter(|text| !text.starts_with(NOT_SAID)).collect();
        if !said.is_empty() {
            self.messages.push(json!({ "role": "system", "content": said.join("\n\n") }));
        }
    }

    /// One message, which may become several: in a chat, results of tools stand by themselves.
    ///
    /// # Errors
    /// 400 that names the message.
    fn message(&mut self, message: &Value, place: usize) -> Result<(), Error> {
        let content = match message.get("content") {
            Some(Value::String(text)) => vec![json!({ "type": "text", "text": text })],
            Some(Value::Array(blocks)) => blocks.clone(),
            _ => Vec::new(),
        };
        match message.get("role").and_then(Value::as_str) {
            Some("user") => self.user(content),
            Some("assistant") => self.assistant(content),
            // In the middle of a conversation only some templates take it.
            Some("system") => {
                let texts: Vec<&str> = content.iter().filter_map(text_of).collect();
                let said = format!("<system>\n{}\n</system>", texts.join("\n\n"));
                self.messages.push(json!({ "role": "user", "content": said }));
            }
            _ => {
                let message = "A message's `role` is user, assistant or system.";
                return Err(Error::invalid(format!("messages[{place}].role"), message));
            }
        }
        Ok(())
    }

    fn user(&mut self, content: Vec<Value>) {
        let mut parts = Vec::new();
        for block in content {
            if kind(&block) == "tool_result" {
                let (text, others) = result(&block);
                self.messages.push(json!({ "role": "tool", "tool_call_id": block["tool_use_id"], "content": text }));
                parts.extend(others);
            } else {
                parts.extend(parts_of(&block));
            }
        }
        if let Some(content) = together(parts) {
            self.messages.push(json!({ "role": "user", "content": content }));
        }
    }

    fn assistant(&mut self, content: Vec<Value>) {
        let (mut text, mut thoughts, mut calls) = (String::new(), String::new(), Vec::new());
        for block in content {
            match kind(&block) {
                "text" => text.push_str(text_of(&block).unwrap_or_default()),
                "thinking" => thoughts.push_str(block["thinking"].as_str().unwrap_or_default()),
                "tool_use" => {
                    let input = block.get("input").filter(|input| !input.is_null());
                    let name = self.names.short(block["name"].as_str().unwrap_or_default());
                    let arguments = input.map_or_else(|| "{}".to_owned(), Value::to_string);
                    calls.push(json!({ "id": block["id"], "type": "function",
                        "function": { "name": name, "arguments": arguments } }));
                }
                _ => {}
            }
        }
        if text.is_empty() && calls.is_empty() {
            return;
        }
        let mut message =
            json!({ "role": "assistant", "content": if text.is_empty() { Value::Null } else { json!(text) } });
        if !calls.is_empty() {
            message["tool_calls"] = Value::Array(calls);
            if self.with_thoughts && !thoughts.is_empty() {
                message["reasoning_content"] = json!(thoughts);
            }
        }
        self.messages.push(message);
    }
}

/// The messages of a request as a chat keeps them: whole, whoever serves them next.
///
/// # Errors
/// 400 that names what is no message.
pub fn kept_messages(request: &Map<String, Value>) -> Result<Vec<Value>, Error> {
    let mut names = Names::uncut();
    let mut conversation = Conversation { messages: Vec::new(), names: &mut names, with_thoughts: true };
    conversation.request(request)?;
    Ok(conversation.messages)
}

fn kind(block: &Value) -> &str {
    block.get("type").and_then(Value::as_str).unwrap_or_default()
}

fn text_of(block: &Value) -> Option<&str> {
    block.get("text").and_then(Value::as_str)
}

fn text_part(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}

/// A tool's result: its text, and what in it cannot be said in text.
fn result(block: &Value) -> (String, Vec<Value>) {
    let parts = match block.get("content") {
        Some(Value::String(text)) => vec![text_part(text)],
        Some(Value::Array(blocks)) => blocks.iter().flat_map(parts_of).collect(),
        _ => Vec::new(),
    };
    let (texts, others): (Vec<Value>, Vec<Value>) = parts.into_iter().partition(|part| kind(part) == "text");
    let texts: Vec<&str> = texts.iter().filter_map(text_of).collect();
    let failed = block.get("is_error") == Some(&Value::Bool(true));
    (format!("{}{}", if failed { "Error: " } else { "" }, texts.join("\n\n")), others)
}

/// A block as the parts of a user's message.
fn parts_of(block: &Value) -> Vec<Value> {
    let source = |name: &str| block.get("source").and_then(|source| source.get(name));
    let said = |name: &str| source(name).and_then(Value::as_str).unwrap_or_default();
    let title = block.get("title").and_then(Value::as_str);
    match (kind(block), said("type")) {
        ("text", _) => text_of(block).map(text_part).into_iter().collect(),
        ("image", "base64") => {
            let url = format!("data:{};base64,{}", said("media_type"), said("data"));
            vec![json!({ "type": "image_url", "image_url": { "url": url } })]
        }
        ("image", "url") => vec![json!({ "type": "image_url", "image_url": { "url": said("url") } })],
        ("document", "base64") => {
            let data = format!("data:{};base64,{}", said("media_type"), said("data"));
            let name = title.unwrap_or("document.pdf");
            vec![json!({ "type": "file", "file": { "filename": name, "file_data": data } })]
        }
        ("document", "text") => vec![document(title, said("data"))],
        ("document", "content") => match source("content") {
            Some(Value::String(text)) => vec![document(title, text)],
            Some(Value::Array(blocks)) => blocks.iter().flat_map(parts_of).collect(),
            _ => Vec::new(),
        },
        ("search_result", _) => {
            let blocks = block.get("content").and_then(Value::as_array);
            let texts: Vec<&str> = blocks.into_iter().flatten().filter_map(text_of).collect();
            let found = block.get("source").and_then(Value::as_str).unwrap_or_default();
            vec![document(title, &format!("{found}\n\n{}", texts.join("\n\n")))]
        }
        ("tool_reference", _) => block.get("tool_name").and_then(Value::as_str).map(text_part).into_iter().collect(),
        // What tools at a provider did in earlier turns is in the text that followed.
        _ => Vec::new(),
    }
}

fn document(title: Option<&str>, text: &str) -> Value {
    let title = title.map(|title| format!(" title={}", json!(title))).unwrap_or_default();
    text_part(&format!("<document{title}>\n{text}\n</document>"))
}

/// The parts as a content: one text where they are nothing else, which every model takes.
fn together(parts: Vec<Value>) -> Option<Value> {
    if parts.is_empty() {
        return None;
    }
    if parts.iter().any(|part| kind(part) != "text") {
        return Some(Value::Array(parts));
    }
    let texts: Vec<&str> = parts.iter().filter_map(text_of).collect();
    Some(json!(texts.join("\n\n")))
}

/// Whether a request's member is there and not null.
pub fn filled<'a>(request: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    request.get(name).filter(|value| !value.is_null())
}
