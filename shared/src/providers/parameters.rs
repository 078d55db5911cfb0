//! What a request asks of a model by its members, in OpenRouter's names of parameters: whoever wants none of them ignored says so in
//! `provider.require_parameters` (openrouter.ai/docs, "Provider routing").

use serde::Deserialize;

use super::Provider;
use crate::formats::format::Format;
use crate::object::Object;

/// Each member of any format that asks a model for something, and the parameter that it is.
const MEMBERS: &[(&str, &str)] = &[
    ("max_tokens", "max_tokens"),
    ("max_completion_tokens", "max_tokens"),
    ("max_output_tokens", "max_tokens"),
    ("temperature", "temperature"),
    ("top_p", "top_p"),
    ("top_k", "top_k"),
    ("min_p", "min_p"),
    ("top_a", "top_a"),
    ("frequency_penalty", "frequency_penalty"),
    ("presence_penalty", "presence_penalty"),
    ("repetition_penalty", "repetition_penalty"),
    ("seed", "seed"),
    ("stop", "stop"),
    ("stop_sequences", "stop"),
    ("logit_bias", "logit_bias"),
    ("logprobs", "logprobs"),
    ("top_logprobs", "top_logprobs"),
    ("structured_outputs", "structured_outputs"),
    ("reasoning", "reasoning"),
    ("reasoning_effort", "reasoning"),
    ("thinking", "reasoning"),
    ("include_reasoning", "include_reasoning"),
    ("tools", "tools"),
    ("tool_choice", "tool_choice"),
    ("parallel_tool_calls", "parallel_tool_calls"),
    ("verbosity", "verbosity"),
];

/// Members that say how an answer is to be written: a format in themselves, or in their `format`.
const ANSWER_FORMATS: [&str; 4] = ["response_format", "text", "output_format", "output_config"];

/// The parameters that reach a model over Messages, whichever format asked for them.
const OF_MESSAGES: &[&str] = &[
    "max_tokens",
    "temperature",
    "top_p",
    "top_k",
    "stop",
    "reasoning",
    "include_reasoning",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "response_format",
    "structured_outputs",
];

/// The parameters that OpenAI's own API has not, and that are left out of what goes there.
const NOT_OPENAIS: &[&str] = &["top_k", "min_p", "top_a", "repetition_penalty"];

/// The parameters that a request asks for, each once. What says what would be without it asks for nothing.
#[must_use]
pub fn asked(request: &Object<'_>) -> Vec<&'static str> {
    let is_set = |value: &str| {
        !matches!(value, "null" | "false" | "[]")
            && !serde_json::from_str::<Form>(value).is_ok_and(|form| form.kind.as_deref() == Some("disabled"))
    };
    let mut asked = Vec::new();
    for (member, parameter) in MEMBERS {
        if request.get(member).is_some_and(is_set) && !asked.contains(parameter) {
            asked.push(parameter);
        }
    }
    asked.extend(ANSWER_FORMATS.iter().find_map(|member| answer_format(request, member)));
    asked
}

/// A member that says of which kind it is, or its `format`.
#[derive(Deserialize)]
struct Form {
    #[serde(rename = "type")]
    kind: Option<String>,
    format: Option<Box<Form>>,
}

/// What a member asks of the answer's form.
fn answer_format(request: &Object<'_>, member: &str) -> Option<&'static str> {
    let form: Form = request.read(member).ok().flatten()?;
    let kind = form.kind.or_else(|| form.format.and_then(|format| format.kind))?;
    match kind.as_str() {
        "json_object" => Some("response_format"),
        "json_schema" => Some("structured_outputs"),
        _ => None,
    }
}

/// Whether a parameter gets to a provider's models at all, in the formats that it speaks.
#[must_use]
pub fn reaches(provider: &Provider, parameter: &str) -> bool {
    let over_messages = provider.path(Format::Chat).is_none();
    (!over_messages || OF_MESSAGES.contains(&parameter))
        && (!provider.quirks.strict || !NOT_OPENAIS.contains(&parameter))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::table::PROVIDERS;

    fn of(request: &str) -> Vec<&'static str> {
        asked(&serde_json::from_str(request).expect("an object"))
    }

    #[test]
    fn every_member_is_its_parameter_and_what_asks_for_nothing_is_none() {
        for (member, parameter) in MEMBERS {
            assert_eq!(of(&format!(r#"{{"{member}":1}}"#)), [*parameter], "{member}");
            for nothing in ["null", "false", "[]"] {
                assert!(of(&format!(r#"{{"{member}":{nothing}}}"#)).is_empty(), "{member} {nothing}");
            }
        }
        for (request, asked) in [
            (r#"{"model":"a","messages":[],"stream":true,"user":"x"}"#, vec![]),
            (r#"{"max_tokens":1,"max_completion_tokens":2}"#, vec!["max_tokens"]),
            (r#"{"thinking":{"type": "disabled"}}"#, vec![]),
            (r#"{"response_format":{"type":"text"}}"#, vec![]),
            (r#"{"response_format":{"type":"json_object"}}"#, vec!["response_format"]),
            (r#"{"response_format":{"type":"json_schema","json_schema":{}}}"#, vec!["structured_outputs"]),
            (r#"{"response_format":"pcm","text":"words"}"#, vec![]),
            (r#"{"text":{"format":{"type":"json_schema"}}}"#, vec!["structured_outputs"]),
            (r#"{"output_config":{"format":{"type":"json_schema"}}}"#, vec!["structured_outputs"]),
        ] {
            assert_eq!(of(request), asked, "{request}");
        }
    }

    #[test]
    fn what_a_translation_leaves_out_does_not_reach_a_provider() {
        let row = |name: &str| PROVIDERS.iter().find(|row| row.name == name).expect("a row");
        for (provider, parameter, arrives) in [
            ("anthropic", "seed", false),
            ("anthropic", "top_k", true),
            ("openai", "top_k", false),
            ("openai", "seed", true),
            ("openrouter", "top_a", true),
        ] {
            assert_eq!(reaches(row(provider), parameter), arrives, "{parameter} at {provider}");
        }
    }
}
