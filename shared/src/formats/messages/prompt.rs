//! How large a prompt is: a bound in tokens that no tokenizer exceeds, the text for a real count, and what is in it
//! besides text.
//!
//! A token is at least one byte of text, so the bytes bound the tokens. An image counts by its model's image tokens,
//! never by the length of its data.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::members::check_cache;
use crate::credits::tokens::PER_TURN;
use crate::error::Error;
use crate::formats::PromptSize;
use crate::formats::picture::{self, is_kind_of_picture, is_picture};
use crate::object::{Object, string};

/// Who can say something; instructions in the middle of a conversation are the system's.
const ROLES: [&str; 3] = ["user", "assistant", "system"];

/// Tokens of a tool that Anthropic has defined itself, at most.
const PER_DEFINED_TOOL: u64 = 1_500;
/// Bytes that a chat puts around a tool, around a schema of the answer, and around a block that it says otherwise.
const AROUND_TOOL: u64 = 48;
const AROUND_SCHEMA: u64 = 64;
const AROUND_BLOCK: u64 = 32;
/// The system prompt that comes with tools as it usually is, and an image as it usually is.
const USUAL_WITH_TOOLS: u64 = 346;
const USUAL_IMAGE: u64 = 1_600;

/// Members of a request that never reach the model's prompt, and those that are walked through by themselves.
const NOT_IN_PROMPT: [&str; 18] = [
    "model",
    "messages",
    "system",
    "max_tokens",
    "stream",
    "stop_sequences",
    "temperature",
    "top_p",
    "top_k",
    "metadata",
    "service_tier",
    "speed",
    "inference_geo",
    "thinking",
    "cache_control",
    "context_management",
    "provider",
    "diagnostics",
];

/// What a prompt is made of, as it is walked through.
#[derive(Default)]
struct Walk {
    size: PromptSize,
    bytes: u64,
    /// All text, where it is wanted.
    text: Option<String>,
    has_tools: bool,
}

impl Walk {
    fn say(&mut self, said: &str) {
        self.bytes = self.bytes.saturating_add(said.len() as u64);
        if let Some(text) = &mut self.text {
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(said);
        }
    }

    fn hold(&mut self, modality: &'static str) {
        if !self.size.modalities.contains(&modality) {
            self.size.modalities.push(modality);
        }
    }

    fn request(&mut self, request: &Object<'_>) -> Result<(), Error> {
        let messages: Vec<Object<'_>> = request
            .read("messages")
            .map_err(|_| Error::invalid("messages", "`messages` is an array of message objects."))?
            .unwrap_or_default();
        if messages.is_empty() {
            return Err(Error::invalid("messages", "`messages` holds at least one message."));
        }
        if let Some(system) = request.get("system").filter(|system| *system != "null") {
            self.size.turns += 1;
            self.content(system, 0).map_err(|what| {
                Error::invalid("system", what.unwrap_or("`system` is a text or an array of text blocks.".into()))
            })?;
        }
        for (place, message) in messages.iter().enumerate() {
            self.size.turns += 1;
            self.message(message, place)?;
        }
        for (name, value) in request.iter().filter(|(name, _)| !NOT_IN_PROMPT.contains(name)) {
            match name {
                "tools" => self.tools(value),
                "output_config" | "output_format" if value.contains("\"schema\"") => {
                    self.size.tools = true;
                    self.size.added += AROUND_SCHEMA;
                }
                _ => {}
            }
            self.say(name);
            self.say(value);
        }
        Ok(())
    }

    fn message(&mut self, message: &Object<'_>, place: usize) -> Result<(), Error> {
        let role: Option<String> = message.read("role").ok().flatten();
        if role.is_none_or(|role| !ROLES.contains(&role.as_str())) {
            const WHO: &str = "Every message has a `role`: user or assistant.";
            return Err(Error::invalid(format!("messages[{place}].role"), WHO));
        }
        if message.get("content") == Some("\"\"") {
            const EMPTY: &str = "A message's `content` says something: Anthropic takes no empty one.";
            return Err(Error::invalid(format!("messages[{place}].content"), EMPTY));
        }
        if message.get("role") == Some("\"system\"") {
            self.size.added += AROUND_BLOCK;
        }
        check_cache(message).map_err(|what| Error::invalid(format!("messages[{place}].cache_control"), what))?;
        for (name, value) in message.iter() {
            match name {
                "role" | "cache_control" => {}
                "content" => self.content(value, 0).map_err(|what| {
                    const SHAPE: &str = "A message's `content` is text or an array of content blocks.";
                    Error::invalid(format!("messages[{place}].content"), what.unwrap_or(SHAPE.into()))
                })?,
                _ => self.say(value),
            }
        }
        if message.get("content").is_none() {
            return Err(Error::invalid(format!("messages[{place}].content"), "Every message has a `content`."));
        }
        Ok(())
    }

