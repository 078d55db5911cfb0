//! The body of a response, checked as OpenAI and OpenRouter check it
//! (<https://platform.openai.com/docs/api-reference/responses/create>): nothing is kept, a call's output has its call, and
//! who says something decides how it is said.

mod input;

use serde_json::{Map, Value, json};

use super::{
    Caches, Given, Request, ResponseFormat, Tool, boolean, field, integer, message::Prompt, model, range, tool,
    tool::Callable,
};
use crate::provider::error::ApiError;
use input::Input;

/// Members that another endpoint has, or that OpenRouter does not offer.
const UNSUPPORTED: [&str; 9] = [
    "messages",
    "max_tokens",
    "max_completion_tokens",
    "n",
    "response_format",
    "previous_response_id",
    "conversation",
    "prompt",
    "provider_options",
];

pub(super) fn parse(body: &Map<String, Value>) -> Result<Request, ApiError> {
    if let Some(name) = UNSUPPORTED.into_iter().find(|name| field(body, name).is_some()) {
        return Err(ApiError::unsupported(name));
    }
    let model = model(body)?;
    let stream = boolean(body, "stream")?.unwrap_or(false);
    range(body, "temperature", 0.0, 2.0)?;
    range(body, "top_p", 0.0, 1.0)?;
    // What is not said is true.
    if boolean(body, "store")? != Some(false) {
        return Err(ApiError::wrong_value("store", "false: nothing is kept here"));
    }
    if boolean(body, "background")? == Some(true) {
        return Err(ApiError::unsupported("background"));
    }
    if let Some(options) = field(body, "stream_options") {
        let known = options.as_object().is_some_and(|options| options.keys().all(|name| name == "include_obfuscation"));
        if !known || !stream {
            return Err(ApiError::unsupported("stream_options"));
        }
    }
    let mut input = Input::default();
    input.read(body)?;
    let (tools, callable) = tools(body)?;
    let (called, told) = callable.chosen(std::mem::take(&mut input.steps), input.ends_with_output);
    let text = field(body, "text");
    let format = text.and_then(|text| text.get("format"));
    Ok(Request {
        model,
        stream,
        include_usage: true,
        limit: integer(body, "max_output_tokens", 1, u64::from(u32::MAX))?,
        choices: 1,
        candidates: 1,
        stops: Vec::new(),
        questions: vec![input.last_of_user],
        echo: false,
        logprobs: None,
        called,
        told,
        format: text_format(format)?,
        caches: Caches::default(),
        given: Given::Text,
        thoughts: 0,
        seals: includes(body, "reasoning.encrypted_content")?,
        draws: false,
        prompt: Prompt::of_parts(input.turns, input.images, input.texts, &[tools, format.filter(|_| text.is_some())]),
    })
}

/// Whether this is asked for besides.
fn includes(body: &Map<String, Value>, wanted: &str) -> Result<bool, ApiError> {
    match field(body, "include") {
        None => Ok(false),
        Some(Value::Array(include)) if include.iter().all(Value::is_string) => {
            Ok(include.iter().any(|name| name == wanted))
        }
        Some(_) => Err(ApiError::wrong_type("include", "an array of strings")),
    }
}

fn text_format(format: Option<&Value>) -> Result<ResponseFormat, ApiError> {
    let Some(format) = format.filter(|format| !format.is_null()) else { return Ok(ResponseFormat::Text) };
    match format.get("type").and_then(Value::as_str) {
        Some("text") => Ok(ResponseFormat::Text),
        Some("json_object") => Ok(ResponseFormat::Json(json!({"type": "object"}))),
        Some("json_schema") => {
            let name = format.get("name").and_then(Value::as_str);
            tool::checked_name(name.ok_or_else(|| ApiError::missing("text.format.name"))?, "text.format.name")?;
            let schema = format.get("schema").filter(|schema| schema.is_object());
            schema.cloned().map(ResponseFormat::Json).ok_or_else(|| ApiError::missing("text.format.schema"))
        }
        _ => Err(ApiError::wrong_value("text.format.type", "text, json_object or json_schema")),
    }
}

/// The tools as they count in a prompt, and those that the answer may call.
fn tools(body: &Map<String, Value>) -> Result<(Option<&Value>, Callable), ApiError> {
    let mut tools = Vec::new();
    let definitions = field(body, "tools").filter(|tools| tools.as_array().is_none_or(|tools| !tools.is_empty()));
    list(definitions, "tools", &mut tools)?;
    let items = field(body, "input").and_then(Value::as_array);
    for (index, item) in items.into_iter().flatten().enumerate() {
        if item["type"] == "additional_tools" {
            list(item.get("tools"), &format!("input[{index}].tools"), &mut tools)?;
        }
    }
    let choice = field(body, "tool_choice");
    let tools = match choice {
        None => tools,
        Some(Value::String(choice)) if choice == "none" => Vec::new(),
        Some(Value::String(choice)) if choice == "auto" => tools,
        Some(Value::String(choice)) if choice == "required" && !tools.is_empty() => tools,
        Some(Value::Object(choice)) if choice.get("type").is_some_and(|kind| kind == "allowed_tools") => {
            let names: Vec<&Value> =
                choice["tools"].as_array().into_iter().flatten().map(|allowed| &allowed["name"]).collect();
            tools.into_iter().filter(|tool| names.iter().any(|name| **name == tool.name)).collect()
        }
        Some(Value::Object(choice)) => {
            let named: Vec<Tool> =
                tools.into_iter().filter(|tool| choice.get("name").is_some_and(|name| *name == tool.name)).collect();
            if named.is_empty() {
                return Err(ApiError::parameter("tool_choice", "invalid_value", "not found in 'tools'"));
            }
            named
        }
        Some(_) => return Err(ApiError::wrong_value("tool_choice", "none, auto, required with tools, or one of them")),
    };
    let forced = choice.is_some_and(|choice| choice == "required" || choice.is_object());
    let parallel = boolean(body, "parallel_tool_calls")? != Some(false);
    Ok((definitions, Callable { tools, forced, parallel }))
}

fn list(tools: Option<&Value>, at: &str, all: &mut Vec<Tool>) -> Result<(), ApiError> {
    let Some(tools) = tools else { return Ok(()) };
    let tools = tools.as_array().ok_or_else(|| ApiError::wrong_type(at, "an array of tools"))?;
    for (index, tool) in tools.iter().enumerate() {
        let at = format!("{at}[{index}]");
        let kind = tool.get("type").and_then(Value::as_str).unwrap_or_default();
        let name = || tool.get("name").and_then(Value::as_str).ok_or_else(|| ApiError::missing(&format!("{at}.name")));
        match kind {
            "function" | "custom" => {
                tool::checked_name(name()?, &format!("{at}.name"))?;
                let schema = tool.get("parameters").filter(|schema| schema.is_object());
                let parameters = schema.cloned().unwrap_or_else(|| json!({"type": "object"}));
                all.push(Tool { name: name()?.to_owned(), parameters, custom: kind == "custom" });
            }
            "namespace" => {
                name()?;
                list(tool.get("tools"), &format!("{at}.tools"), all)?;
            }
            "tool_search" => {}
            _ => return Err(ApiError::wrong_value(&format!("{at}.type"), "function, custom or namespace")),
        }
    }
    Ok(())
}
