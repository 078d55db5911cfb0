//! An answer that says pong, as each provider streams it.

use serde_json::{Value, json};

/// An event with this in its first choice.
fn event(delta: Value, finish: Option<&str>) -> Value {
    json!({ "id": "x", "object": "chat.completion.chunk", "created": 1, "model": "up",
        "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }] })
}

fn with(mut event: Value, name: &str, value: Value) -> Value {
    event[name] = value;
    event
}

fn usage(prompt: u64, completion: u64) -> Value {
    json!({ "prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion })
}

/// As vLLM has it, and most who serve open models: usage in an event of its own.
pub fn plain() -> Vec<Value> {
    let last = with(event(json!({}), None), "choices", json!([]));
    vec![
        event(json!({ "role": "assistant", "content": "" }), None),
        event(json!({ "content": "pong" }), None),
        event(json!({}), Some("stop")),
        with(last, "usage", usage(10, 5)),
    ]
}

/// Usage beside the last choice.
pub fn at_the_end() -> Vec<Value> {
    vec![
        event(json!({ "role": "assistant", "content": "pong" }), None),
        with(event(json!({ "content": "" }), Some("stop")), "usage", usage(10, 5)),
    ]
}

/// Usage so far in each event, thoughts only in the sum.
pub fn gemini() -> Vec<Value> {
    let spent = |completion: u64| {
        json!({ "prompt_tokens": 10, "completion_tokens": completion, "total_tokens": 10 + 20 + completion,
            "completion_tokens_details": { "reasoning_tokens": 20 } })
    };
    vec![
        with(event(json!({ "role": "assistant", "content": "po" }), None), "usage", spent(1)),
        with(event(json!({ "content": "ng" }), Some("stop")), "usage", spent(5)),
    ]
}

pub fn xai() -> Vec<Value> {
    let mut events = plain();
    events[3]["usage"] = json!({ "prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 35,
        "prompt_tokens_details": { "cached_tokens": 4 }, "completion_tokens_details": { "reasoning_tokens": 20 },
        "num_sources_used": 0 });
    events
}

pub fn mistral() -> Vec<Value> {
    vec![
        event(
            json!({ "role": "assistant",
            "content": [{ "type": "thinking", "thinking": [{ "type": "text", "text": "They ping." }] }] }),
            None,
        ),
        event(json!({ "content": [{ "type": "text", "text": "pong" }] }), None),
        with(event(json!({ "content": "" }), Some("stop")), "usage", usage(10, 5)),
    ]
}

pub fn deepseek() -> Vec<Value> {
    let spent = json!({ "prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15, "prompt_cache_hit_tokens": 4,
        "prompt_cache_miss_tokens": 6, "prompt_tokens_details": { "cached_tokens": 4 },
        "completion_tokens_details": { "reasoning_tokens": 3 } });
    vec![
        event(json!({ "role": "assistant", "content": null, "reasoning_content": "They ping." }), None),
        event(json!({ "content": "pong", "reasoning_content": null }), None),
        with(event(json!({ "content": "" }), Some("stop")), "usage", spent),
    ]
}

pub fn moonshot() -> Vec<Value> {
    let mut spent = usage(10, 5);
    spent["cached_tokens"] = json!(4);
    let mut last = event(json!({}), Some("stop"));
    last["choices"][0]["usage"] = spent.clone();
    let end = with(with(event(json!({}), None), "choices", json!([])), "usage", spent);
    vec![event(json!({ "role": "assistant", "content": "pong" }), None), last, end]
}

pub fn minimax() -> Vec<Value> {
    let whole = json!({ "status_code": 0, "status_msg": "" });
    plain().into_iter().map(|event| with(event, "base_resp", whole.clone())).collect()
}

pub fn perplexity() -> Vec<Value> {
    let spent = |completion: u64| with(usage(10, completion), "search_context_size", json!("low"));
    vec![
        with(event(json!({ "role": "assistant", "content": "po" }), None), "usage", spent(2)),
        with(
            with(event(json!({ "role": "assistant", "content": "ng" }), Some("stop")), "usage", spent(5)),
            "citations",
            json!(["https://example.com"]),
        ),
    ]
}

pub fn groq() -> Vec<Value> {
    let mut events = plain();
    events[2] = with(events[2].clone(), "x_groq", json!({ "id": "req_1", "usage": usage(10, 5) }));
    events
}

pub fn azure() -> Vec<Value> {
    let filters = with(event(json!({}), None), "choices", json!([]));
    let filters = with(filters, "prompt_filter_results", json!([{ "prompt_index": 0, "content_filter_results": {} }]));
    [vec![filters], plain()].concat()
}
