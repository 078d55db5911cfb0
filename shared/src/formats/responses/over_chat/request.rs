//! The request as a chat completion's.

use serde_json::{Map, Value, json};

use super::conversation::Conversation;
use super::output::Reading;
use crate::formats::Target;
use crate::formats::format::Format;
use crate::formats::responses::head::Head;
use crate::formats::responses::tools::Tools;

/// Asks for what a model has thought in the form in which it goes back.
const ENCRYPTED: &str = "reasoning.encrypted_content";
/// Asks how likely the tokens were.
const LOGPROBS: &str = "message.output_text.logprobs";

/// The chat completion that asks for what a response was asked for, and how its answer is to be read.
#[must_use]
pub fn to_chat(
    request: &Map<String, Value>,
    tools: &Tools,
    head: Head,
    target: &Target<'_>,
) -> (Map<String, Value>, Reading) {
    let filled = |name: &str| request.get(name).filter(|value| !value.is_null());
    let open_weights = target.provider.quirks.open_weights;
    let mut chat = Map::new();
    let mut set = |name: &str, value: Value| chat.insert(name.to_owned(), value);
    set("model", json!(target.model));
    set("messages", Value::Array(messages(request, tools, target)));
    set("stream", json!(true));
    set("stream_options", json!({ "include_usage": true }));
    set(target.chat_limit(), json!(target.output_limit));
    for name in ["temperature", "top_p"] {
        if let Some(value) = filled(name) {
            set(name, value.clone());
        }
    }
    for name in ["user", "prompt_cache_key", "safety_identifier"] {
        if let Some(value) = filled(name).filter(|_| !open_weights) {
            set(name, value.clone());
        }
    }
    let choice = filled("tool_choice");
    let offered = tools.of_chat(choice);
    if !offered.is_empty() {
        set("tools", Value::Array(offered));
        if let Some(choice) = choice {
            set("tool_choice", tools.choice_of_chat(choice));
        }
        if let Some(parallel) = filled("parallel_tool_calls") {
            set("parallel_tool_calls", parallel.clone());
        }
    }
    let of_text = |name: &str| filled("text").and_then(|text| text.get(name)).filter(|value| !value.is_null());
    if let Some(format) = of_text("format").and_then(response_format) {
        set("response_format", format);
    }
    if let Some(verbosity) = of_text("verbosity").filter(|_| !open_weights) {
        set("verbosity", verbosity.clone());
    }
    let effort = filled("reasoning").and_then(|reasoning| reasoning.get("effort")).filter(|effort| effort.is_string());
    if let Some(effort) = effort.filter(|_| target.reasoning) {
        set("reasoning_effort", effort.clone());
    }
    let includes = |wanted: &str| {
        filled("include").and_then(Value::as_array).is_some_and(|include| include.iter().any(|name| name == wanted))
    };
    if includes(LOGPROBS) {
        set("logprobs", json!(true));
        if let Some(most) = filled("top_logprobs") {
            set("top_logprobs", most.clone());
        }
    }
    let modalities = filled("modalities").and_then(Value::as_array);
    if modalities.is_some_and(|modalities| modalities.iter().any(|modality| modality == "image")) {
        for name in ["modalities", "image_config"] {
            if let Some(value) = filled(name) {
                chat.insert(name.to_owned(), value.clone());
            }
        }
    } else {
        target.ask_for_text(&mut chat);
    }
    let (seals, credit_limited) = (includes(ENCRYPTED), target.credit_limited);
    let reading = Reading { head, tools: tools.clone(), seals, credit_limited };
    (chat, reading)
}

/// The messages of a chat that is kept: with all that a model has thought.
#[must_use]
pub fn kept_messages(request: &Map<String, Value>, tools: &Tools) -> Vec<Value> {
    let mut conversation = Conversation::new(tools);
    conversation.takes_text = true;
    conversation.takes_signed = true;
    conversation.takes_pictures = true;
    said_in(request, conversation)
}

fn messages(request: &Map<String, Value>, tools: &Tools, target: &Target<'_>) -> Vec<Value> {
    let mut conversation = Conversation::new(tools);
    conversation.takes_text = target.provider.quirks.takes_thoughts();
    conversation.system_first = target.provider.quirks.open_weights;
    conversation.takes_pictures = target.draws;
    // Only a provider of Anthropic's has signed what it takes back so.
    conversation.takes_signed = target.provider.path(Format::Chat).is_none();
    said_in(request, conversation)
}

fn said_in(request: &Map<String, Value>, mut conversation: Conversation<'_>) -> Vec<Value> {
    if let Some(instructions) = request.get("instructions").and_then(Value::as_str) {
        conversation.system(instructions);
    }
    match request.get("input") {
        Some(Value::Array(items)) => items.iter().for_each(|item| conversation.item(item)),
        Some(text) => conversation.user(text.clone()),
        None => {}
    }
    conversation.end();
    conversation.messages
}

