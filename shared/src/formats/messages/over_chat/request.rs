//! The request as a chat completion's.

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::content::{Conversation, filled};
use crate::error::Error;
use crate::formats::Target;
use crate::formats::chat::names::Names;

/// As many stop sequences as chat takes.
const MOST_STOPS: usize = 4;

/// A tool of Claude Code's that must never be called: its description says so.
const PLACEHOLDER: &str = "DeferredToolPlaceholder";

/// What must be known of the request where the answer is read.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// What the client calls the model.
    pub model: String,
    /// Names of tools that were cut.
    pub names: Names,
    /// Whether the client does not want to see what the model has thought.
    pub hides_thoughts: bool,
}

/// The chat completion that asks for what a message was asked for.
///
/// # Errors
/// 400 that names what no chat model can do.
pub fn to_chat(request: Map<String, Value>, target: &Target<'_>) -> Result<(Map<String, Value>, Reading), Error> {
    let mut reading = Reading { model: target.id.to_owned(), ..Reading::default() };
    let open_weights = target.provider.quirks.open_weights;
    let mut conversation = Conversation {
        messages: Vec::new(),
        names: &mut reading.names,
        with_thoughts: target.provider.quirks.takes_thoughts(),
    };
    conversation.request(&request)?;
    let messages = conversation.messages;
    if messages.iter().all(|message| message["role"] == "system") {
        return Err(Error::invalid("messages", "`messages` says nothing that a chat model could answer."));
    }
    let mut chat = Map::new();
    let mut set = |name: &str, value: Value| chat.insert(name.to_owned(), value);
    set("model", json!(target.model));
    set("messages", Value::Array(messages));
    set("stream", json!(true));
    set("stream_options", json!({ "include_usage": true }));
    set(target.chat_limit(), json!(target.output_limit));
    for name in ["temperature", "top_p"].into_iter().chain(open_weights.then_some("top_k")) {
        if let Some(value) = filled(&request, name) {
            set(name, value.clone());
        }
    }
    if let Some(stops) = stops(&request)? {
        set("stop", stops);
    }
    let tools = tools(&request, &mut reading.names)?;
    if !tools.is_empty() {
        set("tools", Value::Array(tools));
        if let Some(choice) = filled(&request, "tool_choice") {
            if let Some(choice) = tool_choice(choice, &mut reading.names)? {
                set("tool_choice", choice);
            }
            if choice.get("disable_parallel_tool_use") == Some(&Value::Bool(true)) {
                set("parallel_tool_calls", json!(false));
            }
        }
    }
    if let Some(format) = response_format(&request) {
        set("response_format", format);
    }
    let thinking = filled(&request, "thinking");
    reading.hides_thoughts = thinking.is_some_and(|thinking| thinking["display"] == "omitted");
    if let Some(effort) = effort(&request).filter(|_| target.reasoning) {
        set("reasoning_effort", json!(effort));
    }
    if let Some(user) =
        filled(&request, "metadata").and_then(|metadata| metadata.get("user_id")).and_then(Value::as_str)
    {
        // Longer than a chat's user may be, and nobody's business there.
        let hash = hex::encode(Sha256::digest(user));
        set("user", json!(hash));
    }
    target.ask_for_text(&mut chat);
    Ok((chat, reading))
}

fn stops(request: &Map<String, Value>) -> Result<Option<Value>, Error> {
    let Some(stops) = filled(request, "stop_sequences") else { return Ok(None) };
    let invalid =
        || Error::invalid("stop_sequences", "`stop_sequences` is an array of texts; of this model at most 4.");
    let stops: Vec<&str> =
        stops.as_array().and_then(|stops| stops.iter().map(Value::as_str).collect()).ok_or_else(invalid)?;
    let stops: Vec<&str> = stops.into_iter().filter(|stop| !stop.trim().is_empty()).collect();
    if stops.len() > MOST_STOPS {
        return Err(invalid());
    }
    Ok((!stops.is_empty()).then(|| json!(stops)))
}

