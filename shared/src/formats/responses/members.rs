//! Members that a provider would charge for apart, that need something to be kept, or that are not what they must be:
//! refused by name.

use serde_json::{Map, Value};

use crate::error::Error;
use crate::formats::openai::body::read;
use crate::formats::openai::members::{self, Members};
use crate::integer::Integer;
use crate::object::Object;

/// What a response has besides the members of every format, and what providers of other formats would read there.
const MEMBERS: Members = Members {
    known: &[
        "input",
        "instructions",
        "max_output_tokens",
        "tool_choice",
        "text",
        "reasoning",
        "store",
        "truncation",
        // Pictures, as at OpenRouter.
        "modalities",
        "image_config",
    ],
    instead: &[("max_completion_tokens", "max_output_tokens"), ("best_of", "max_output_tokens"), ("messages", "input")],
    // Each kind of tool is looked at by itself.
    client_tools: &[""],
    long_cache: false,
};

/// Members that ask for what is not offered here, or that a response has not.
const REFUSED: [(&str, &str); 8] = [
    ("n", "A response is one answer; leave out `n`."),
    ("max_tokens", "`max_tokens` is not a member of this request; write `max_output_tokens`."),
    ("conversation", "`conversation` is not offered here; go on by `previous_response_id`, or by `?session_id=`."),
    ("prompt", "Prompt templates are not kept here; send their text in `instructions` and `input`."),
    ("context_management", "`context_management` is not offered here; shorten the `input` yourself."),
    ("response_format", "`response_format` is not a member of this request; write `text.format`."),
    ("functions", "`functions` is not a member of this request; write `tools`."),
    ("image", "`image` is about images that the provider makes, which is not offered here; leave it out."),
];

/// How many likely tokens are told of at most.
const MOST_LOGPROBS: i64 = 20;

/// Refuses what is not priced or not offered.
///
/// # Errors
/// 400 that names the member.
pub fn check(request: &Object<'_>) -> Result<(), Error> {
    for (member, message) in REFUSED {
        if request.get(member).is_some_and(|value| value != "null") {
            return Err(Error::invalid(member, message));
        }
    }
    members::check(request, &MEMBERS)?;
    for name in ["store", "parallel_tool_calls"] {
        boolean(request, name)?;
    }
    for name in ["instructions", "user", "safety_identifier", "prompt_cache_key", "previous_response_id"] {
        request.read::<String>(name).map_err(|_| Error::invalid(name, format!("`{name}` is a text.")))?;
    }
    let truncation: Option<String> = read(request, "truncation", TRUNCATION)?;
    if truncation.is_some_and(|truncation| !matches!(truncation.as_str(), "auto" | "disabled")) {
        return Err(Error::invalid("truncation", TRUNCATION));
    }
    const LOGPROBS: &str = "`top_logprobs` is a whole number from 0 to 20.";
    let logprobs: Option<Integer> = read(request, "top_logprobs", LOGPROBS)?;
    if logprobs.is_some_and(|Integer(wanted)| !(0..=MOST_LOGPROBS).contains(&wanted)) {
        return Err(Error::invalid("top_logprobs", LOGPROBS));
    }
    metadata(request)?;
    read::<Vec<String>>(request, "include", "`include` is an array of texts.")?;
    for name in ["text", "reasoning"] {
        let object: Option<Map<String, Value>> =
            request.read(name).map_err(|_| Error::invalid(name, format!("`{name}` is an object.")))?;
        if let Some(object) = object
            && name == "text"
        {
            format(&object)?;
        }
    }
    Ok(())
}

const TRUNCATION: &str = "`truncation` is auto or disabled.";

fn boolean(request: &Object<'_>, name: &'static str) -> Result<Option<bool>, Error> {
    request.read(name).map_err(|_| Error::invalid(name, format!("`{name}` is true or false.")))
}

fn metadata(request: &Object<'_>) -> Result<(), Error> {
    const SHAPE: &str =
        "`metadata` is an object of at most 16 texts of at most 512 characters, under names of at most 64.";
    let metadata: Option<Map<String, Value>> = read(request, "metadata", SHAPE)?;
    let metadata = metadata.unwrap_or_default();
    let fits = |(name, value): (&String, &Value)| {
        name.chars().count() <= 64 && value.as_str().is_some_and(|text| text.chars().count() <= 512)
    };
    if metadata.len() > 16 || !metadata.iter().all(fits) {
        return Err(Error::invalid("metadata", SHAPE));
    }
    Ok(())
}

