//! Members of a completion request that have the wrong type or value.

use serde_json::{Value, json};
use shared::formats::Format;
use tests::answer::Answer;
use tests::wire::{Wire, formats};
use tests::world::{MODEL, World, hello};

use super::assert_nothing_left;

/// Values of every type of JSON.
fn every_type() -> Vec<Value> {
    vec![
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(u64::MAX),
        json!(""),
        json!("text"),
        json!([]),
        json!([1]),
        json!([true]),
        json!([null]),
        json!(["text"]),
        json!([[]]),
        json!([{}]),
        json!({}),
        json!({"a": 1}),
    ]
}

/// What a member may be, of [`every_type`]; anything else is refused with its name as `param`.
fn accepted(wire: &Wire, member: &str, value: &Value) -> bool {
    let of_messages = wire.format == Format::Messages;
    if value.is_null() {
        return !(matches!(member, "model" | "messages" | "prompt" | "input")
            || (of_messages && member == "max_tokens"));
    }
    match member {
        "input" => value.is_string(),
        "instructions" => value.is_string(),
        "reasoning" | "text" => value.is_object(),
        "background" => [json!([]), json!(false)].contains(value),
        "max_output_tokens" | "truncation" | "previous_response_id" | "conversation" => false,
        "store" | "parallel_tool_calls" => value.is_boolean(),
        "include" => value.as_array().is_some_and(|names| names.iter().all(Value::is_string)),
        "metadata" => *value == json!({}),

        // A text that names no model is a 404, which is told apart below.
        "model" => value.as_str().is_some_and(|model| !model.is_empty()),
        "n" | "best_of" | "max_tokens" | "max_completion_tokens" => false,
        "stream" => value.is_boolean(),
        "stream_options" | "provider" => value.is_object(),
        "service_tier" | "speed" | "inference_geo" => false,
        "suffix" => value.is_string(),
        // What would cost more asks for nothing.
        "models" | "route" | "plugins" | "web_search_options" | "preset" | "mcp_servers" | "container" => {
            *value == json!([])
        }
        "prompt" => value.is_string() || [json!([1]), json!(["text"])].contains(value),
        // No likelihoods of others than the token that was written.
        "logprobs" => *value == json!(0),
        _ => false,
    }
}

/// The checked members that one format has and others have not.
fn own_members(wire: &Wire) -> &'static [&'static str] {
    match wire.format {
        Format::Chat => &["messages", "max_completion_tokens"],
        Format::Completions => &["prompt", "suffix", "best_of", "logprobs"],
        Format::Messages => &["messages", "speed", "inference_geo", "container", "mcp_servers"],
        Format::Responses => &[
            "input",
            "instructions",
            "max_output_tokens",
            "reasoning",
            "text",
            "truncation",
            "store",
            "parallel_tool_calls",
            "include",
            "metadata",
            "previous_response_id",
            "conversation",
            "background",
        ],
        _ => &[],
    }
}

#[tokio::test]
async fn a_member_of_the_wrong_type_is_refused_by_name() {
    let world = World::start().await;
    let account = world.account(1_000_000_000_000).await;
    let members = [
        "model",
        "n",
        "max_tokens",
        "stream",
        "stream_options",
        "provider",
        "service_tier",
        "models",
        "route",
        "plugins",
        "web_search_options",
        "preset",
    ];
    let every = formats().flat_map(|wire| members.iter().chain(own_members(wire)).map(move |member| (wire, *member)));
    // A message is one answer, and its stream has no options; so is a response, whose limit has another name.
    let every = every.filter(|(wire, member)| match wire.format {
        Format::Messages => !matches!(*member, "n" | "stream_options"),
        Format::Responses => !matches!(*member, "n" | "max_tokens"),
        _ => true,
    });
    for (wire, member) in every {
        for value in every_type() {
            let streamed = member == "stream_options";
            let body = wire.hello(&json!({"stream": streamed, member: value}));
            let answer = Answer::to(world.call(wire, &account.key, &body)).await;
            let what = format!("{}, {member}: {value}", wire.name);
            if !accepted(wire, member, &value) {
                assert_eq!(answer.status, 400, "{what}: {}", answer.text);
                let param = answer.error()["param"].as_str().unwrap_or_default().to_owned();
                assert!(param == member || param.starts_with(&format!("{member}[")), "{what}: {}", answer.text);
            } else if member == "model" {
                answer.refused(404, "model_not_found");
            } else {
                assert_eq!(answer.status, 200, "{what}: {}", answer.text);
            }
        }
    }
    assert_nothing_left(&world).await;
}