fn tools(request: &Map<String, Value>, names: &mut Names) -> Result<Vec<Value>, Error> {
    let mut functions = Vec::new();
    for (place, tool) in request.get("tools").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let name = tool.get("name").and_then(Value::as_str).unwrap_or_default();
        if tool.get("type").is_some_and(|kind| !kind.is_null() && kind != "custom") {
            let message =
                "This model is served as a chat model here, which knows no tools but those you describe yourself.";
            return Err(Error::invalid(format!("tools[{place}].type"), message));
        }
        if name == PLACEHOLDER {
            continue;
        }
        let mut function = json!({ "name": names.short(name) });
        for (own, member) in [("description", "description"), ("strict", "strict"), ("parameters", "input_schema")] {
            if let Some(value) = tool.get(member).filter(|value| !value.is_null()) {
                function[own] = value.clone();
            }
        }
        functions.push(json!({ "type": "function", "function": function }));
    }
    Ok(functions)
}

fn tool_choice(choice: &Value, names: &mut Names) -> Result<Option<Value>, Error> {
    Ok(match choice.get("type").and_then(Value::as_str) {
        Some("auto") => Some(json!("auto")),
        Some("any") => Some(json!("required")),
        Some("none") => Some(json!("none")),
        Some("tool") => {
            let name = names.short(choice.get("name").and_then(Value::as_str).unwrap_or_default());
            Some(json!({ "type": "function", "function": { "name": name } }))
        }
        _ => return Err(Error::invalid("tool_choice", "`tool_choice` has the `type` auto, any, tool or none.")),
    })
}

fn response_format(request: &Map<String, Value>) -> Option<Value> {
    let config = filled(request, "output_config").and_then(|config| config.get("format"));
    let format = config.or_else(|| filled(request, "output_format"))?;
    let schema = format.get("schema")?;
    Some(json!({ "type": "json_schema", "json_schema": { "name": "output", "strict": true, "schema": schema } }))
}

