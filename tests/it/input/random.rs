//! Random and mutated bodies at the real endpoint.

use local::provider::NAMES;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use shared::formats::Format;
use tests::answer::Answer;
use tests::wire::{WIRES, Wire};
use tests::world::{MODEL, Route, World};
use tokio::runtime::Runtime;

use super::assert_nothing_left;

const CASES: u32 = 400;

/// Any JSON, with numbers and texts that tend to hurt.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        (0..3_u64).prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        prop::sample::select(vec![MODEL, "user", "text", "image_url", "openrouter", "chutes", "\0", "priority"])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((name(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// A member's name: often one that is known.
fn name() -> impl Strategy<Value = String> {
    let known = [
        "model",
        "messages",
        "role",
        "content",
        "type",
        "text",
        "image_url",
        "url",
        "n",
        "stream",
        "stream_options",
        "include_usage",
        "max_tokens",
        "max_completion_tokens",
        "provider",
        "order",
        "only",
        "allow_fallbacks",
        "tools",
        "tool_calls",
        "function",
        "name",
        "response_format",
        "stop",
        "temperature",
        "service_tier",
        "metadata",
        "plugins",
        "prompt",
        "suffix",
        "echo",
        "best_of",
        "logprobs",
        "system",
        "source",
        "tool_choice",
        "thinking",
        "cache_control",
        "input_schema",
        "input",
        "instructions",
        "max_output_tokens",
        "reasoning",
        "call_id",
        "output",
        "namespace",
    ];
    prop_oneof![9 => prop::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => any::<String>()]
}

/// A change of a text's bytes: where (as a share of its length), how many go, and what comes.
fn edit() -> impl Strategy<Value = (f64, usize, Vec<u8>)> {
    let piece = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..6),
        prop::sample::select(vec![
            "null", "\"", "\\u0000", "\\ud800", "{}", "[", "]", "}", ",", ":", "1e999", "-0", "\u{0}"
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
    ];
    (0.0..1.0, 0..8_usize, piece)
}

fn edited(mut text: Vec<u8>, edits: Vec<(f64, usize, Vec<u8>)>) -> Vec<u8> {
    for (place, gone, new) in edits {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a place in a short text"
        )]
        let at = (place * text.len() as f64) as usize;
        let end = (at + gone).min(text.len());
        text.splice(at..end, new);
    }
    text
}

/// A body in which much is asked for, of which a few changed bytes make something else.
fn good(wire: &Wire) -> Value {
    let members = match wire.format {
        Format::Chat => json!({
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": [{"type": "text", "text": "Hello"}, {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}]},
            ],
            "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}],
        }),
        Format::Messages => json!({
            "system": [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
            "messages": [{"role": "user", "content": [{"type": "text", "text": "Hello"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA"}}]}],
            "tools": [{"name": "f", "input_schema": {"type": "object"}}],
            "stop_sequences": ["x"],
        }),
        Format::Responses => json!({
            "instructions": "Be brief.",
            "input": [
                {"role": "user", "content": [{"type": "input_text", "text": "Hello"},
                    {"type": "input_image", "image_url": "data:image/png;base64,AA"}]},
                {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}]},
                {"type": "custom_tool_call", "call_id": "c", "name": "g", "input": "ls"},
                {"type": "custom_tool_call_output", "call_id": "c", "output": "a"},
            ],
            "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}}, {"type": "custom", "name": "g"}],
            "tool_choice": "auto",
        }),
        _ => json!({"prompt": ["Hello"], "logprobs": 2, "best_of": 2, "echo": false, "suffix": ""}),
    };
    let mut body = wire.hello(&json!({
        "max_tokens": 50, "stream": wire.format != Format::Completions, "temperature": 0.5,
        "provider": {"order": [wire.provider], "allow_fallbacks": false},
    }));
    body.as_object_mut().expect("an object").extend(members.as_object().expect("an object").clone());
    if wire.has_choices() {
        body["n"] = json!(2);
    }
    if !wire.always_bills() {
        body["stop"] = json!(["x"]);
    }
    body
}

/// Bodies from noise to right.
fn body(wire: &'static Wire) -> impl Strategy<Value = Vec<u8>> {
    let good = good(wire).to_string().into_bytes();
    let right = good.clone();
    let members = prop::collection::vec((name(), any_json()), 0..5);
    let with = |members: Vec<(String, Value)>| wire.hello(&Value::Object(members.into_iter().collect()));
    prop_oneof![
        1 => prop::collection::vec(any::<u8>(), 0..200),
        1 => any_json().prop_map(|json| json.to_string().into_bytes()),
        // So that some are served, however few edits a format forgives.
        1 => Just(right),
        4 => members.prop_map(move |members| with(members).to_string().into_bytes()),
        4 => prop::collection::vec(edit(), 1..4).prop_map(move |edits| edited(good.clone(), edits)),
    ]
}

/// Sends so many bodies. None breaks the endpoint or leaves a hold, and what is not served costs nothing.
fn assert_unbroken(wire: &'static Wire, cases: u32) {
    let runtime = Runtime::new().expect("a runtime");
    let (world, account) = runtime.block_on(async {
        let world = World::start().await;
        let account = world.account(1_000_000_000_000).await;
        let unlimited = json!({"tokens_per_minute": 1_000_000_000_000_u64, "tokens_per_day": 1_000_000_000_000_u64});
        world.limit(account.id, &unlimited).await;
        // Whichever provider a body asks for, it serves the model, unless this is about one of them.
        match wire.upstream() == wire.format {
            true => world.model(MODEL, &NAMES.map(|provider| Route::new(provider, "standin/normal"))).await,
            false => world.serves(wire, "standin/normal").await,
        }
        (world, account)
    });
    let (mut served, mut refused) = (0, 0);
    let counts = std::cell::RefCell::new((&mut served, &mut refused));
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&body(wire), |body| {
        let what = String::from_utf8_lossy(&body).into_owned();
        let answer = runtime.block_on(Answer::to(world.call(wire, &account.key, &json!({})).body(body)));
        let mut counts = counts.borrow_mut();
        *(if answer.status == 200 { &mut *counts.0 } else { &mut *counts.1 }) += 1;
        answer.served_or_blamed(&what);
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
    // The bodies reach both sides, or they would prove nothing.
    assert!(served >= cases / 20 && refused >= cases / 20, "{}: {served} served, {refused} refused", wire.name);
    runtime.block_on(async {
        assert_nothing_left(&world).await;
        let charged = world.value("select count(*) from gateway.requests where cost > 0").await;
        assert!(
            charged.as_u64() > Some(0) && charged.as_u64() <= Some(served.into()),
            "{served} served, {charged} charged"
        );
    });
}

#[test]
fn no_chat_breaks_the_endpoint_or_leaves_a_hold() {
    assert_unbroken(&WIRES[0], CASES);
}

#[test]
fn no_body_in_another_format_does_either() {
    for wire in &WIRES[1..] {
        assert_unbroken(wire, CASES / 2);
    }
}
