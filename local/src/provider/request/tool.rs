//! The tools of a request and the format asked for the answer.

use serde_json::{Map, Value, json};

use super::{field, told::Steps};
use crate::provider::error::ApiError;

/// A function that the model may call.
#[derive(Clone, Debug)]
pub(in crate::provider) struct Tool {
    pub(in crate::provider) name: String,
    /// The JSON schema of its arguments.
    pub(in crate::provider) parameters: Value,
    /// Whether it takes a text in place of arguments.
    pub(in crate::provider) custom: bool,
}

/// A tool's call that a prompt spells out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::provider) struct Told {
    pub(in crate::provider) name: String,
    /// A JSON object, as it was written; or a custom tool's text.
    pub(in crate::provider) arguments: String,
    /// Whether it is one of a custom tool.
    pub(in crate::provider) custom: bool,
}

/// So many tools are called with made-up arguments. Whoever offers more is an agent, whose tools do as they are told.
const MADE_UP_FOR: usize = 8;

/// The tools that an answer may call.
#[derive(Debug)]
pub(super) struct Callable {
    pub(super) tools: Vec<Tool>,
    /// Whether it has to call one.
    pub(super) forced: bool,
    /// Whether it may call several at once.
    pub(super) parallel: bool,
}

impl Callable {
    /// The tools that the answer calls with made-up arguments, and the calls that the conversation tells of. After a tool's
    /// result it is the model's turn to say something, unless it was told of more.
    pub(super) fn chosen(self, steps: Steps, after_result: bool) -> (Vec<Tool>, Vec<Told>) {
        let mut told = steps.next(&self.tools);
        let speaks = after_result || (self.tools.len() > MADE_UP_FOR && !self.forced);
        let mut called = if speaks { Vec::new() } else { self.tools };
        if !self.parallel {
            called.truncate(1);
            told.truncate(1);
        }
        (called, told)
    }
}

/// `response_format`.
#[derive(Debug)]
pub(in crate::provider) enum ResponseFormat {
    Text,
    /// JSON after this schema.
    Json(Value),
}

/// The tools that this request lets the model call.
pub(super) fn callable(body: &Map<String, Value>) -> Result<Callable, ApiError> {
    let tools = match field(body, "tools") {
        None => Vec::new(),
        Some(Value::Array(tools)) if (1..=128).contains(&tools.len()) => {
            tools.iter().enumerate().map(|(index, tool)| parse_tool(tool, index)).collect::<Result<_, _>>()?
        }
        Some(_) => return Err(ApiError::wrong_type("tools", "an array of 1 to 128 tools")),
    };
    let choice = field(body, "tool_choice");
    if tools.is_empty() && choice.is_some_and(|choice| choice != "none") {
        return Err(ApiError::parameter("tool_choice", "invalid_value", "is only allowed together with 'tools'"));
    }
    let parallel = match field(body, "parallel_tool_calls") {
        Some(_) if tools.is_empty() => {
            let message = "is only allowed together with 'tools'";
            return Err(ApiError::parameter("parallel_tool_calls", "invalid_value", message));
        }
        None => true,
        Some(Value::Bool(parallel)) => *parallel,
        Some(_) => return Err(ApiError::wrong_type("parallel_tool_calls", "a boolean")),
    };
    let tools = match choice {
        None => tools,
        Some(Value::String(choice)) if choice == "none" => Vec::new(),
        Some(Value::String(choice)) if choice == "auto" || choice == "required" => tools,
        Some(Value::Object(choice)) => {
            let name = choice.get("function").and_then(|function| function.get("name"));
            tools.into_iter().filter(|tool| name.is_some_and(|name| *name == tool.name)).collect()
        }
        Some(_) => return Err(ApiError::wrong_value("tool_choice", "none, auto, required or a function")),
    };
    if tools.is_empty() && choice.is_some_and(Value::is_object) {
        return Err(ApiError::wrong_value("tool_choice", "a function of 'tools'"));
    }
    let forced = choice.is_some_and(|choice| choice.is_object() || choice == "required");
    Ok(Callable { tools, forced, parallel })
}

fn parse_tool(tool: &Value, index: usize) -> Result<Tool, ApiError> {
    let at = |name: &str| format!("tools[{index}].{name}");
    if tool.get("type").is_none_or(|kind| kind != "function") {
        return Err(ApiError::wrong_value(&at("type"), "function"));
    }
    let Some(function) = tool.get("function").and_then(Value::as_object) else {
        return Err(ApiError::missing(&at("function")));
    };
    let name = function.get("name").and_then(Value::as_str).ok_or_else(|| ApiError::missing(&at("function.name")))?;
    checked_name(name, &at("function.name"))?;
    let parameters = match field(function, "parameters") {
        None => json!({"type": "object"}),
        Some(schema @ Value::Object(_)) => schema.clone(),
        Some(_) => return Err(ApiError::wrong_type(&at("function.parameters"), "an object")),
    };
    Ok(Tool { name: name.to_owned(), parameters, custom: false })
}

/// OpenAI's rule for the names of functions and of schemas: `^[a-zA-Z0-9_-]{1,64}$`.
pub(super) fn checked_name(name: &str, at: &str) -> Result<(), ApiError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    if (1..=64).contains(&name.len()) && name.bytes().all(allowed) {
        Ok(())
    } else {
        Err(ApiError::wrong_value(at, "1 to 64 letters, digits, underscores and dashes"))
    }
}

pub(super) fn response_format(body: &Map<String, Value>) -> Result<ResponseFormat, ApiError> {
    let format = match field(body, "response_format") {
        None => return Ok(ResponseFormat::Text),
        Some(Value::Object(format)) => format,
        Some(_) => return Err(ApiError::wrong_type("response_format", "an object")),
    };
    match field(format, "type").and_then(Value::as_str) {
        Some("text") => Ok(ResponseFormat::Text),
        Some("json_object") => Ok(ResponseFormat::Json(json!({"type": "object"}))),
        Some("json_schema") => {
            let at = "response_format.json_schema";
            let schema = format.get("json_schema").and_then(Value::as_object).ok_or_else(|| ApiError::missing(at))?;
            let name_at = format!("{at}.name");
            let name = schema.get("name").and_then(Value::as_str).ok_or_else(|| ApiError::missing(&name_at))?;
            checked_name(name, &name_at)?;
            match field(schema, "schema") {
                None => Ok(ResponseFormat::Json(json!({"type": "object"}))),
                Some(schema @ Value::Object(_)) => Ok(ResponseFormat::Json(schema.clone())),
                Some(_) => Err(ApiError::wrong_type(&format!("{at}.schema"), "an object")),
            }
        }
        _ => Err(ApiError::wrong_value("response_format.type", "text, json_object or json_schema")),
    }
}
