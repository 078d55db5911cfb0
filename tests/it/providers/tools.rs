//! Tool calls reach the client in the form that SDKs read, whatever the provider's, and are counted where it reports nothing.
//! Chat's alone: no other format here has tools.

use serde_json::{Value, json};
use shared::credits::tokens::count;
use shared::formats::Format;
use tests::scripted::{Script, Scripted};
use tests::wire::{WIRES, Wire};
use tests::world::{Deployment, MODEL};

use super::{CREDIT, ask, body, newest};

fn wires() -> impl Iterator<Item = (&'static Wire, bool)> {
    let chat = WIRES.iter().filter(|wire| (wire.format, wire.upstream()) == (Format::Chat, Format::Chat));
    chat.flat_map(|wire| [(wire, false), (wire, true)])
}

fn delta(wire: &Wire, calls: Value) -> Value {
    let mut event = wire.upstream_event("");
    event["choices"][0]["delta"] = json!({ "tool_calls": calls });
    event
}

/// The calls that a client puts together by their index, each as name and arguments, and why the choice ended.
fn calls(events: &[Value]) -> (Vec<(String, String)>, Value) {
    let (mut calls, mut reason) = (Vec::new(), Value::Null);
    for choice in events.iter().map(|event| &event["choices"][0]) {
        for call in choice["delta"]["tool_calls"].as_array().into_iter().flatten() {
            let index = usize::try_from(call["index"].as_u64().expect("an index")).expect("small");
            assert!(index <= calls.len(), "contiguous: {call}");
            if index == calls.len() {
                calls.push((String::new(), String::new()));
            }
            calls[index].0.push_str(call["function"]["name"].as_str().unwrap_or_default());
            calls[index].1.push_str(call["function"]["arguments"].as_str().expect("a text"));
        }
        if !choice["finish_reason"].is_null() {
            assert!(reason.is_null(), "it ended twice");
            reason = choice["finish_reason"].clone();
        }
    }
    (calls, reason)
}

#[tokio::test]
async fn tool_calls_are_mended_and_counted() {
    let two = [("look".to_owned(), r#"{"a":1}"#.to_owned()), ("find".to_owned(), r#"{"b":"x"}"#.to_owned())];
    let deployment = Deployment::new().await;
    for (wire, stream) in wires() {
        let (world, provider) = Scripted::world(&deployment, wire, &[]).await;
        let account = world.account(CREDIT).await;
        let finish = wire.upstream_finish(0, "stop");
        let in_pieces = [
            delta(wire, json!([{"id": "1", "type": "function", "function": {"name": "look", "arguments": "{\"a\""}}])),
            delta(wire, json!([{"function": {"arguments": ":1}"}}])),
            delta(
                wire,
                json!([{"id": "2", "type": "function", "function": {"name": "find", "arguments": {"b": "x"}}}]),
            ),
            finish.clone(),
        ];
        let mut whole = wire.upstream_answer("");
        whole["choices"][0]["message"] = json!({"role": "assistant", "content": null, "tool_calls": [
            {"id": "1", "type": "function", "function": {"name": "look", "arguments": {"a": 1}}},
            {"id": "2", "type": "function", "function": {"name": "find", "arguments": "{\"b\":\"x\"}"}}]});
        for script in [Script::stream(&in_pieces).done(&[]), Script::whole(&whole)] {
            let case = format!("{}, stream: {stream}", script.content_type);
            provider.answers(script);
            let answer = ask(wire, &world, &account.key, &body(wire, stream)).await;
            let (told, reason) = if stream {
                calls(&answer.events())
            } else {
                let answer = answer.success();
                let choice = &answer["choices"][0];
                let list = choice["message"]["tool_calls"].as_array().expect("calls").iter().map(|call| {
                    let text = |name: &str| call["function"][name].as_str().expect("a text").to_owned();
                    (text("name"), text("arguments"))
                });
                (list.collect(), choice["finish_reason"].clone())
            };
            assert_eq!((told.as_slice(), reason), (&two[..], json!("tool_calls")), "{case}: {}", answer.text);
            let record = newest(&world).await;
            assert_eq!(record["estimated"], true, "{case}");
            let counted = record["completion_tokens"].as_u64().expect("tokens");
            // Names and arguments; in which order they are put together may cost a token.
            let expected = count(r#"look{"a":1}find{"b":"x"}"#);
            assert!(counted.abs_diff(expected) <= 3, "{case}: {counted} of {expected}");
        }
    }
}

#[tokio::test]
async fn what_is_right_is_passed_on_to_the_letter() {
    let deployment = Deployment::new().await;
    for (wire, _) in wires() {
        let (world, provider) = Scripted::world(&deployment, wire, &[]).await;
        let account = world.account(CREDIT).await;
        let events = [
            r#"{"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"1","type":"function","function":{"name":"f","arguments":""}}]},"logprobs":-0.10}]}"#,
            r#"{"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}}]}"#,
            r#"{"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#,
        ]
        .map(|event| format!("data: {event}\n\n"));
        let parts = events.iter().map(|event| event.clone().into()).collect();
        provider.answers(Script { parts, ..Script::stream(&[]) }.done(&[]));
        let answer = ask(wire, &world, &account.key, &body(wire, true)).await;
        // But for the names, which each event gains.
        let names = format!(",\"model\":\"{MODEL}\",\"provider\":\"{}\"}}\n\n", wire.provider);
        let named = events.concat().replace("}\n\n", &names);
        assert_eq!(answer.text, format!("{named}data: [DONE]\n\n"));
    }
}
