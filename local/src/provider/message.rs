//! The messages of a request: their checks, and the size of the prompt that they make.

use serde_json::{Map, Value};

use super::{
    error::ApiError,
    request::field,
    tokens::{self, IMAGE_TOKENS},
};

const ROLES: [&str; 5] = ["system", "developer", "user", "assistant", "tool"];

/// What an answer needs to know of the messages, the tool definitions and the response format.
#[derive(Debug, Default)]
pub(super) struct Prompt {
    /// The text of the last message of the user; empty if there is none.
    pub(super) last_user_text: String,
    /// Whether the last message is the user's.
    pub(super) ends_with_user: bool,
    messages: u64,
    images: u64,
    /// Contents, names, refusals, and names and arguments of tool calls.
    texts: Vec<String>,
    /// `tools` and `response_format` as compact JSON.
    definitions: Vec<String>,
}

impl Prompt {
    pub(super) fn parse(body: &Map<String, Value>) -> Result<Self, ApiError> {
        let messages = match field(body, "messages") {
            None => return Err(ApiError::missing("messages")),
            Some(Value::Array(messages)) if messages.is_empty() => {
                return Err(ApiError::parameter("messages", "empty_array", "must not be empty"));
            }
            Some(Value::Array(messages)) => messages,
            Some(_) => return Err(ApiError::wrong_type("messages", "an array of objects")),
        };
        let mut prompt = Self { messages: messages.len() as u64, ..Self::default() };
        for (index, message) in messages.iter().enumerate() {
            let at = format!("messages[{index}]");
            let Value::Object(message) = message else {
                return Err(ApiError::wrong_type(&at, "an object"));
            };
            prompt.message(message, &at)?;
        }
        prompt.definitions =
            ["tools", "response_format"].iter().filter_map(|name| field(body, name)).map(Value::to_string).collect();
        Ok(prompt)
    }

    /// The real count: o200k tokens of all texts and definitions, four a message, and [`IMAGE_TOKENS`] an image.
    pub(super) fn tokens(&self) -> u64 {
        let texts = self.texts.iter().chain(&self.definitions).map(|text| tokens::count(text));
        texts.sum::<u64>() + 4 * self.messages + IMAGE_TOKENS * self.images
    }

    /// The most that any tokenizer can make of it: a token a byte, 16 a message, and `image_tokens` an image.
    pub(super) fn bound(&self, image_tokens: u64) -> u64 {
        let texts = self.texts.iter().chain(&self.definitions).map(|text| text.len() as u64);
        texts.sum::<u64>() + 16 * self.messages + image_tokens * self.images
    }

    fn message(&mut self, message: &Map<String, Value>, at: &str) -> Result<(), ApiError> {
        let role_at = format!("{at}.role");
        let role = match field(message, "role") {
            None => return Err(ApiError::missing(&role_at)),
            Some(Value::String(role)) => role.as_str(),
            Some(_) => return Err(ApiError::wrong_type(&role_at, "a string")),
        };
        if !ROLES.contains(&role) {
            return Err(ApiError::wrong_value(&role_at, &format!("one of {}", ROLES.join(", "))));
        }
        if role == "tool" {
            text(message, "tool_call_id", at)?.ok_or_else(|| ApiError::missing(&format!("{at}.tool_call_id")))?;
        }
        self.texts.extend(text(message, "name", at)?.map(str::to_owned));
        let before = self.texts.len();
        let calls = role == "assistant" && field(message, "tool_calls").is_some();
        match field(message, "content") {
            None if calls || (role == "assistant" && field(message, "refusal").is_some()) => {}
            None => return Err(ApiError::missing(&format!("{at}.content"))),
            Some(content) => self.content(content, &format!("{at}.content"))?,
        }
        self.ends_with_user = role == "user";
        if self.ends_with_user {
            self.last_user_text = self.texts[before..].join("\n");
        }
        self.texts.extend(text(message, "refusal", at)?.map(str::to_owned));
        if calls {
            self.tool_calls(message, &format!("{at}.tool_calls"))?;
        }
        Ok(())
    }

    fn content(&mut self, content: &Value, at: &str) -> Result<(), ApiError> {
        let parts = match content {
            Value::String(text) => {
                self.texts.push(text.clone());
                return Ok(());
            }
            Value::Array(parts) if !parts.is_empty() => parts,
            _ => return Err(ApiError::wrong_type(at, "a string or a non-empty array of parts")),
        };
        for (index, part) in parts.iter().enumerate() {
            let at = format!("{at}[{index}]");
            let Value::Object(part) = part else {
                return Err(ApiError::wrong_type(&at, "an object"));
            };
            match text(part, "type", &at)? {
                Some(kind @ ("text" | "refusal")) => {
                    let text = text(part, kind, &at)?;
                    self.texts.push(text.ok_or_else(|| ApiError::missing(&format!("{at}.{kind}")))?.to_owned());
                }
                Some("image_url") => {
                    let url = part.get("image_url").and_then(|image| image.get("url")).and_then(Value::as_str);
                    let fetchable = |url: &&str| url.starts_with("https://") || url.starts_with("http://");
                    url.filter(|url| url.starts_with("data:image/") || fetchable(url)).ok_or_else(|| {
                        ApiError::wrong_value(&format!("{at}.image_url.url"), "an http or data URL of an image")
                    })?;
                    self.images += 1;
                }
                Some(_) => return Err(ApiError::wrong_value(&format!("{at}.type"), "text, refusal or image_url")),
                None => return Err(ApiError::missing(&format!("{at}.type"))),
            }
        }
        Ok(())
    }

    fn tool_calls(&mut self, message: &Map<String, Value>, at: &str) -> Result<(), ApiError> {
        let Some(Value::Array(calls)) = message.get("tool_calls") else {
            return Err(ApiError::wrong_type(at, "an array"));
        };
        for (index, call) in calls.iter().enumerate() {
            let at = format!("{at}[{index}]");
            for pointer in ["/id", "/function/name", "/function/arguments"] {
                let Some(text) = call.pointer(pointer).and_then(Value::as_str) else {
                    return Err(ApiError::wrong_type(&format!("{at}{}", pointer.replace('/', ".")), "a string"));
                };
                if pointer != "/id" {
                    self.texts.push(text.to_owned());
                }
            }
        }
        Ok(())
    }
}

fn text<'a>(object: &'a Map<String, Value>, name: &str, at: &str) -> Result<Option<&'a str>, ApiError> {
    match field(object, name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(ApiError::wrong_type(&format!("{at}.{name}"), "a string")),
    }
}
