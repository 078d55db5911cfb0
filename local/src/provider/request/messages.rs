//! The body of a message, checked as Anthropic checks it
//! (<https://platform.claude.com/docs/en/api/messages/create>): unknown members are refused, a tool's result follows its
//! call, and thoughts come back signed.

use serde_json::{Map, Value, json};

use super::{
    Given, Request, ResponseFormat, Tool, boolean, caches::Marks, field, integer, message::Prompt, model, range,
    told::Steps, tool::Callable,
};
use crate::provider::{error::ApiError, wire::SIGNATURE};

/// Every member that is known.
const MEMBERS: [&str; 21] = [
    "model",
    "messages",
    "max_tokens",
    "system",
    "stream",
    "stop_sequences",
    "temperature",
    "top_p",
    "top_k",
    "metadata",
    "tools",
    "tool_choice",
    "thinking",
    "service_tier",
    "output_config",
    "output_format",
    "context_management",
    "cache_control",
    "container",
    "mcp_servers",
    "inference_geo",
];

/// The least tokens that a model may think with.
const LEAST_BUDGET: u64 = 1024;

/// What is thought when thinking is asked for.
const THOUGHTS: u64 = 12;

/// The most places of a request after which a cache may begin.
const MOST_CACHES: usize = 4;

pub(super) fn parse(body: &Map<String, Value>) -> Result<Request, ApiError> {
    if let Some(unknown) = body.keys().find(|name| !MEMBERS.contains(&name.as_str())) {
        return Err(ApiError::bad_request(format!("{unknown}: Extra inputs are not permitted")));
    }
    let model = model(body)?;
    let limit = integer(body, "max_tokens", 1, 128_000)?.ok_or_else(|| ApiError::missing("max_tokens"))?;
    let stream = boolean(body, "stream")?.unwrap_or(false);
    range(body, "temperature", 0.0, 1.0)?;
    range(body, "top_p", 0.0, 1.0)?;
    integer(body, "top_k", 0, u64::from(u32::MAX))?;
    if !matches!(field(body, "service_tier").map(Value::as_str), None | Some(Some("auto" | "standard_only"))) {
        return Err(ApiError::wrong_value("service_tier", "auto or standard_only"));
    }
    let mut conversation = Conversation { thinks: thinks(body, limit)?, ..Conversation::default() };
    conversation.read(body)?;
    let (tools, callable) = tools(body)?;
    for (index, tool) in tools.and_then(Value::as_array).into_iter().flatten().enumerate() {
        // Tools come before all texts.
        conversation.marks.take(tool, 0).ok_or_else(|| wrong_cache(&format!("tools.{index}")))?;
    }
    let texts = conversation.texts.len();
    conversation.marks.take(&Value::Object(body.clone()), texts).ok_or_else(|| wrong_cache("body"))?;
    if conversation.marks.len() > MOST_CACHES {
        return Err(ApiError::bad_request(format!(
            "A maximum of {MOST_CACHES} blocks with cache_control may be provided"
        )));
    }
    let schema = ["output_config", "output_format"].iter().find_map(|name| {
        let holder = field(body, name)?;
        holder.pointer("/format/schema").or_else(|| holder.get("schema"))
    });
    let turns = conversation.messages;
    let thoughts = if conversation.thinks { THOUGHTS } else { 0 };
    let (called, told) = callable.chosen(conversation.steps, conversation.ends_with_result);
    Ok(Request {
        model,
        stream,
        include_usage: true,
        limit: Some(limit),
        choices: 1,
        candidates: 1,
        stops: stops(body)?,
        questions: vec![conversation.last_of_user],
        echo: false,
        logprobs: None,
        thoughts,
        seals: false,
        draws: false,
        called,
        told,
        format: schema.map_or(ResponseFormat::Text, |schema| ResponseFormat::Json(schema.clone())),
        caches: conversation.marks.caches(tools, &conversation.texts),
        prompt: Prompt::of_parts(turns, conversation.images, conversation.texts, &[tools, schema]),
        given: Given::Text,
    })
}

fn wrong_cache(at: &str) -> ApiError {
    ApiError::wrong_value(&format!("{at}.cache_control"), "ephemeral, for 5m or 1h")
}

fn stops(body: &Map<String, Value>) -> Result<Vec<String>, ApiError> {
    let wrong = || ApiError::wrong_type("stop_sequences", "an array of texts that are more than white space");
    let Some(stops) = field(body, "stop_sequences") else { return Ok(Vec::new()) };
    let stops = stops.as_array().ok_or_else(wrong)?.iter().map(|stop| stop.as_str().map(str::to_owned));
    let stops: Vec<String> = stops.collect::<Option<_>>().ok_or_else(wrong)?;
    if stops.iter().any(|stop| stop.trim().is_empty()) { Err(wrong()) } else { Ok(stops) }
}

