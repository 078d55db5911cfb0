//! The chat completion's request as a message's.

use serde_json::{Map, Value, json};

use super::answer_format::response_format;
use super::conversation::Conversation;
use super::thinking;
use super::tools::{tool_choice, tools};
use crate::error::{Code, Error};
use crate::formats::Target;

/// What such a model cannot do, and what the caller is told.
const NOT_HERE: [(&str, &str); 4] = [
    ("logprobs", "This model does not tell how likely its tokens were; leave out `logprobs`."),
    ("audio", "This model does not speak; leave out `audio`."),
    ("functions", "`functions` are not known to this model; use `tools`."),
    ("function_call", "`function_call` is not known to this model; use `tool_choice`."),
];

/// The message that asks for what a chat completion was asked for.
///
/// # Errors
/// 400 that names what such a model cannot do. 503 where pictures are asked for, since another provider may draw them.
pub fn to_messages(chat: Map<String, Value>, target: &Target<'_>) -> Result<Map<String, Value>, Error> {
    let filled = |name: &str| chat.get(name).filter(|value| !value.is_null());
    if filled("n").is_some_and(|n| *n != json!(1)) {
        return Err(Error::invalid("n", "This model gives one answer at a time; leave out `n`."));
    }
    for (member, message) in NOT_HERE {
        if filled(member).is_some_and(|value| *value != Value::Bool(false)) {
            return Err(Error::invalid(member, message));
        }
    }
    let modalities = filled("modalities").and_then(Value::as_array);
    if modalities.is_some_and(|modalities| modalities.iter().any(|modality| modality == "image")) {
        return Err(Error::new(Code::NoProvider));
    }
    let mut conversation = Conversation::default();
    for (place, said) in chat.get("messages").and_then(Value::as_array).into_iter().flatten().enumerate() {
        conversation.take(said, place)?;
    }
    let Conversation { mut system, messages } = conversation;
    let mut message = Map::new();
    if let Some(format) = filled("response_format") {
        response_format(format, &mut message, &mut system)?;
    }
    let mut set = |name: &str, value: Value| message.insert(name.to_owned(), value);
    set("model", json!(target.model));
    set("max_tokens", json!(target.output_limit));
    set("stream", json!(true));
    set("messages", Value::Array(without_last_space(messages)));
    if !system.is_empty() {
        set("system", Value::Array(system));
    }
    sampling(&chat, &mut set)?;
    for name in ["top_k", "cache_control"] {
        if let Some(value) = filled(name) {
            set(name, value.clone());
        }
    }
    if let Some(user) = filled("user") {
        set("metadata", json!({ "user_id": user }));
    }
    let tools = tools(&chat)?;
    if !tools.is_empty() {
        set("tools", Value::Array(tools));
        if let Some(choice) = tool_choice(&chat)? {
            set("tool_choice", choice);
        }
    }
    if target.reasoning {
        thinking::set(&mut message, &chat, target.model, target.output_limit);
    }
    Ok(message)
}

/// A chat's temperature reaches to 2, a message's to 1; some models refuse to be told both that and `top_p`.
fn sampling(chat: &Map<String, Value>, set: &mut impl FnMut(&str, Value) -> Option<Value>) -> Result<(), Error> {
    let number = |name: &'static str| match chat.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value.as_f64().map(Some).ok_or_else(|| Error::invalid(name, format!("`{name}` is a number."))),
    };
    match (number("temperature")?, number("top_p")?) {
        (Some(temperature), _) => {
            set("temperature", if temperature > 1.0 { json!(1) } else { chat["temperature"].clone() });
        }
        (None, Some(_)) => {
            set("top_p", chat["top_p"].clone());
        }
        (None, None) => {}
    }
    let stops: Vec<&Value> = match chat.get("stop") {
        Some(stop @ Value::String(_)) => vec![stop],
        Some(Value::Array(stops)) => stops.iter().collect(),
        _ => Vec::new(),
    };
    let stops: Vec<&Value> =
        stops.into_iter().filter(|stop| stop.as_str().is_none_or(|stop| !stop.trim().is_empty())).collect();
    if !stops.is_empty() {
        set("stop_sequences", json!(stops));
    }
    Ok(())
}

