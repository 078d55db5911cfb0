//! The body of a message, checked as Anthropic checks it
//! (<https://platform.claude.com/docs/en/api/messages/create>): unknown members are refused, a tool's result follows its
//! call, and thoughts come back signed.

mod conversation;

use serde_json::{Map, Value, json};

use super::{
    Given, Request, ResponseFormat, Tool, boolean, field, integer, message::Prompt, model, range, tool::Callable,
};
use crate::provider::error::ApiError;
use conversation::Conversation;

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
