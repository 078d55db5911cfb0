//! How large a prompt is: a bound in tokens that no tokenizer exceeds, the text for a real count, and what is in it
//! besides text.
//!
//! A token is at least one byte of text, so the bytes bound the tokens. An image counts by its model's image tokens,
//! never by the length of its data.

mod parts;

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::pictures::PICTURE;
use super::references;
use crate::credits::tokens::PER_TURN;
use crate::error::Error;
use crate::formats::PromptSize;
use crate::formats::openai::members::{check_cache, reaches_prompt};
use crate::object::{Object, string};

/// Who can say something.
const ROLES: [&str; 4] = ["user", "assistant", "system", "developer"];

/// Bytes that a chat puts around a tool, around a custom tool, whose text it makes a function's, around a schema of the
/// answer, and around what it says in another way.
const AROUND_TOOL: u64 = 48;
const AROUND_CUSTOM: u64 = 192;
const AROUND_SCHEMA: u64 = 64;
const AROUND_ITEM: u64 = 32;

/// Members that never reach the model's prompt, besides those of every format, and those that are walked through by
/// themselves.
const NOT_IN_PROMPT: [&str; 16] = [
    "input",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "previous_response_id",
    "include",
    "reasoning",
    "tool_choice",
    "truncation",
    "background",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "safety_identifier",
    "client_metadata",
    "conversation",
];

/// Items of earlier turns whose content is in the text that followed: they go nowhere.
pub const LEFT_OUT: [&str; 13] = [
    "web_search_call",
    "file_search_call",
    "code_interpreter_call",
    "image_generation_call",
    "computer_call",
    "mcp_list_tools",
    "mcp_call",
    "mcp_approval_request",
    "program",
    "program_output",
    "configuration_update",
    "tool_search_call",
    "tool_search_output",
];

/// What a prompt is made of, as it is walked through.
#[derive(Default)]
struct Walk {
    size: PromptSize,
    bytes: u64,
    /// All text, where it is wanted.
    text: Option<String>,
}

