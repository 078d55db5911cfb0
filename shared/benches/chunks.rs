//! What one event of a stream costs by its format alone: read from a provider, and made into what the client gets, natively
//! and translated. In this process, without a network, so that nothing else is measured.
//!
//! ```text
//! cargo bench --bench chunks
//! ```
//!
//! A line a way through the formats: the time an event, and how many times that of a chat that is passed on. The fastest of
//! several runs counts: whatever else the machine does only adds to it.

use std::time::Instant;

use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Value, json};
use shared::formats::chat::ChatRequest;
use shared::formats::completions::CompletionRequest;
use shared::formats::messages::{AlsoOverMessages, MessagesRequest};
use shared::formats::responses::ResponsesRequest;
use shared::formats::{Format, Request, Target};
use shared::providers::Rows;
use shared::providers::table::PROVIDERS;

/// Events of a stream, each of which comes by itself.
const EVENTS: usize = 20_000;
/// Runs, of which the fastest counts.
const RUNS: usize = 15;

/// A format as the client speaks it, and a provider that is asked.
const WAYS: [(Format, &str); 10] = [
    (Format::Chat, "openrouter"),
    (Format::Chat, "anthropic"),
    (Format::Completions, "openrouter"),
    (Format::Completions, "portkey"),
    (Format::Messages, "anthropic"),
    (Format::Messages, "portkey"),
    (Format::Responses, "openrouter"),
    (Format::Responses, "portkey"),
    (Format::Responses, "anthropic"),
    (Format::Completions, "anthropic"),
];

fn request(format: Format) -> Box<dyn Request> {
    let said = json!([{ "role": "user", "content": "Hello" }]);
    let asked = match format {
        Format::Completions => json!({ "prompt": "Hello" }),
        Format::Responses => json!({ "input": "Hello" }),
        _ => json!({ "messages": said, "max_tokens": 4096 }),
    };
    let Value::Object(mut body) = asked else { unreachable!("an object") };
    body.insert("model".to_owned(), json!("a/b"));
    body.insert("stream".to_owned(), json!(true));
    let body = Bytes::from(Value::Object(body).to_string());
    match format {
        Format::Completions => {
            Box::new(AlsoOverMessages(CompletionRequest::parse(body, Rows::TABLE).expect("a request")))
        }
        Format::Responses => Box::new(AlsoOverMessages(ResponsesRequest::parse(body, Rows::TABLE).expect("a request"))),
        Format::Messages => Box::new(MessagesRequest::parse(body, &HeaderMap::new(), Rows::TABLE).expect("a request")),
        _ => Box::new(AlsoOverMessages(ChatRequest::parse(body, Rows::TABLE).expect("a request"))),
    }
}

fn frame(event: &Value) -> Bytes {
    let name = event["type"].as_str().map(|name| format!("event: {name}\n")).unwrap_or_default();
    format!("{name}data: {event}\n\n").into()
}

/// How a provider's stream begins, and one of its many events: a word of a text.
fn stream(upstream: Format) -> (Vec<Bytes>, Bytes) {
    let item = json!({ "type": "message", "id": "msg_1", "role": "assistant", "status": "in_progress", "content": [] });
    let part = json!({ "type": "output_text", "text": "", "annotations": [] });
    let response = json!({ "id": "resp_1", "object": "response", "created_at": 1, "status": "in_progress", "model": "m", "output": [] });
    let (begins, event) = match upstream {
        Format::Messages => (
            vec![
                json!({ "type": "message_start", "message": { "id": "msg_1", "type": "message", "role": "assistant", "model": "m",
                    "content": [], "stop_reason": null, "stop_sequence": null, "usage": { "input_tokens": 9, "output_tokens": 1 } } }),
                json!({ "type": "content_block_start", "index": 0, "content_block": { "type": "text", "text": "" } }),
            ],
            json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": " birds" } }),
        ),
        Format::Responses => (
            vec![
                json!({ "type": "response.created", "sequence_number": 0, "response": response }),
                json!({ "type": "response.in_progress", "sequence_number": 1, "response": response }),
                json!({ "type": "response.output_item.added", "sequence_number": 2, "output_index": 0, "item": item }),
                json!({ "type": "response.content_part.added", "sequence_number": 3, "item_id": "msg_1", "output_index": 0,
                    "content_index": 0, "part": part }),
            ],
            json!({ "type": "response.output_text.delta", "sequence_number": 4, "item_id": "msg_1", "output_index": 0,
                "content_index": 0, "delta": " birds", "logprobs": [] }),
        ),
        Format::Completions => (
            Vec::new(),
            json!({ "id": "gen-1", "object": "text_completion", "created": 1_795_000_000, "model": "openai/gpt-4o-mini",
                "provider": "OpenAI", "choices": [{ "index": 0, "text": " birds", "logprobs": null, "finish_reason": null }] }),
        ),
        _ => (
            Vec::new(),
            json!({ "id": "gen-1", "object": "chat.completion.chunk", "created": 1_795_000_000, "model": "openai/gpt-4o-mini",
                "provider": "OpenAI", "system_fingerprint": "fp_1", "choices": [{ "index": 0, "delta": { "role": "assistant",
                "content": " birds" }, "finish_reason": null, "native_finish_reason": null, "logprobs": null }] }),
        ),
    };
    (begins.iter().map(frame).collect(), frame(&event))
}

/// Nanoseconds an event in one run.
fn run(format: Format, provider: &str) -> (Format, f64) {
    let provider = PROVIDERS.iter().find(|row| row.name == provider).expect("a provider");
    let target = Target {
        provider,
        id: "a/b",
        model: "up",
        output_limit: 4096,
        credit_limited: false,
        reasoning: false,
        long_cache: false,
        by_units: false,
        draws: false,
    };
    let mut upstream = request(format).for_provider(&target).expect("served there");
    let (begins, event) = stream(upstream.format);
    let mut out = Vec::new();
    let mut push = |frame: &Bytes| {
        upstream.answer.push(frame.clone(), &mut out).expect("an event");
        let passed = out.len();
        out.clear();
        passed
    };
    for frame in &begins {
        push(frame);
    }
    // The first one brings what stands before all others.
    assert!(push(&event) > 0, "nothing of {event:?} reaches the client");
    let begun = Instant::now();
    let passed: usize = (0..EVENTS).map(|_| push(&event)).sum();
    let taken = begun.elapsed();
    assert_eq!(passed, EVENTS, "each event reaches the client");
    (upstream.format, taken.as_secs_f64() * 1e9 / EVENTS as f64)
}

fn main() {
    let mut chat = None;
    println!("| client | provider | µs an event | to a chat passed on |\n|---|---|---:|---:|");
    for (format, provider) in WAYS {
        let runs: Vec<(Format, f64)> = (0..RUNS).map(|_| run(format, provider)).collect();
        let upstream = runs.first().map(|(upstream, _)| *upstream).unwrap_or(format);
        let fastest = runs.iter().map(|(_, taken)| *taken).fold(f64::INFINITY, f64::min);
        let chat = *chat.get_or_insert(fastest);
        println!("| {format:?} | {upstream:?} | {:.2} | {:.1} |", fastest / 1e3, fastest / chat);
    }
}
