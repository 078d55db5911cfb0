//! What an answer of one format says in another, member by member.

use serde_json::{Map, Value, json};

use super::assembled::LIMIT;

/// The message that says what a chat completion says.
pub fn as_message(chat: &Value) -> Value {
    let (choice, message) = (&chat["choices"][0], &chat["choices"][0]["message"]);
    let mut content = Vec::new();
    let details = message["reasoning_details"].as_array().cloned().unwrap_or_default();
    let thought = [&message["reasoning_content"], &message["reasoning"]].into_iter().find_map(Value::as_str);
    if let Some(thought) = thought {
        let signature = details.iter().find_map(|detail| detail["signature"].as_str()).unwrap_or_default();
        content.push(json!({"type": "thinking", "thinking": thought, "signature": signature}));
    }
    let encrypted = details.iter().filter_map(|detail| detail["data"].as_str());
    content.extend(encrypted.map(|data| json!({"type": "redacted_thinking", "data": data})));
    match &message["content"] {
        Value::Array(parts) => content.extend(parts.iter().map(|part| match part["type"].as_str() {
            Some("thinking") => {
                let texts = part["thinking"].as_array().expect("thoughts").iter();
                let thought: String = texts.filter_map(|part| part["text"].as_str()).collect();
                json!({"type": "thinking", "thinking": thought, "signature": ""})
            }
            _ => json!({"type": "text", "text": part["text"]}),
        })),
        Value::String(text) => content.push(json!({"type": "text", "text": text})),
        _ => {}
    }
    content.extend(message["refusal"].as_str().map(|text| json!({"type": "text", "text": text})));
    for call in message["tool_calls"].as_array().into_iter().flatten() {
        let input: Value = serde_json::from_str(call["function"]["arguments"].as_str().expect("text")).expect("JSON");
        content.push(json!({"type": "tool_use", "id": call["id"], "name": call["function"]["name"], "input": input}));
    }
    let stop_reason = match choice["finish_reason"].as_str() {
        _ if message["refusal"].is_string() => "refusal",
        Some("length") => "max_tokens",
        Some("content_filter") => "refusal",
        Some("tool_calls") => "tool_use",
        _ => "end_turn",
    };
    let (usage, id) = (&chat["usage"], chat["id"].as_str().expect("an id"));
    let count = |of: &Value, name: &str| of[name].as_u64().unwrap_or_default();
    let details = &usage["prompt_tokens_details"];
    let (read, written) = (count(details, "cached_tokens"), count(details, "cache_write_tokens"));
    let mut told = json!({"input_tokens": count(usage, "prompt_tokens") - read - written, "cache_read_input_tokens": read,
        "cache_creation_input_tokens": written, "output_tokens": count(usage, "completion_tokens")});
    let thinking = count(&usage["completion_tokens_details"], "reasoning_tokens");
    if thinking > 0 {
        told["output_tokens_details"] = json!({"thinking_tokens": thinking});
    }
    json!({"id": format!("msg_{id}"), "type": "message", "role": "assistant", "model": chat["model"], "content": content,
           "stop_reason": stop_reason, "stop_sequence": null, "usage": told})
}

/// The response that says what a chat completion says, without its names and its time.
pub fn as_response(chat: &Value) -> Value {
    let (choice, message) = (&chat["choices"][0], &chat["choices"][0]["message"]);
    let reason = match choice["finish_reason"].as_str() {
        Some("length") => Some("max_output_tokens"),
        Some("content_filter") => Some("content_filter"),
        _ => None,
    };
    let status = if reason.is_some() { "incomplete" } else { "completed" };
    let mut output: Vec<Value> = Vec::new();
    let thoughts = |text: &str| json!({"type": "reasoning", "summary": [{"type": "summary_text", "text": text}]});
    let said = |text: &Value| {
        let logprobs = choice["logprobs"]["content"].as_array().cloned().unwrap_or_default();
        let part = json!({"type": "output_text", "text": text, "annotations": [], "logprobs": logprobs});
        json!({"type": "message", "role": "assistant", "status": status, "content": [part]})
    };
    let thought = [&message["reasoning_content"], &message["reasoning"]].into_iter().find_map(Value::as_str);
    output.extend(thought.map(thoughts));
    match &message["content"] {
        Value::Array(parts) => output.extend(parts.iter().map(|part| match part["type"].as_str() {
            Some("thinking") => {
                let texts = part["thinking"].as_array().expect("thoughts").iter();
                thoughts(&texts.filter_map(|part| part["text"].as_str()).collect::<String>())
            }
            _ => said(&part["text"]),
        })),
        text @ Value::String(written) if !written.is_empty() => output.push(said(text)),
        _ => {}
    }
    if let Some(refusal) = message["refusal"].as_str() {
        output.push(json!({"type": "message", "role": "assistant", "status": status,
            "content": [{"type": "refusal", "refusal": refusal}]}));
    }
    output.extend(message["tool_calls"].as_array().into_iter().flatten().map(|call| {
        json!({"type": "function_call", "call_id": call["id"], "name": call["function"]["name"],
            "arguments": call["function"]["arguments"], "status": "completed"})
    }));
    let usage = &chat["usage"];
    let count = |of: &Value, name: &str| of[name].as_u64().unwrap_or_default();
    let (read, details) = (&usage["prompt_tokens_details"], &usage["completion_tokens_details"]);
    let (prompt, completion) = (count(usage, "prompt_tokens"), count(usage, "completion_tokens"));
    json!({"object": "response", "status": status, "model": chat["model"], "output": output, "error": null,
        "incomplete_details": reason.map(|reason| json!({"reason": reason})), "background": false, "instructions": null,
        "max_output_tokens": LIMIT, "max_tool_calls": null, "metadata": {}, "parallel_tool_calls": true,
        "previous_response_id": null, "prompt_cache_key": null, "reasoning": {"effort": null, "summary": null},
        "safety_identifier": null, "service_tier": "default", "store": false, "temperature": 1,
        "text": {"format": {"type": "text"}}, "tool_choice": "auto", "tools": [], "top_logprobs": 0, "top_p": 1,
        "truncation": "disabled", "user": null,
        "usage": {"input_tokens": prompt, "output_tokens": completion, "total_tokens": prompt + completion,
            "input_tokens_details": {"cached_tokens": count(read, "cached_tokens"), "cache_write_tokens": count(read, "cache_write_tokens")},
            "output_tokens_details": {"reasoning_tokens": count(details, "reasoning_tokens")}}})
}

