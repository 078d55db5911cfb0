//! The body of a chat completion, checked as OpenAI checks it and reduced to what an answer depends on.

use serde_json::{Map, Value};

use super::{
    error::ApiError,
    message::Prompt,
    tool::{self, ResponseFormat, Tools},
};

/// A checked request.
#[derive(Debug)]
pub(super) struct ChatRequest {
    pub(super) model: String,
    pub(super) stream: bool,
    /// `stream_options.include_usage`.
    pub(super) include_usage: bool,
    /// The most tokens that one choice may have: the smaller of `max_tokens` and `max_completion_tokens`.
    pub(super) limit: Option<u64>,
    /// `n`.
    pub(super) choices: u64,
    /// `stop`.
    pub(super) stops: Vec<String>,
    pub(super) tools: Tools,
    pub(super) format: ResponseFormat,
    pub(super) prompt: Prompt,
}

impl ChatRequest {
    /// Checks a body. Parameters that are unknown here are ignored, as they are upstream; those that would change the
    /// answer in a way that a stand-in cannot follow are refused.
    ///
    /// # Errors
    /// A 400 that names the first parameter at fault.
    pub(super) fn parse(body: &Value) -> Result<Self, ApiError> {
        let Value::Object(body) = body else {
            return Err(ApiError::bad_request("the body must be a JSON object"));
        };
        for name in ["functions", "function_call", "audio"] {
            if field(body, name).is_some() {
                return Err(ApiError::unsupported(name));
            }
        }
        if boolean(body, "logprobs")? == Some(true) {
            return Err(ApiError::unsupported("logprobs"));
        }
        let model = match field(body, "model") {
            None => return Err(ApiError::missing("model")),
            Some(Value::String(model)) if !model.is_empty() => model.clone(),
            Some(_) => return Err(ApiError::wrong_type("model", "a non-empty string")),
        };
        let stream = boolean(body, "stream")?.unwrap_or(false);
        range(body, "temperature", 0.0, 2.0)?;
        range(body, "top_p", 0.0, 1.0)?;
        range(body, "presence_penalty", -2.0, 2.0)?;
        range(body, "frequency_penalty", -2.0, 2.0)?;
        let limits = [
            integer(body, "max_tokens", 1, u64::from(u32::MAX))?,
            integer(body, "max_completion_tokens", 1, u64::from(u32::MAX))?,
        ];
        Ok(Self {
            model,
            stream,
            include_usage: include_usage(body, stream)?,
            limit: limits.into_iter().flatten().min(),
            choices: integer(body, "n", 1, 128)?.unwrap_or(1),
            stops: stops(body)?,
            prompt: Prompt::parse(body)?,
            tools: Tools::parse(body)?,
            format: tool::response_format(body)?,
        })
    }
}

fn include_usage(body: &Map<String, Value>, stream: bool) -> Result<bool, ApiError> {
    match field(body, "stream_options") {
        None => Ok(false),
        Some(_) if !stream => {
            let message = "is only allowed together with 'stream'";
            Err(ApiError { code: None, ..ApiError::parameter("stream_options", "", message) })
        }
        Some(Value::Object(options)) => match field(options, "include_usage") {
            None => Ok(false),
            Some(Value::Bool(include)) => Ok(*include),
            Some(_) => Err(ApiError::wrong_type("stream_options.include_usage", "a boolean")),
        },
        Some(_) => Err(ApiError::wrong_type("stream_options", "an object")),
    }
}

fn stops(body: &Map<String, Value>) -> Result<Vec<String>, ApiError> {
    let wrong = || ApiError::wrong_type("stop", "a non-empty string, or up to four of them");
    let stops = match field(body, "stop") {
        None => Vec::new(),
        Some(Value::String(stop)) => vec![stop.clone()],
        Some(Value::Array(stops)) if stops.len() <= 4 => {
            stops.iter().map(|stop| stop.as_str().map(str::to_owned)).collect::<Option<_>>().ok_or_else(wrong)?
        }
        Some(_) => return Err(wrong()),
    };
    if stops.iter().any(String::is_empty) { Err(wrong()) } else { Ok(stops) }
}

/// A member that is there and not null: OpenAI takes null for absent.
pub(super) fn field<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.get(name).filter(|value| !value.is_null())
}

fn boolean(body: &Map<String, Value>, name: &str) -> Result<Option<bool>, ApiError> {
    match field(body, name) {
        None => Ok(None),
        Some(Value::Bool(value)) => Ok(Some(*value)),
        Some(_) => Err(ApiError::wrong_type(name, "a boolean")),
    }
}

fn integer(body: &Map<String, Value>, name: &str, least: u64, most: u64) -> Result<Option<u64>, ApiError> {
    let Some(value) = field(body, name) else {
        return Ok(None);
    };
    if !value.is_i64() && !value.is_u64() {
        return Err(ApiError::wrong_type(name, "an integer"));
    }
    match value.as_u64() {
        Some(number) if number > most => {
            Err(ApiError::parameter(name, "integer_above_max_value", format!("must be at most {most}")))
        }
        Some(number) if number >= least => Ok(Some(number)),
        _ => Err(ApiError::parameter(name, "integer_below_min_value", format!("must be at least {least}"))),
    }
}

fn range(body: &Map<String, Value>, name: &str, least: f64, most: f64) -> Result<(), ApiError> {
    let Some(value) = field(body, name) else {
        return Ok(());
    };
    match value.as_f64() {
        None => Err(ApiError::wrong_type(name, "a number")),
        Some(number) if number < least => {
            Err(ApiError::parameter(name, "decimal_below_min_value", format!("must be at least {least}")))
        }
        Some(number) if number > most => {
            Err(ApiError::parameter(name, "decimal_above_max_value", format!("must be at most {most}")))
        }
        Some(_) => Ok(()),
    }
}