    /// A text or blocks. The error says what is wrong, if more is known than that it is no content.
    fn content(&mut self, value: &str, depth: usize) -> Result<(), Option<Cow<'static, str>>> {
        /// Results of tools hold documents, which hold blocks: there is nothing below those.
        const DEEPEST: usize = 4;
        if depth > DEEPEST {
            return Err(None);
        }
        match value.as_bytes().first() {
            Some(b'"') => self.say(&string(value).ok_or(None)?),
            Some(b'[') => {
                let blocks: Vec<&RawValue> = serde_json::from_str(value).map_err(|_| None)?;
                for block in blocks {
                    self.block(block.get(), depth)?;
                }
            }
            _ => return Err(None),
        }
        Ok(())
    }

    fn block(&mut self, raw: &str, depth: usize) -> Result<(), Option<Cow<'static, str>>> {
        let block: Object<'_> = serde_json::from_str(raw).map_err(|_| None)?;
        let kind = block.get("type").and_then(string).ok_or(None)?;
        check_cache(&block).map_err(|what| Some(what.into()))?;
        if !matches!(kind.as_ref(), "text" | "image" | "thinking") {
            self.size.added += AROUND_BLOCK;
        }
        if kind == "tool_result" {
            // In a chat it is a message of its own.
            self.size.turns += 1;
        }
        for (name, value) in block.iter() {
            match (kind.as_ref(), name) {
                (_, "type" | "cache_control") => {}
                ("text", "text") => self.say(&string(value).ok_or(None)?),
                ("image", "source") => self.image(value)?,
                ("document", "source") => self.document(value, depth)?,
                ("tool_result" | "search_result", "content") if value != "null" => self.content(value, depth + 1)?,
                _ => self.say(value),
            }
        }
        match kind.as_ref() {
            "text" | "image" | "document" | "search_result" | "thinking" | "redacted_thinking" | "tool_use"
            | "tool_result" | "tool_reference" | "server_tool_use" | "fallback" => Ok(()),
            // What tools at a provider brought in earlier turns.
            kind if kind.ends_with("_tool_result") => Ok(()),
            // Whatever else a provider may take would not be priced.
            _ => Err(Some(
                "A content block's `type` is text, image, document, search_result, thinking, redacted_thinking, tool_use \
                 or tool_result."
                    .into(),
            )),
        }
    }

    fn image(&mut self, source: &str) -> Result<(), Option<Cow<'static, str>>> {
        let source: Object<'_> = serde_json::from_str(source).map_err(|_| None)?;
        let said = |name: &str| source.get(name).and_then(string);
        match said("type").as_deref() {
            Some("base64") if said("media_type").is_some_and(|kind| !is_kind_of_picture(&kind)) => {
                Err(Some(picture::INSTEAD.into()))
            }
            Some("url") if said("url").is_some_and(|url| !is_picture(&url)) => Err(Some(picture::INSTEAD.into())),
            Some("base64" | "url") => {
                self.size.images += 1;
                self.hold("image");
                Ok(())
            }
            _ => Err(Some("An image's `source` is `base64` or `url`: files are not kept here.".into())),
        }
    }

    /// What stands at an address could be of any size, so a document comes with the request.
    fn document(&mut self, source: &str, depth: usize) -> Result<(), Option<Cow<'static, str>>> {
        let source: Object<'_> = serde_json::from_str(source).map_err(|_| None)?;
        match source.get("type").and_then(string).as_deref() {
            Some("base64") => {
                self.hold("file");
                self.say(source.get("data").unwrap_or_default());
                Ok(())
            }
            Some("text") => {
                self.say(&source.get("data").and_then(string).ok_or(None)?);
                Ok(())
            }
            Some("content") => self.content(source.get("content").ok_or(None)?, depth + 1),
            _ => Err(Some("A document's `source` is `base64`, `text` or `content`: send it with the request.".into())),
        }
    }

    fn tools(&mut self, tools: &str) {
        let tools: Vec<Object<'_>> = serde_json::from_str(tools).unwrap_or_default();
        let is_defined =
            |tool: &&Object<'_>| tool.get("type").is_some_and(|kind| !matches!(kind, "null" | "\"custom\""));
        self.has_tools = !tools.is_empty();
        self.size.tools |= self.has_tools;
        self.size.added += AROUND_TOOL * tools.len() as u64;
        self.size.added += PER_DEFINED_TOOL * tools.iter().filter(is_defined).count() as u64;
    }
}

/// Measures the request's system prompt, messages and tools.
///
/// # Errors
/// `invalid_request` that names what is no prompt, or cannot be priced.
pub fn measure(request: &Object<'_>) -> Result<PromptSize, Error> {
    let mut walk = Walk::default();
    walk.size.member = "messages";
    walk.request(request)?;
    let turns = walk.size.turns.saturating_mul(PER_TURN);
    walk.size.bound = walk.bytes.saturating_add(walk.size.added).saturating_add(turns);
    Ok(walk.size)
}

/// All text that goes into the prompt.
#[must_use]
pub fn text(request: &Object<'_>) -> String {
    let mut walk = Walk { text: Some(String::new()), ..Walk::default() };
    // Measured before, so it cannot fail now; what was read until a failure counts.
    let _ = walk.request(request);
    walk.text.unwrap_or_default()
}

/// The tokens that a prompt most likely has, by our own tokenizer: an estimate, since Anthropic publishes none.
///
/// # Errors
/// As [`measure`].
pub fn count(request: &Object<'_>) -> Result<u64, Error> {
    let mut walk = Walk { text: Some(String::new()), ..Walk::default() };
    walk.request(request)?;
    let text = walk.text.unwrap_or_default();
    let with_tools = if walk.has_tools { USUAL_WITH_TOOLS } else { 0 };
    Ok(walk.size.counted(&text, USUAL_IMAGE) + with_tools)
}

#[cfg(test)]
mod tests;