/// What is wrong with an item; `None` where its shape is.
type Wrong = Option<Cow<'static, str>>;

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
        const SHAPE: &str = "`input` is a text or an array of at least one item.";
        if let Some(instructions) = request.read::<Cow<'_, str>>("instructions").ok().flatten() {
            self.size.turns += 1;
            self.say(&instructions);
        }
        let input = request.get("input").unwrap_or("null");
        match input.as_bytes().first() {
            Some(b'"') => {
                self.size.turns += 1;
                self.say(&string(input).ok_or_else(|| Error::invalid("input", SHAPE))?);
            }
            Some(b'[') => {
                let items: Vec<Object<'_>> = serde_json::from_str(input).map_err(|_| Error::invalid("input", SHAPE))?;
                if items.is_empty() {
                    return Err(Error::invalid("input", SHAPE));
                }
                for (place, item) in items.iter().enumerate() {
                    self.size.turns += 1;
                    self.item(item, &format!("input[{place}]"))?;
                }
            }
            _ => return Err(Error::invalid("input", SHAPE)),
        }
        for (name, value) in request.iter().filter(|(name, _)| !NOT_IN_PROMPT.contains(name) && reaches_prompt(name)) {
            match name {
                "tools" => self.tools(value),
                "text" if value.contains("\"schema\"") => {
                    self.size.tools = true;
                    self.size.added += AROUND_SCHEMA;
                }
                // How long the text is to be.
                "text" => continue,
                _ => {}
            }
            self.say(name);
            self.say(value);
        }
        Ok(())
    }

    fn item(&mut self, item: &Object<'_>, at: &str) -> Result<(), Error> {
        const KINDS: &str = "An item's `type` is message, function_call, function_call_output, custom_tool_call, \
                             custom_tool_call_output, reasoning, additional_tools or item_reference.";
        for (name, value) in item.iter() {
            check_cache(name, value, false).map_err(|message| Error::invalid(format!("{at}.{name}"), message))?;
        }
        let invalid = |member: &str, wrong: Wrong, usual: &'static str| {
            Error::invalid(format!("{at}.{member}"), wrong.unwrap_or(Cow::Borrowed(usual)))
        };
        let text = |name: &str| item.get(name).and_then(string).ok_or_else(|| invalid(name, None, "It is a text."));
        let kind = match item.get("type") {
            None | Some("null") => Cow::Borrowed("message"),
            Some(kind) => string(kind).ok_or_else(|| invalid("type", None, KINDS))?,
        };
        match kind.as_ref() {
            "message" => {
                let role = item.get("role").and_then(string).filter(|role| ROLES.contains(&role.as_ref()));
                let role = role.ok_or_else(|| {
                    invalid("role", None, "A message's `role` is user, assistant, system or developer.")
                })?;
                if matches!(role.as_ref(), "system" | "developer") {
                    self.size.added += AROUND_ITEM;
                }
                let content = item.get("content").unwrap_or("null");
                self.content(content).map_err(|wrong| {
                    invalid("content", wrong, "A message's `content` is a text or an array of content parts.")
                })?;
            }
            "function_call" | "custom_tool_call" => {
                for name in ["call_id", "name"] {
                    self.say(&text(name)?);
                }
                self.say(&text(if kind == "function_call" { "arguments" } else { "input" })?);
                self.size.added += AROUND_ITEM;
            }
            "function_call_output" | "custom_tool_call_output" => {
                text("call_id")?;
                self.size.added += AROUND_ITEM;
                let output = item.get("output").unwrap_or("null");
                self.content(output).map_err(|wrong| {
                    invalid("output", wrong, "A call's `output` is a text or an array of content parts.")
                })?;
            }
            "reasoning" => {
                for (_, value) in
                    item.iter().filter(|(name, _)| matches!(*name, "summary" | "content" | "encrypted_content"))
                {
                    self.say(value);
                }
            }
            "additional_tools" => {
                let tools = item.get("tools").unwrap_or("[]");
                self.tools(tools);
                self.say(tools);
            }
            // How large that is says the database, which has it.
            references::REFERENCE => {
                references::check(item).map_err(|wrong| invalid("id", Some(wrong.into()), KINDS))?;
            }
            // A model that draws gets back what it has drawn, and no other does.
            PICTURE => self.size.images += u64::from(item.get("result").is_some_and(|result| result != "null")),
            kind if LEFT_OUT.contains(&kind) => {}
            _ => return Err(invalid("type", None, KINDS)),
        }
        Ok(())
    }

    fn tools(&mut self, tools: &str) {
        let tools: Vec<Object<'_>> = serde_json::from_str(tools).unwrap_or_default();
        self.size.tools |= !tools.is_empty();
        for tool in &tools {
            self.size.added += if tool.get("type") == Some("\"custom\"") { AROUND_CUSTOM } else { AROUND_TOOL };
            if let Some(within) = tool.get("tools").filter(|_| tool.get("type") == Some("\"namespace\"")) {
                self.tools(within);
            }
        }
    }
}

/// Measures the request's instructions, input and tools.
///
/// # Errors
/// `invalid_request` that names what is no prompt, or cannot be priced.
pub fn measure(request: &Object<'_>) -> Result<PromptSize, Error> {
    let mut walk = Walk::default();
    walk.size.member = "input";
    walk.request(request)?;
    let turns = walk.size.turns.saturating_mul(PER_TURN);
    walk.size.bound = walk.bytes.saturating_add(walk.size.added).saturating_add(turns);
    Ok(walk.size)
}

/// How large items are that a prompt has besides, and their text. What is no item of a prompt goes nowhere.
#[must_use]
pub fn measure_items<'a>(items: impl Iterator<Item = &'a RawValue>) -> (PromptSize, String) {
    let mut walk = Walk { text: Some(String::new()), ..Walk::default() };
    for item in items.filter_map(|item| serde_json::from_str(item.get()).ok()) {
        walk.size.turns += 1;
        let _ = walk.item(&item, "input");
    }
    let turns = walk.size.turns.saturating_mul(PER_TURN);
    walk.size.bound = walk.bytes.saturating_add(walk.size.added).saturating_add(turns);
    (walk.size, walk.text.unwrap_or_default())
}

/// Whether this is an item that a prompt may have.
#[must_use]
pub fn is_item(item: &Object<'_>) -> bool {
    Walk::default().item(item, "input").is_ok()
}

/// All text that goes into the prompt.
#[must_use]
pub fn text(request: &Object<'_>) -> String {
    let mut walk = Walk { text: Some(String::new()), ..Walk::default() };
    // Measured before, so it cannot fail now; what was read until a failure counts.
    let _ = walk.request(request);
    walk.text.unwrap_or_default()
}

#[cfg(test)]
mod tests;
