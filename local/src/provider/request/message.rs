//! The prompt of a request: its size in tokens, and the checks of the messages that it is made of.

use bpe_openai::o200k_base;
use serde_json::{Map, Value};

use super::{field, told::Steps};
use crate::provider::{
    error::ApiError,
    tokens::{self, IMAGE_TOKENS},
};

const ROLES: [&str; 5] = ["system", "developer", "user", "assistant", "tool"];

/// What a prompt is counted by: messages, tool definitions and response format, or the texts to be completed.
#[derive(Debug, Default)]
pub(in crate::provider) struct Prompt {
    messages: u64,
    images: u64,
    /// Contents, names, refusals, and names and arguments of tool calls.
    texts: Vec<String>,
    /// `tools` and `response_format` as compact JSON.
    definitions: Vec<String>,
    /// What came as tokens.
    tokens: u64,
}

/// What the messages say to the model at last.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// The text of the last message of the user; empty if there is none.
    pub(super) last_of_user: String,
    /// Whether the last message is the user's.
    pub(super) ends_with_user: bool,
    /// What the user has told the model to do.
    pub(super) steps: Steps,
}

impl Prompt {
    /// The prompt of a conversation that was checked elsewhere: texts of so many messages, images, and definitions of
    /// tools and of the answer.
    pub(super) fn of_parts(messages: u64, images: u64, texts: Vec<String>, definitions: &[Option<&Value>]) -> Self {
        let definitions = definitions.iter().flatten().map(ToString::to_string).collect();
        Self { messages, images, texts, definitions, tokens: 0 }
    }

    /// The prompt that some texts are, and what each is to be completed from.
    pub(super) fn of_texts(texts: Vec<String>) -> (Self, Vec<String>) {
        (Self { texts: texts.clone(), ..Self::default() }, texts)
    }

    /// The same of texts that came as tokens.
    pub(super) fn of_tokens(lists: Vec<Vec<u32>>) -> (Self, Vec<String>) {
        let tokens = lists.iter().map(|list| list.len() as u64).sum();
        let text = |list: &Vec<u32>| String::from_utf8_lossy(&o200k_base().bpe.decode_tokens(list)).into_owned();
        (Self { tokens, ..Self::default() }, lists.iter().map(text).collect())
    }

    /// Puts a text to it.
    pub(super) fn add(&mut self, text: String) {
        self.texts.push(text);
    }

    pub(super) fn of_messages(body: &Map<String, Value>) -> Result<(Self, Said), ApiError> {
        let messages = match field(body, "messages") {
            None => return Err(ApiError::missing("messages")),
            Some(Value::Array(messages)) if messages.is_empty() => {
                return Err(ApiError::parameter("messages", "empty_array", "must not be empty"));
            }
            Some(Value::Array(messages)) => messages,
            Some(_) => return Err(ApiError::wrong_type("messages", "an array of objects")),
        };
        let mut prompt = Self { messages: messages.len() as u64, ..Self::default() };
        let mut said = Said::default();
        // Calls that the messages after them have to answer.
        let mut open: Vec<&str> = Vec::new();
        for (index, message) in messages.iter().enumerate() {
            let at = format!("messages[{index}]");
            let Value::Object(message) = message else {
                return Err(ApiError::wrong_type(&at, "an object"));
            };
            prompt.message(message, &at, &mut said)?;
            pair(message, &at, &mut open)?;
        }
        if !open.is_empty() {
            return Err(unanswered(&format!("messages[{}]", messages.len() - 1), &open));
        }
        prompt.definitions =
            ["tools", "response_format"].iter().filter_map(|name| field(body, name)).map(Value::to_string).collect();
        Ok((prompt, said))
    }

    /// The real count: o200k tokens of all texts and definitions, four a message, and [`IMAGE_TOKENS`] an image.
    pub(in crate::provider) fn tokens(&self) -> u64 {
        let texts = self.texts.iter().chain(&self.definitions).map(|text| tokens::count(text));
        texts.sum::<u64>() + self.tokens + 4 * self.messages + IMAGE_TOKENS * self.images
    }

    /// The most that any tokenizer can make of it: a token a byte, 16 a message, and `image_tokens` an image; with tools or a
    /// schema, what a provider says of these in its own words.
    pub(in crate::provider) fn bound(&self, image_tokens: u64, tool_tokens: u64) -> u64 {
        let instructions = if self.definitions.is_empty() { 0 } else { tool_tokens };
        let texts = self.texts.iter().chain(&self.definitions).map(|text| text.len() as u64);
        texts.sum::<u64>() + self.tokens + 16 * self.messages + image_tokens * self.images + instructions
    }

    fn message(&mut self, message: &Map<String, Value>, at: &str, said: &mut Said) -> Result<(), ApiError> {
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
        said.ends_with_user = role == "user";
        if said.ends_with_user {
            said.last_of_user = self.texts[before..].join("\n");
            said.steps.said(&said.last_of_user);
        }
        self.texts.extend(text(message, "refusal", at)?.map(str::to_owned));
        if calls {
            said.steps.called();
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

/// A tool's result answers a call of the assistant's message before it, and each call has its result before anything else
/// is said.
fn pair<'a>(message: &'a Map<String, Value>, at: &str, open: &mut Vec<&'a str>) -> Result<(), ApiError> {
    if message.get("role").is_some_and(|role| role == "tool") {
        let answered = message.get("tool_call_id").and_then(Value::as_str);
        let Some(place) = open.iter().position(|id| Some(*id) == answered) else {
            let text = "messages with role 'tool' must be a response to a preceding message with 'tool_calls'";
            return Err(ApiError::parameter(&format!("{at}.role"), "invalid_value", text));
        };
        open.remove(place);
        return Ok(());
    }
    if !open.is_empty() {
        return Err(unanswered(at, open));
    }
    let calls = message.get("tool_calls").and_then(Value::as_array).into_iter().flatten();
    open.extend(calls.filter_map(|call| call.get("id").and_then(Value::as_str)));
    Ok(())
}

fn unanswered(at: &str, ids: &[&str]) -> ApiError {
    let text =
        format!("an assistant message with 'tool_calls' must be followed by a result of each: {}", ids.join(", "));
    ApiError::parameter(&format!("{at}.role"), "invalid_value", text)
}

fn text<'a>(object: &'a Map<String, Value>, name: &str, at: &str) -> Result<Option<&'a str>, ApiError> {
    match field(object, name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(ApiError::wrong_type(&format!("{at}.{name}"), "a string")),
    }
}