/// A response without its names and its time, each of which is made anew.
pub fn without_names(mut response: Value) -> Value {
    let members = response.as_object_mut().expect("an object");
    assert!(members.remove("id").is_some_and(|id| id.as_str().is_some_and(|id| id.starts_with("resp_"))));
    assert!(members.remove("created_at").is_some_and(|made| made.as_u64() > Some(1_700_000_000)));
    for item in members["output"].as_array_mut().expect("items") {
        let prefix = match item["type"].as_str().expect("a type") {
            "reasoning" => "rs_",
            "message" => "msg_",
            _ => "fc_",
        };
        let id = item.as_object_mut().and_then(|item| item.remove("id"));
        assert!(id.is_some_and(|id| id.as_str().is_some_and(|id| id.starts_with(prefix))), "{item}");
    }
    response
}

/// The chat completion that says what a message says; when it was made nobody knows.
pub fn as_chat(message: &Value) -> Value {
    const FORMAT: &str = "anthropic-claude-v1";
    let blocks = message["content"].as_array().expect("blocks");
    let texts = |kind: &str, name: &str| -> String {
        blocks.iter().filter(|block| block["type"] == kind).filter_map(|block| block[name].as_str()).collect()
    };
    let mut said = json!({"role": "assistant", "content": texts("text", "text")});
    let mut details = Vec::new();
    let mut calls = Vec::new();
    for (index, block) in blocks.iter().enumerate() {
        match block["type"].as_str().expect("a type") {
            "thinking" => details.push(json!({"type": "reasoning.text", "text": block["thinking"],
                "signature": block["signature"], "format": FORMAT, "index": index})),
            "redacted_thinking" => details
                .push(json!({"type": "reasoning.encrypted", "data": block["data"], "format": FORMAT, "index": index})),
            "tool_use" => calls.push(json!({"id": block["id"], "type": "function",
                "function": {"name": block["name"], "arguments": block["input"].to_string()}})),
            _ => {}
        }
    }
    if !details.is_empty() {
        said["reasoning"] = json!(texts("thinking", "thinking"));
        said["reasoning_details"] = json!(details);
    }
    if !calls.is_empty() {
        said["tool_calls"] = json!(calls);
    }
    let finish = match message["stop_reason"].as_str() {
        Some("max_tokens") => "length",
        Some("tool_use") => "tool_calls",
        Some("refusal") => "content_filter",
        _ => "stop",
    };
    let usage = &message["usage"];
    let count = |of: &Value, name: &str| of[name].as_u64().unwrap_or_default();
    let (read, written) = (count(usage, "cache_read_input_tokens"), count(usage, "cache_creation_input_tokens"));
    let (prompt, completion) = (count(usage, "input_tokens") + read + written, count(usage, "output_tokens"));
    json!({"id": format!("chatcmpl-{}", message["id"].as_str().expect("an id")), "object": "chat.completion",
        "model": message["model"], "choices": [{"index": 0, "message": said, "finish_reason": finish}],
        "usage": {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion,
            "prompt_tokens_details": {"cached_tokens": read, "cache_write_tokens": written},
            "completion_tokens_details": {"reasoning_tokens": count(&usage["output_tokens_details"], "thinking_tokens")}}})
}

/// The text completion that says what a chat completion says: its texts, and how likely they were.
pub fn as_texts(mut chat: Value) -> Value {
    chat["object"] = json!("text_completion");
    for choice in chat["choices"].as_array_mut().expect("choices") {
        let message = &choice["message"];
        let said = if message["content"].is_null() { &message["refusal"] } else { &message["content"] };
        let text = match said {
            Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
            said => said.as_str().unwrap_or_default().to_owned(),
        };
        let tokens = choice["logprobs"]["content"].as_array().map(|tokens| likelihoods(tokens));
        *choice = json!({"text": text, "index": choice["index"], "logprobs": tokens, "finish_reason": choice["finish_reason"]});
    }
    chat
}

/// Likelihoods as text completions have them: a list of each thing in place of a list of tokens.
fn likelihoods(tokens: &[Value]) -> Value {
    let each = |name: &str| tokens.iter().map(|token| token[name].clone()).collect::<Vec<_>>();
    let (mut offset, mut offsets) = (0, Vec::new());
    for token in tokens {
        offsets.push(offset);
        offset += token["token"].as_str().expect("a token").chars().count();
    }
    let top = |token: &Value| {
        let others = token["top_logprobs"].as_array().expect("others").iter();
        others
            .map(|other| (other["token"].as_str().expect("a token").to_owned(), other["logprob"].clone()))
            .collect::<Map<_, _>>()
    };
    json!({"tokens": each("token"), "token_logprobs": each("logprob"), "text_offset": offsets,
           "top_logprobs": tokens.iter().map(top).collect::<Vec<_>>()})
}