/// The form of the answer.
fn format(text: &Map<String, Value>) -> Result<(), Error> {
    let invalid = |message: &'static str| Err(Error::invalid("text.format", message));
    let Some(format) = text.get("format").filter(|format| !format.is_null()) else { return Ok(()) };
    match format.get("type").and_then(Value::as_str) {
        Some("text" | "json_object") => Ok(()),
        Some("json_schema") if !format.get("name").is_some_and(Value::is_string) => {
            invalid("`text.format` of the type json_schema has a `name`.")
        }
        Some("json_schema") if !format.get("schema").is_some_and(Value::is_object) => {
            invalid("`text.format` of the type json_schema has a `schema`, an object.")
        }
        Some("json_schema") => Ok(()),
        _ => invalid("`text.format` has the `type` text, json_object or json_schema."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refused(member: &str, value: &Value) -> Option<String> {
        let text = json!({ member: value }).to_string();
        let request: Object<'_> = serde_json::from_str(&text).expect("an object");
        check(&request).err().map(|error| error.param.unwrap_or_default().into_owned())
    }

    #[test]
    fn what_is_not_priced_or_not_offered_is_refused_by_name() {
        for (member, value, param) in [
            ("background", json!(true), "background"),
            ("background_options", json!({"completion_window": "8h"}), "background_options"),
            ("conversation", json!("conv_1"), "conversation"),
            ("prompt", json!({"id": "pmpt_1"}), "prompt"),
            ("previous_response_id", json!(["resp_1"]), "previous_response_id"),
            ("context_management", json!([{"type": "compaction"}]), "context_management"),
            ("service_tier", json!("priority"), "service_tier"),
            ("service_tier", json!("ultrafast"), "service_tier"),
            ("moderation", json!({"model": "m"}), "moderation"),
            ("reasoning", json!({"mode": "pro"}), "reasoning.mode"),
            ("reasoning", json!("high"), "reasoning"),
            ("prompt_cache_options", json!({"ttl": "12h"}), "prompt_cache_options"),
            ("prompt_cache_retention", json!("24h"), "prompt_cache_retention"),
            ("n", json!(2), "n"),
            ("max_tokens", json!(2), "max_tokens"),
            ("max_completion_tokens", json!(2), "max_completion_tokens"),
            ("Max_Output_Tokens", json!(2), "Max_Output_Tokens"),
            ("messages", json!([]), "messages"),
            ("response_format", json!({"type": "text"}), "response_format"),
            ("store", json!("no"), "store"),
            ("parallel_tool_calls", json!(1), "parallel_tool_calls"),
            ("instructions", json!(["x"]), "instructions"),
            ("truncation", json!("yes"), "truncation"),
            ("top_logprobs", json!(21), "top_logprobs"),
            ("include", json!("x"), "include"),
            ("metadata", json!({"a": 1}), "metadata"),
            ("text", json!({"format": {"type": "xml"}}), "text.format"),
            ("text", json!({"format": {"type": "json_schema", "schema": {}}}), "text.format"),
        ] {
            assert_eq!(refused(member, &value).as_deref(), Some(param), "{member}: {value}");
        }
    }

    #[test]
    fn what_changes_no_price_passes() {
        for (member, value) in [
            ("background", json!(false)),
            ("previous_response_id", json!(null)),
            ("previous_response_id", json!("resp_1")),
            ("service_tier", json!("flex")),
            ("store", json!(true)),
            ("truncation", json!("auto")),
            ("include", json!(["reasoning.encrypted_content"])),
            ("max_tool_calls", json!(3)),
            ("metadata", json!({"a": "b"})),
            ("reasoning", json!({"effort": "high", "summary": "auto"})),
            ("text", json!({"format": {"type": "json_schema", "name": "n", "schema": {}}, "verbosity": "low"})),
            ("client_metadata", json!({"x": 1})),
            ("tools", json!([{"type": "function", "name": "f"}])),
        ] {
            assert_eq!(refused(member, &value), None, "{member}: {value}");
        }
    }
}