/// An answer that is begun for the model may not end in white space.
fn without_last_space(mut messages: Vec<Value>) -> Vec<Value> {
    if let Some(last) = messages.last_mut().filter(|last| last["role"] == "assistant")
        && let Some(block) = last["content"].as_array_mut().and_then(|content| content.last_mut())
        && let Some(text) = block.get("text").and_then(Value::as_str)
    {
        block["text"] = json!(text.trim_end());
    }
    messages
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::messages::over_chat::to_chat;
    use crate::providers::table::PROVIDERS;
    use proptest::prelude::*;

    fn target(reasoning: bool) -> Target<'static> {
        let provider = PROVIDERS.iter().find(|row| row.name == "anthropic").expect("a row");
        Target {
            id: "m",
            model: "claude-sonnet-4-5",
            output_limit: 9000,
            reasoning,
            long_cache: true,
            ..Target::of(provider)
        }
    }

    fn message(chat: Value) -> Result<Value, Error> {
        let Value::Object(chat) = chat else { panic!("an object") };
        to_messages(chat, &target(true)).map(Value::Object)
    }

    #[test]
    fn a_chat_with_tools_and_images_is_a_message() {
        let sent = message(json!({
            "model": "m", "max_tokens": 50, "temperature": 1.5, "top_p": 0.5, "stop": ["x", ""], "user": "u", "seed": 7,
            "tools": [{"type": "function", "function": {"name": "f", "description": "d", "parameters": {"properties": {}}}}],
            "tool_choice": "required", "parallel_tool_calls": false,
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "developer", "content": [{"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral"}}]},
                {"role": "user", "content": [{"type": "text", "text": "a"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}},
                    {"type": "file", "file": {"filename": "f.pdf", "file_data": "data:application/pdf;base64,BB"}}]},
                {"role": "user", "content": "b"},
                {"role": "assistant", "content": "", "reasoning_details": [
                    {"type": "reasoning.text", "text": "hm", "signature": "s", "format": "anthropic-claude-v1"},
                    {"type": "reasoning.text", "text": "no signature", "format": "anthropic-claude-v1"},
                    {"type": "reasoning.text", "text": "foreign", "signature": "s"}],
                 "tool_calls": [{"id": "t1", "type": "function", "function": {"name": "f", "arguments": "{\"x\":1}"}},
                    {"id": "t2", "type": "function", "function": {"name": "f", "arguments": ""}}]},
                {"role": "tool", "tool_call_id": "t1", "content": "one"},
                {"role": "tool", "tool_call_id": "t2", "content": [{"type": "text", "text": "two"}]},
                {"role": "user", "content": "and?"},
                {"role": "assistant", "content": "Well  "},
            ]})).expect("a message");
        assert_eq!(
            sent,
            json!({"model": "claude-sonnet-4-5", "max_tokens": 9000, "stream": true, "temperature": 1,
                "stop_sequences": ["x"], "metadata": {"user_id": "u"},
                "tools": [{"name": "f", "description": "d", "input_schema": {"type": "object", "properties": {}}}],
                "tool_choice": {"type": "any", "disable_parallel_tool_use": true},
                "system": [{"type": "text", "text": "Be brief."},
                    {"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral"}}],
                "messages": [
                    {"role": "user", "content": [{"type": "text", "text": "a"},
                        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA"}},
                        {"type": "document", "title": "f.pdf", "source": {"type": "base64", "media_type": "application/pdf", "data": "BB"}},
                        {"type": "text", "text": "b"}]},
                    {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm", "signature": "s"},
                        {"type": "tool_use", "id": "t1", "name": "f", "input": {"x": 1}},
                        {"type": "tool_use", "id": "t2", "name": "f", "input": {}}]},
                    {"role": "user", "content": [
                        {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "one"}]},
                        {"type": "tool_result", "tool_use_id": "t2", "content": [{"type": "text", "text": "two"}]},
                        {"type": "text", "text": "and?"}]},
                    {"role": "assistant", "content": [{"type": "text", "text": "Well"}]}]})
        );
    }

    #[test]
    fn schemas_are_closed_and_json_is_asked_for_in_words() {
        let messages = json!([{"role": "user", "content": "x"}]);
        let schema = json!({"type": "object", "properties": {"a": {"type": "object"}}});
        let sent = message(json!({"messages": messages, "response_format":
            {"type": "json_schema", "json_schema": {"name": "s", "schema": schema}}}))
        .expect("a message");
        assert_eq!(
            sent["output_config"]["format"],
            json!({"type": "json_schema", "schema": {"type": "object", "additionalProperties": false,
                "properties": {"a": {"type": "object", "additionalProperties": false}}}})
        );
        let sent =
            message(json!({"messages": messages, "response_format": {"type": "json_object"}})).expect("a message");
        assert!(sent["system"][0]["text"].as_str().expect("text").contains("JSON"));
    }

    #[test]
    fn what_such_a_model_cannot_do_is_refused_by_name() {
        for (member, value, param) in [
            ("n", json!(2), "n"),
            ("logprobs", json!(true), "logprobs"),
            ("audio", json!({"voice": "alloy"}), "audio"),
            ("tools", json!([{"type": "custom", "custom": {"name": "f"}}]), "tools[0].type"),
            ("tool_choice", json!("perhaps"), "tool_choice"),
            ("response_format", json!({"type": "poem"}), "response_format"),
            ("temperature", json!("hot"), "temperature"),
            ("messages", json!([{"role": "user", "content": [{"type": "input_audio"}]}]), "messages[0]"),
            (
                "messages",
                json!([{"role": "user", "content": [{"type": "file", "file": {"file_id": "f"}}]}]),
                "messages[0]",
            ),
            (
                "messages",
                json!([{"role": "assistant", "tool_calls": [{"id": "t", "function": {"name": "f", "arguments": "{"}}]}]),
                "messages[0]",
            ),
        ] {
            let mut chat = json!({"messages": [{"role": "user", "content": "x"}], "tools": [{"type": "function", "function": {"name": "f"}}]});
            chat[member] = value;
            let error = message(chat).expect_err(param);
            assert_eq!((error.http_status().as_u16(), error.param.as_deref()), (400, Some(param)));
        }
        // What changes nothing that could be noticed is left out.
        message(json!({"messages": [{"role": "user", "content": "x"}], "n": 1, "logprobs": false, "seed": 1}))
            .expect("a message");
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
        let called = (text, 1..4_usize).prop_map(|(text, count)| {
            let call = |at: usize| json!({"id": format!("t{at}"), "type": "function", "function": {"name": "f", "arguments": format!("{{\"x\":{at}}}")}});
            let calls: Vec<Value> = (0..count).map(call).collect();
            let results = (0..count).map(|at| json!({"role": "tool", "tool_call_id": format!("t{at}"), "content": format!("{text}{at}")}));
            [json!({"role": "assistant", "content": null, "tool_calls": calls})].into_iter().chain(results).collect()
        });
        let turns = prop::collection::vec((user, prop_oneof![said, called]), 1..5);
        turns.prop_map(|turns| turns.into_iter().flat_map(|(user, model)| user.into_iter().chain(model)).collect())
    }

    proptest! {
        #[test]
        fn a_chat_that_was_a_message_says_what_it_said(messages in chats(), system in proptest::option::of("[a-z]{1,8}")) {
            let mut all: Vec<Value> = system.into_iter().map(|text| json!({"role": "system", "content": text})).collect();
            all.extend(messages);
            let chat = json!({"messages": all, "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]});
            let sent = message(chat.clone()).expect("a message");
            let Value::Object(sent) = sent else { panic!("an object") };
            let provider = PROVIDERS.iter().find(|row| row.name == "portkey").expect("a row");
            let target = Target { id: "m", model: "m", output_limit: 9, long_cache: true, ..Target::of(provider) };
            let (back, _) = to_chat(sent, &target).expect("a chat");
            prop_assert_eq!(&back["tools"], &chat["tools"]);
            prop_assert_eq!(&back["messages"], &chat["messages"]);
        }

        #[test]
        fn no_json_makes_it_panic(text in r#"\{("(messages|tools|tool_choice|response_format|stop|reasoning)":("x"|\[\{"role":"(user|assistant|tool)","content":("y"|\[\{"type":"text"\}\]|null)\}\]|-?[0-9]{1,5}|true|null|\{\}),?){0,5}\}"#) {
            if let Ok(chat) = serde_json::from_str::<Map<String, Value>>(&text) {
                let _ = to_messages(chat, &target(true));
            }
        }
    }
}