#[tokio::test]
async fn members_within_members_are_checked_too() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    let user = |content: Value| json!({"messages": [{"role": "user", "content": content}]});
    let cases = [
        (json!({"messages": [{}]}), "messages[0].role"),
        (json!({"messages": [{"role": 1, "content": "x"}]}), "messages[0].role"),
        (json!({"messages": [{"role": null, "content": "x"}]}), "messages[0].role"),
        (json!({"messages": [{"role": "user", "content": "x"}, {"content": "x"}]}), "messages[1].role"),
        (json!({"messages": ["x"]}), "messages"),
        (json!({"messages": {"0": {"role": "user", "content": "x"}}}), "messages"),
        (user(json!(1)), "messages[0].content"),
        (user(json!(true)), "messages[0].content"),
        (user(json!({})), "messages[0].content"),
        (user(json!([1])), "messages[0].content"),
        (user(json!(["text"])), "messages[0].content"),
        (user(json!([{}])), "messages[0].content"),
        (user(json!([{"type": 1}])), "messages[0].content"),
        (user(json!([{"type": "text", "text": 1}])), "messages[0].content"),
        (user(json!([{"type": "hologram"}])), "messages[0].content"),
        (json!({"provider": {"order": "openrouter"}}), "provider"),
        (json!({"provider": {"only": [1]}}), "provider"),
        (json!({"provider": {"ignore": {}}}), "provider"),
        (json!({"provider": {"only": ["nobody"]}}), "provider"),
        (json!({"provider": {"allow_fallbacks": "no"}}), "provider"),
        (json!({"stream": true, "stream_options": {"include_usage": "yes"}}), "stream_options"),
        (json!({"stream": true, "stream_options": {"include_usage": 1}}), "stream_options"),
    ];
    for (members, param) in cases {
        let answer = Answer::to(world.chat(&account.key, &hello(&members))).await;
        assert_eq!(answer.refused(400, "invalid_request")["param"], param, "{members}");
    }
    assert_nothing_left(&world).await;
}

#[tokio::test]
async fn numbers_out_of_range_are_refused_by_name() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    let numbers = [
        "0",
        "-0",
        "-1",
        "-9223372036854775809",
        "1.5",
        "1e400",
        "-1e400",
        "9223372036854775808",
        "18446744073709551616",
        "100000000000000000000000000000000000000000",
        "0.15e1",
    ];
    for wire in formats() {
        let members: &[&str] = match wire.format {
            Format::Chat => &["n", "max_tokens", "max_completion_tokens"],
            Format::Completions => &["n", "max_tokens", "best_of"],
            Format::Messages => &["max_tokens"],
            Format::Responses => &["max_output_tokens"],
            _ => &[],
        };
        for (member, number) in members.iter().flat_map(|member| numbers.map(|number| (*member, number))) {
            // A number that no JSON library can hold is written by hand.
            let mut body = wire.hello(&json!({}));
            body.as_object_mut().expect("an object").remove(member);
            let body = body.to_string().replacen('{', &format!("{{\"{member}\":{number},"), 1);
            let answer = Answer::to(world.call(wire, &account.key, &json!({})).body(body)).await;
            assert_eq!(answer.refused(400, "invalid_request")["param"], member, "{}: {number}", wire.name);
        }
    }
    // What is not checked here goes to the provider as it is, and what it refuses is the caller's mistake.
    for member in ["temperature", "top_p", "seed", "frequency_penalty", "anything"] {
        for number in ["1e400", "-1e400", "99999999999999999999999999", "-5"] {
            let body = format!(
                r#"{{"model":"{MODEL}","messages":[{{"role":"user","content":"Hello"}}],"{member}":{number}}}"#
            );
            let answer = Answer::to(world.chat(&account.key, &json!({})).body(body)).await;
            answer.served_or_blamed(&format!("{member}: {number}"));
        }
    }
    assert_nothing_left(&world).await;
}

#[tokio::test]
async fn a_missing_or_unknown_model_is_said_to_be_one() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    let without = json!({"messages": [{"role": "user", "content": "Hello"}]});
    let answer = Answer::to(world.chat(&account.key, &without)).await;
    assert_eq!(answer.refused(400, "missing_model")["param"], "model");
    for (wire, model) in formats().flat_map(|wire| {
        ["nobody/nothing", "test", "test/", "/", "openrouter:", "openrouter:nobody", " test/model"]
            .map(|model| (wire, model))
    }) {
        let answer = Answer::to(world.call(wire, &account.key, &wire.hello(&json!({"model": model})))).await;
        assert_eq!(answer.refused(404, "model_not_found")["param"], "model", "{model}");
    }
    let long = "x".repeat(257);
    for model in ["", long.as_str(), "a\nb", "a\tb", "a\u{7f}", "a\u{85}b"] {
        let answer = Answer::to(world.chat(&account.key, &hello(&json!({"model": model})))).await;
        assert_eq!(answer.refused(400, "missing_model")["param"], "model", "{model:?}");
    }
    assert_nothing_left(&world).await;
}
