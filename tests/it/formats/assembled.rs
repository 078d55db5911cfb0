//! A plain answer that the gateway has put together from a stream is the provider's own plain answer, member by member,
//! in every shape that providers give.

use local::provider::behaviour::shapes;
use serde_json::{Map, Value, json};
use shared::formats::Format;
use shared::providers::table::PROVIDERS;
use tests::answer::Answer;
use tests::wire::{WIRES, Wire};
use tests::world::{MODEL, World};

/// The shapes that the stand-in has recorded of text completions, of messages and of responses; all others are chat's alone.
const OF_TEXTS: usize = 6;
const OF_MESSAGES: usize = 7;
const OF_RESPONSES: usize = 9;

/// The limit of each call.
const LIMIT: u64 = 200;

/// What no message and no response can ask a chat for: several answers, sound, pictures, and tools as they do not have them.
const NEVER_ASKED: [&str; 5] = ["choices", "custom-tools", "function-call", "audio", "images"];

/// The provider's own plain answer in the format in which the gateway asks it; none where it has not this shape. What is
/// recorded is the same at every provider.
async fn its_own(world: &World, wire: &Wire, shape: &str) -> Option<Value> {
    const ANY: &str = "openrouter";
    let native = WIRES.iter().find(|native| native.format == wire.upstream()).expect("a wire of every format");
    let provider = PROVIDERS.iter().find(|provider| provider.name == ANY).expect("a provider");
    let path = provider.path(native.format).expect("it speaks all");
    let standin = &world.platform.providers;
    let url = format!("{}{path}", standin.base_url(ANY).expect("a provider"));
    let request = world.http.post(url).bearer_auth(standin.key(ANY).expect("a key"));
    let mut body = native.hello(&json!({ "model": shape }));
    if native.format == Format::Responses {
        // It keeps nothing, and wants to be told so.
        body["store"] = json!(false);
    }
    let body = body.to_string();
    let answer = Answer::to(request.header("content-type", "application/json").body(body)).await;
    (answer.status != 404).then(|| answer.success())
}

/// The gateway's plain answer, without what it adds: the cost and who served it. The model has the catalog's name in it.
async fn the_gateways(world: &World, key: &str, wire: &Wire, shape: &str) -> Value {
    world.serves(wire, shape).await;
    let mut body = wire.hello(&json!({ "max_tokens": LIMIT }));
    if wire.format == Format::Responses {
        body["store"] = json!(false);
    }
    let mut answer = Answer::to(world.call(wire, key, &body)).await.success();
    let added = answer.as_object_mut().expect("an object").remove("gateway");
    let added = added.expect("who served it");
    assert_eq!((&added["provider"], &added["upstream_model"]), (&json!(wire.provider), &json!(shape)));
    // As at OpenRouter, beside the model; a message and a response have it in the note alone.
    let beside = (!wire.always_bills()).then(|| json!(wire.provider));
    assert_eq!(answer.as_object_mut().and_then(|answer| answer.remove("provider")), beside);
    let cost = answer["usage"].as_object_mut().and_then(|usage| usage.remove("cost"));
    assert!(cost.is_some(), "{answer}");
    answer
}

/// The message that says what a chat completion says.
fn as_message(chat: &Value) -> Value {
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
fn as_response(chat: &Value) -> Value {
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
fn without_names(mut response: Value) -> Value {
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
fn as_chat(message: &Value) -> Value {
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
fn as_texts(mut chat: Value) -> Value {
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

#[tokio::test]
async fn a_plain_answer_is_the_providers_own_in_every_shape() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    let control = world.platform.providers.control();
    let mut unlike = Vec::new();
    for wire in &WIRES {
        let mut compared = 0;
        for shape in shapes() {
            let Some(own) = its_own(&world, wire, &shape).await else { continue };
            let is_asked = !wire.always_bills()
                || wire.upstream() == wire.format
                || !NEVER_ASKED.iter().any(|name| shape.ends_with(&format!("shape-{name}")));
            if !is_asked {
                continue;
            }
            control.record(true);
            control.clear();
            let mut answer = the_gateways(&world, &account.key, wire, &shape).await;
            control.record(false);
            // It is a stream that was asked for.
            assert_eq!(control.requests()[0].body["stream"], true, "{}: {shape}", wire.name);
            let mut expected = match (wire.format, wire.upstream()) {
                (Format::Responses, Format::Responses) => {
                    let mut own = own;
                    // The client's own limit, and not what the hold made of it.
                    own["max_output_tokens"] = json!(LIMIT);
                    // The response's id is the gateway's, who stores it.
                    assert!(answer["id"].as_str().is_some_and(|id| id.starts_with("resp_")), "{answer}");
                    own["id"] = answer["id"].clone();
                    own
                }
                (format, upstream) if format == upstream => own,
                (Format::Messages, _) => as_message(&own),
                (Format::Responses, Format::Chat) => {
                    answer = without_names(answer);
                    as_response(&own)
                }
                (Format::Responses, _) => {
                    answer = without_names(answer);
                    as_response(&as_chat(&own))
                }
                (Format::Completions, Format::Chat) => as_texts(own),
                (_, _) => {
                    let made = answer.as_object_mut().expect("an object").remove("created");
                    assert!(made.is_some_and(|made| made.as_u64() > Some(1_700_000_000)), "{answer}");
                    let chat = as_chat(&own);
                    if wire.format == Format::Chat { chat } else { as_texts(chat) }
                }
            };
            expected["model"] = json!(MODEL);
            // Whom an aggregator asked is not who served it here.
            expected.as_object_mut().expect("an object").remove("provider");
            if answer != expected {
                unlike.push(format!("{}: {shape}\n  gateway  {answer}\n  provider {expected}", wire.name));
            }
            compared += 1;
        }
        let recorded = match (wire.format, wire.upstream()) {
            (Format::Messages | Format::Responses, Format::Chat) => shapes().count() - NEVER_ASKED.len(),
            (_, Format::Chat) => shapes().count(),
            (_, Format::Completions) => OF_TEXTS,
            (_, Format::Messages) => OF_MESSAGES,
            (_, Format::Responses) => OF_RESPONSES,
            (_, _) => 0,
        };
        assert_eq!(compared, recorded, "{}", wire.name);
    }
    assert!(unlike.is_empty(), "{}", unlike.join("\n"));
    world.settled().await;
    world.assert_ledger_clean().await;
}