/// Whether the model is to think; how much is less than it may write, and how it samples is then not to be said.
fn thinks(body: &Map<String, Value>, limit: u64) -> Result<bool, ApiError> {
    let Some(thinking) = field(body, "thinking") else { return Ok(false) };
    let Value::Object(thinking) = thinking else { return Err(ApiError::wrong_type("thinking", "an object")) };
    match thinking.get("type").and_then(Value::as_str) {
        Some("disabled") => return Ok(false),
        Some("adaptive") => {}
        Some("enabled") => {
            let budget = integer(thinking, "budget_tokens", LEAST_BUDGET, u64::MAX)?;
            let budget = budget.ok_or_else(|| ApiError::missing("thinking.enabled.budget_tokens"))?;
            if budget >= limit {
                return Err(ApiError::bad_request("`max_tokens` must be greater than `thinking.budget_tokens`"));
            }
        }
        _ => return Err(ApiError::wrong_value("thinking.type", "enabled, adaptive or disabled")),
    }
    if field(body, "temperature").is_some_and(|temperature| temperature.as_f64() != Some(1.0)) {
        return Err(ApiError::bad_request("`temperature` may only be set to 1 when thinking is enabled"));
    }
    let forced = field(body, "tool_choice").and_then(|choice| choice.get("type"));
    if forced.is_some_and(|kind| kind == "any" || kind == "tool") {
        return Err(ApiError::bad_request("Thinking may not be enabled when tool_choice forces tool use."));
    }
    Ok(true)
}

/// The tools as they count in a prompt, and those that the answer may call.
fn tools(body: &Map<String, Value>) -> Result<(Option<&Value>, Callable), ApiError> {
    let definitions = field(body, "tools").filter(|tools| tools.as_array().is_none_or(|tools| !tools.is_empty()));
    let mut tools: Vec<Tool> = Vec::new();
    for (index, tool) in definitions.map(listed).transpose()?.into_iter().flatten().enumerate() {
        let at = |name: &str| format!("tools.{index}.{name}");
        let name = tool.get("name").and_then(Value::as_str).ok_or_else(|| ApiError::missing(&at("name")))?;
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if !(1..=128).contains(&name.len()) || !name.bytes().all(allowed) {
            return Err(ApiError::wrong_value(&at("name"), "1 to 128 letters, digits, underscores and dashes"));
        }
        if tools.iter().any(|known| known.name == name) {
            return Err(ApiError::bad_request("tools: Tool names must be unique."));
        }
        let parameters = match (tool.get("type").and_then(Value::as_str), tool.get("input_schema")) {
            (None | Some("custom"), Some(schema)) if schema["type"] == "object" => schema.clone(),
            (None | Some("custom"), _) => return Err(ApiError::missing(&at("input_schema.type"))),
            (Some(_), _) => json!({"type": "object"}),
        };
        tools.push(Tool { name: name.to_owned(), parameters, custom: false });
    }
    let choice = field(body, "tool_choice");
    if choice.is_some() && tools.is_empty() {
        return Err(ApiError::bad_request("tool_choice may only be specified while providing tools."));
    }
    let named = |name: &str| choice.and_then(|choice| choice.get(name));
    let tools = match choice.map(|choice| choice["type"].as_str().unwrap_or_default()) {
        None | Some("auto" | "any") => tools,
        Some("none") => Vec::new(),
        Some("tool") => tools.into_iter().filter(|tool| named("name").is_some_and(|name| *name == tool.name)).collect(),
        Some(_) => return Err(ApiError::wrong_value("tool_choice.type", "auto, any, tool or none")),
    };
    if tools.is_empty() && named("type").is_some_and(|kind| kind == "tool") {
        return Err(ApiError::bad_request("Tool was not found in provided tools"));
    }
    let forced = named("type").is_some_and(|kind| kind == "any" || kind == "tool");
    let parallel = named("disable_parallel_tool_use") != Some(&Value::Bool(true));
    Ok((definitions, Callable { tools, forced, parallel }))
}

fn listed(value: &Value) -> Result<&Vec<Value>, ApiError> {
    value.as_array().ok_or_else(|| ApiError::wrong_type("tools", "an array"))
}

/// What is read of a conversation.
#[derive(Default)]
struct Conversation {
    thinks: bool,
    messages: u64,
    images: u64,
    texts: Vec<String>,
    marks: Marks,
    last_of_user: String,
    ends_with_result: bool,
    steps: Steps,
}

impl Conversation {
    fn read(&mut self, body: &Map<String, Value>) -> Result<(), ApiError> {
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