fn response_format(format: &Value) -> Option<Value> {
    match format.get("type").and_then(Value::as_str)? {
        "json_object" => Some(json!({ "type": "json_object" })),
        "json_schema" => {
            let mut schema = Map::new();
            for name in ["name", "description", "schema", "strict"] {
                if let Some(value) = format.get(name).filter(|value| !value.is_null()) {
                    schema.insert(name.to_owned(), value.clone());
                }
            }
            Some(json!({ "type": "json_schema", "json_schema": schema }))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::responses::head::Name;
    use crate::providers::table::PROVIDERS;
    use proptest::prelude::*;

    fn chat_for(provider: &str, reasoning: bool, request: &Value) -> Value {
        let provider = PROVIDERS.iter().find(|row| row.name == provider).expect("a row");
        let target = Target { output_limit: 9, reasoning, ..Target::of(provider) };
        let request = request.as_object().expect("an object");
        let tools = Tools::read(request).expect("tools");
        Value::Object(to_chat(request, &tools, Head::of(request, "a/b", Name::new(), false), &target).0)
    }

    #[test]
    fn a_conversation_with_tools_and_images_is_a_chat() {
        let request = json!({
            "model": "m", "max_output_tokens": 50, "temperature": 0.5, "instructions": "Be brief.", "user": "u",
            "metadata": {"a": "b"}, "store": true, "truncation": "auto", "prompt_cache_key": "k",
            "reasoning": {"effort": "high", "summary": "auto"}, "parallel_tool_calls": false,
            "tools": [{"type": "function", "name": "f", "description": "d", "parameters": {"type": "object"}, "strict": true},
                {"type": "custom", "name": "exec"}],
            "tool_choice": {"type": "custom", "name": "exec"},
            "text": {"format": {"type": "json_schema", "name": "s", "schema": {"type": "object"}, "strict": true}, "verbosity": "low"},
            "input": [
                {"role": "developer", "content": "Be kind."},
                {"role": "user", "content": [{"type": "input_text", "text": "a"},
                    {"type": "input_image", "image_url": "data:image/png;base64,AA", "detail": "original"},
                    {"type": "input_file", "filename": "f.pdf", "file_data": "data:application/pdf;base64,BB"}]},
                {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "hm"}], "encrypted_content": "foreign"},
                {"type": "message", "role": "assistant", "id": "msg_1", "content": [{"type": "output_text", "text": "b", "annotations": []}]},
                {"type": "function_call", "call_id": "t1", "name": "f", "arguments": "{\"x\":1}"},
                {"type": "custom_tool_call", "call_id": "t2", "name": "exec", "input": "ls"},
                {"type": "function_call_output", "call_id": "t1", "output": [{"type": "input_text", "text": "one"},
                    {"type": "input_image", "image_url": "https://x/i.png"}]},
                {"type": "custom_tool_call_output", "call_id": "t2", "output": "two"},
                {"type": "web_search_call", "id": "ws_1", "status": "completed"},
                {"role": "user", "content": "and?"},
                {"role": "system", "content": "later"}]});
        let sent = chat_for("portkey", false, &request);
        let exec = json!({"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"], "additionalProperties": false});
        assert_eq!(
            sent,
            json!({"model": "up", "max_tokens": 9, "temperature": 0.5, "stream": true, "stream_options": {"include_usage": true},
                "user": "u", "prompt_cache_key": "k", "verbosity": "low", "parallel_tool_calls": false,
                "tool_choice": {"type": "function", "function": {"name": "exec"}},
                "tools": [
                    {"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}, "strict": true}},
                    {"type": "function", "function": {"name": "exec", "description": "", "parameters": exec}}],
                "response_format": {"type": "json_schema", "json_schema": {"name": "s", "schema": {"type": "object"}, "strict": true}},
                "messages": [
                    {"role": "system", "content": "Be brief.\n\nBe kind."},
                    {"role": "user", "content": [{"type": "text", "text": "a"},
                        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA", "detail": "high"}},
                        {"type": "file", "file": {"filename": "f.pdf", "file_data": "data:application/pdf;base64,BB"}}]},
                    {"role": "assistant", "content": "b", "tool_calls": [
                        {"id": "t1", "type": "function", "function": {"name": "f", "arguments": "{\"x\":1}"}},
                        {"id": "t2", "type": "function", "function": {"name": "exec", "arguments": "{\"input\":\"ls\"}"}}]},
                    {"role": "tool", "tool_call_id": "t1", "content": "one"},
                    {"role": "tool", "tool_call_id": "t2", "content": "two"},
                    {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x/i.png"}}]},
                    {"role": "user", "content": "and?"},
                    {"role": "system", "content": "later"}]})
        );
        let open = chat_for("chutes", true, &request);
        assert_eq!((&open["max_completion_tokens"], &open["reasoning_effort"]), (&json!(9), &json!("high")));
        assert_eq!(open["messages"][2]["reasoning_content"], "hm");
        assert_eq!(open["messages"][7], json!({"role": "user", "content": "<system>\nlater\n</system>"}));
        assert!(open.get("user").is_none() && open.get("verbosity").is_none());
    }

    #[test]
    fn thoughts_that_a_provider_has_signed_go_back_to_it_alone() {
        let details =
            [json!({"type": "reasoning.text", "text": "hm", "signature": "s", "format": "anthropic-claude-v1"})];
        let request = json!({"input": [{"role": "user", "content": "a"},
            {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": super::super::sealed::seal(&details)},
            {"type": "function_call", "call_id": "t", "name": "f", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "t", "output": "x"}]});
        let told = |provider: &str| chat_for(provider, true, &request)["messages"][1]["reasoning_details"].clone();
        assert_eq!((told("anthropic"), told("portkey")), (json!(details), Value::Null));
    }

    /// A chat's messages as the items that say the same.
    fn items(messages: &[Value]) -> Vec<Value> {
        let content = |content: &Value, text: &str| match content {
            Value::Array(parts) => parts
                .iter()
                .map(|part| match part["type"].as_str() {
                    Some("image_url") => json!({"type": "input_image", "image_url": part["image_url"]["url"]}),
                    _ => json!({"type": text, "text": part["text"]}),
                })
                .collect(),
            said => json!([{"type": text, "text": said}]),
        };
        let mut items = Vec::new();
        for message in messages {
            match message["role"].as_str() {
                Some("tool") => items.push(
                    json!({"type": "function_call_output", "call_id": message["tool_call_id"], "output": message["content"]}),
                ),
                Some("assistant") => {
                    if message["content"].is_string() {
                        items.push(json!({"role": "assistant", "content": content(&message["content"], "output_text")}));
                    }
                    items.extend(message["tool_calls"].as_array().into_iter().flatten().map(|call| {
                        json!({"type": "function_call", "call_id": call["id"], "name": call["function"]["name"],
                            "arguments": call["function"]["arguments"]})
                    }));
                }
                _ => items.push(json!({"role": message["role"], "content": content(&message["content"], "input_text")})),
            }
        }
        items
    }

    /// Turns of a chat such as a client builds them: after each call its result.
    fn chats() -> impl Strategy<Value = Vec<Value>> {
        let text = "[a-z]{1,8}";
        let user = (text, any::<bool>()).prop_map(|(text, image)| {
            let image = image.then(|| json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}));
            let parts: Vec<Value> = [json!({"type": "text", "text": text})].into_iter().chain(image).collect();
            let content = if parts.len() == 1 { parts[0]["text"].clone() } else { Value::Array(parts) };
            vec![json!({"role": "user", "content": content})]
        });
        let said = text.prop_map(|text| vec![json!({"role": "assistant", "content": text})]);
        let called = (proptest::option::of(text), text, 1..4_usize).prop_map(|(said, text, count)| {
            let call = |at: usize| json!({"id": format!("t{at}"), "type": "function", "function": {"name": "f", "arguments": format!("{{\"x\":{at}}}")}});
            let calls: Vec<Value> = (0..count).map(call).collect();
            let results = (0..count).map(|at| json!({"role": "tool", "tool_call_id": format!("t{at}"), "content": format!("{text}{at}")}));
            [json!({"role": "assistant", "content": said, "tool_calls": calls})].into_iter().chain(results).collect()
        });
        let turns = prop::collection::vec((user, prop_oneof![said, called]), 1..5);
        turns.prop_map(|turns| turns.into_iter().flat_map(|(user, model)| user.into_iter().chain(model)).collect())
    }

    proptest! {
        #[test]
        fn a_chat_that_was_a_response_says_what_it_said(messages in chats(), system in proptest::option::of("[a-z]{1,8}")) {
            let mut all: Vec<Value> = system.into_iter().map(|text| json!({"role": "system", "content": text})).collect();
            all.extend(messages);
            let tool = json!({"type": "function", "name": "f", "parameters": {"type": "object"}});
            let back = chat_for("portkey", false, &json!({"input": items(&all), "tools": [tool]}));
            prop_assert_eq!(&back["messages"], &Value::Array(all));
            prop_assert_eq!(&back["tools"], &json!([{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]));
        }
    }
}
