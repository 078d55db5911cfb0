//! The input of a response: messages, calls of tools and their outputs, thoughts.

use serde_json::{Map, Value};

use super::super::{field, told::Steps};
use crate::provider::{error::ApiError, wire::SEALED};

/// What is read of an input.
#[derive(Default)]
pub(super) struct Input {
    pub(super) turns: u64,
    pub(super) images: u64,
    pub(super) texts: Vec<String>,
    pub(super) last_of_user: String,
    pub(super) ends_with_output: bool,
    calls: Vec<String>,
    outputs: Vec<String>,
    pub(super) steps: Steps,
    /// Whether the item before was a call: those side by side were made at once.
    after_call: bool,
}

impl Input {
    /// Reads what a body says.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn read(&mut self, body: &Map<String, Value>) -> Result<(), ApiError> {
        if let Some(instructions) = field(body, "instructions") {
            let text = instructions.as_str().ok_or_else(|| ApiError::wrong_type("instructions", "a string"))?;
            self.texts.push(text.to_owned());
            self.turns += 1;
        }
        match field(body, "input") {
            None => return Err(ApiError::missing("input")),
            Some(Value::String(text)) => {
                self.turns += 1;
                self.texts.push(text.clone());
                self.last_of_user.clone_from(text);
                self.steps.said(text);
            }
            Some(Value::Array(items)) if !items.is_empty() => {
                for (index, item) in items.iter().enumerate() {
                    self.turns += 1;
                    self.item(item, &format!("input[{index}]"))?;
                }
            }
            Some(_) => return Err(ApiError::wrong_type("input", "a string or a non-empty array of items")),
        }
        if let Some(id) = self.outputs.iter().find(|id| !self.calls.contains(id)) {
            return Err(ApiError::bad_request(format!(
                "No tool call found for function call output with call_id {id}."
            )));
        }
        if let Some(id) = self.calls.iter().find(|id| !self.outputs.contains(id)) {
            return Err(ApiError::bad_request(format!("No tool output found for function call {id}.")));
        }
        Ok(())
    }

    fn item(&mut self, item: &Value, at: &str) -> Result<(), ApiError> {
        let text = |name: &str| {
            let text = item.get(name).and_then(Value::as_str);
            text.map(str::to_owned).ok_or_else(|| ApiError::missing(&format!("{at}.{name}")))
        };
        self.ends_with_output = false;
        let after_call = std::mem::take(&mut self.after_call);
        match item.get("type").and_then(Value::as_str).unwrap_or("message") {
            "message" => {
                let role = text("role")?;
                let before = self.texts.len();
                let kinds: &[&str] = match role.as_str() {
                    "assistant" => &["output_text", "refusal"],
                    "user" | "system" | "developer" => &["input_text", "input_image", "input_file"],
                    _ => {
                        return Err(ApiError::wrong_value(
                            &format!("{at}.role"),
                            "user, assistant, system or developer",
                        ));
                    }
                };
                self.content(item.get("content"), kinds, &format!("{at}.content"))?;
                if role == "user" {
                    self.last_of_user = self.texts[before..].join("\n");
                    self.steps.said(&self.last_of_user);
                }
            }
            kind @ ("function_call" | "custom_tool_call") => {
                self.calls.push(text("call_id")?);
                if !after_call {
                    self.steps.called();
                }
                self.after_call = true;
                self.texts.push(text("name")?);
                self.texts.push(text(if kind == "function_call" { "arguments" } else { "input" })?);
            }
            "function_call_output" | "custom_tool_call_output" => {
                self.outputs.push(text("call_id")?);
                let kinds = ["input_text", "input_image", "input_file"];
                self.content(item.get("output"), &kinds, &format!("{at}.output"))?;
                self.ends_with_output = true;
            }
            "reasoning" => {
                if item.get("summary").is_none_or(|summary| !summary.is_array()) {
                    return Err(ApiError::missing(&format!("{at}.summary")));
                }
                self.texts.push(item["summary"].to_string());
                let sealed = item.get("encrypted_content").and_then(Value::as_str);
                if sealed.is_some_and(|sealed| !sealed.starts_with(SEALED)) {
                    return Err(ApiError::parameter(
                        &format!("{at}.encrypted_content"),
                        "invalid_encrypted_content",
                        "could not be verified",
                    ));
                }
                self.texts.extend(sealed.map(str::to_owned));
            }
            "additional_tools" => self.texts.push(item["tools"].to_string()),
            _ => return Err(ApiError::wrong_value(&format!("{at}.type"), "a type of item")),
        }
        Ok(())
    }

    fn content(&mut self, content: Option<&Value>, kinds: &[&str], at: &str) -> Result<(), ApiError> {
        let parts = match content {
            Some(Value::String(text)) => {
                self.texts.push(text.clone());
                return Ok(());
            }
            Some(Value::Array(parts)) => parts,
            _ => return Err(ApiError::wrong_type(at, "a string or an array of parts")),
        };
        for (index, part) in parts.iter().enumerate() {
            let at = format!("{at}[{index}]");
            let kind = part.get("type").and_then(Value::as_str).unwrap_or_default();
            if !kinds.contains(&kind) {
                return Err(ApiError::wrong_value(&format!("{at}.type"), &format!("one of {}", kinds.join(", "))));
            }
            let said = |name: &str| {
                let text = part.get(name).and_then(Value::as_str);
                text.map(str::to_owned).ok_or_else(|| ApiError::missing(&format!("{at}.{name}")))
            };
            match kind {
                "input_image" => {
                    let url = said("image_url")?;
                    if !["data:image/", "https://", "http://"].iter().any(|begin| url.starts_with(begin)) {
                        return Err(ApiError::wrong_value(
                            &format!("{at}.image_url"),
                            "an http or data URL of an image",
                        ));
                    }
                    self.images += 1;
                }
                "input_file" => self.texts.push(said("file_data")?),
                "refusal" => self.texts.push(said("refusal")?),
                _ => self.texts.push(said("text")?),
            }
        }
        Ok(())
    }
}