/// How much a model is to think, as chat says it.
fn effort(request: &Map<String, Value>) -> Option<&'static str> {
    let thinking = filled(request, "thinking");
    let kind = thinking.and_then(|thinking| thinking.get("type")).and_then(Value::as_str);
    let asked = filled(request, "output_config").and_then(|config| config.get("effort")).and_then(Value::as_str);
    match (asked, kind) {
        (_, Some("disabled")) => None,
        (Some("low"), _) => Some("low"),
        (Some("medium"), _) => Some("medium"),
        (Some(_), _) | (None, Some("adaptive")) => Some("high"),
        (None, Some("enabled")) => match thinking.and_then(|thinking| thinking["budget_tokens"].as_u64()) {
            Some(..2048) => Some("low"),
            Some(2048..4096) => Some("medium"),
            _ => Some("high"),
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::providers::table::PROVIDERS;

    fn chat_for(provider: &str, reasoning: bool, body: Value) -> Result<Map<String, Value>, Error> {
        let provider = PROVIDERS.iter().find(|row| row.name == provider).expect("a row");
        let target = Target { id: "m", output_limit: 9, reasoning, long_cache: true, ..Target::of(provider) };
        let Value::Object(request) = body else { panic!("an object") };
        to_chat(request, &target).map(|(chat, _)| chat)
    }

    fn chat(body: Value) -> Value {
        Value::Object(chat_for("portkey", false, body).expect("a chat"))
    }

    #[test]
    fn a_conversation_with_tools_and_images_is_a_chat() {
        let sent = chat(json!({
        "model": "m", "max_tokens": 50, "temperature": 0.5, "top_k": 3, "stop_sequences": ["x", " "],
        "system": [{"type": "text", "text": "x-anthropic-billing-header: a"}, {"type": "text", "text": "Be brief."}],
        "metadata": {"user_id": "u"},
        "tools": [{"name": "f", "description": "d", "input_schema": {"type": "object"}, "defer_loading": true}],
        "tool_choice": {"type": "any", "disable_parallel_tool_use": true},
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "a"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA"}}]},
            {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm", "signature": "s"},
                {"type": "text", "text": "b"}, {"type": "tool_use", "id": "t1", "name": "f", "input": {"x": 1}},
                {"type": "tool_use", "id": "t2", "name": "f", "input": {}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": "one"},
                {"type": "tool_result", "tool_use_id": "t2", "is_error": true, "content": [{"type": "text", "text": "two"},
                    {"type": "image", "source": {"type": "url", "url": "https://x/i.png"}}]},
                {"type": "text", "text": "and?"}]},
            {"role": "system", "content": "later"},
        ]}));
        assert_eq!(
            sent,
            json!({"model": "up", "max_tokens": 9, "temperature": 0.5, "stop": ["x"], "stream": true,
                "stream_options": {"include_usage": true}, "tool_choice": "required", "parallel_tool_calls": false,
                "user": "0bfe935e70c321c7ca3afc75ce0d0ca2f98b5422e008bb31c00c6d7f1f1c0ad6",
                "tools": [{"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}}],
                "messages": [
                    {"role": "system", "content": "Be brief."},
                    {"role": "user", "content": [{"type": "text", "text": "a"},
                        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}]},
                    {"role": "assistant", "content": "b", "tool_calls": [
                        {"id": "t1", "type": "function", "function": {"name": "f", "arguments": "{\"x\":1}"}},
                        {"id": "t2", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
                    {"role": "tool", "tool_call_id": "t1", "content": "one"},
                    {"role": "tool", "tool_call_id": "t2", "content": "Error: two"},
                    {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x/i.png"}},
                        {"type": "text", "text": "and?"}]},
                    {"role": "user", "content": "<system>\nlater\n</system>"}]})
        );
    }

    #[test]
    fn documents_and_schemas_are_said_as_chat_says_them() {
        let sent = chat(json!({"output_config": {"format": {"type": "json_schema", "schema": {"type": "object"}}},
            "messages": [{"role": "user", "content": [
                {"type": "document", "title": "T", "source": {"type": "text", "media_type": "text/plain", "data": "d"}},
                {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "AA"}}]}]}));
        assert_eq!(sent["response_format"]["json_schema"]["schema"], json!({"type": "object"}));
        assert_eq!(
            sent["messages"][0]["content"],
            json!([{"type": "text", "text": "<document title=\"T\">\nd\n</document>"},
                {"type": "file", "file": {"filename": "document.pdf", "file_data": "data:application/pdf;base64,AA"}}])
        );
    }

    #[test]
    fn how_much_to_think_is_told_to_models_that_do() {
        for (members, effort) in [
            (json!({}), None),
            (json!({"thinking": {"type": "enabled", "budget_tokens": 1024}}), Some("low")),
            (json!({"thinking": {"type": "enabled", "budget_tokens": 3000}}), Some("medium")),
            (json!({"thinking": {"type": "enabled", "budget_tokens": 31_999}}), Some("high")),
            (json!({"thinking": {"type": "adaptive"}}), Some("high")),
            (json!({"thinking": {"type": "adaptive"}, "output_config": {"effort": "medium"}}), Some("medium")),
            (json!({"output_config": {"effort": "max"}}), Some("high")),
            (json!({"thinking": {"type": "disabled"}, "output_config": {"effort": "max"}}), None),
        ] {
            let mut body = members.clone();
            body["messages"] = json!([{"role": "user", "content": "x"}]);
            let sent = chat_for("chutes", true, body.clone()).expect("a chat");
            assert_eq!(sent.get("reasoning_effort").and_then(Value::as_str), effort, "{members}");
            assert_eq!(sent["max_completion_tokens"], 9);
            assert!(!chat_for("chutes", false, body).expect("a chat").contains_key("reasoning_effort"));
        }
    }

    #[test]
    fn what_no_chat_model_can_do_is_refused_by_name() {
        let messages = json!([{"role": "user", "content": "x"}]);
        for (member, value, param) in [
            ("tools", json!([{"type": "bash_20250124", "name": "bash"}]), "tools[0].type"),
            ("stop_sequences", json!(["a", "b", "c", "d", "e"]), "stop_sequences"),
            ("messages", json!([{"role": "tool", "content": "x"}]), "messages[0].role"),
            ("messages", json!([{"role": "user", "content": []}]), "messages"),
        ] {
            let mut body = json!({ "messages": messages });
            body[member] = value;
            let error = chat_for("portkey", false, body).expect_err(param);
            assert_eq!((error.http_status().as_u16(), error.param.as_deref()), (400, Some(param)));
        }
    }
}
