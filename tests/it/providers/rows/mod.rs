//! Each provider gets the request that it understands, and is understood: by its case in `cases.rs`.
//!
//! `case`: what a case says. `answers`: what providers stream. `formats`: what they speak besides chat. `own`: providers that the
//! configuration adds.

mod answers;
mod case;
mod cases;
mod formats;
mod own;
mod recorder;

use local::provider::NAMES;
use serde_json::{Value, json};
use shared::config::variables::{PROVIDERS_JSON, Presence};
use shared::providers::table::PROVIDERS;
use tests::answer::Answer;
use tests::wire::WIRES;
use tests::world::{CREDIT, MODEL, Route, World};

use super::{ask_at, newest};
use case::Case;
use cases::{CASES, OWN_CASES};
use recorder::Recorder;

const KEY: &str = "sk-of-ours-at-this-provider";

/// Every case, those of providers that the configuration adds included.
fn all_cases() -> impl Iterator<Item = &'static Case> {
    CASES.iter().chain(OWN_CASES.iter().map(|(case, _)| case))
}

/// What the configuration says of the providers that it adds, all of which are at this address.
fn own_providers(address: &str) -> String {
    let entries = OWN_CASES.iter().map(|(case, further)| {
        let mut entry: Value = serde_json::from_str(further).expect("an object");
        entry["name"] = json!(case.provider);
        // The path of its chat begins with that of its address.
        let (base, _) = case.path[1..].split_once('/').expect("a path");
        entry["base_url"] = json!(format!("{address}/{base}/"));
        if case.auth.is_some() {
            entry["api_key"] = json!(KEY);
        }
        entry
    });
    Value::from_iter(entries).to_string()
}

/// A gateway with a key at every provider that has a case, all of which are the recorder.
async fn gateway(world: &World, recorder: &Recorder) -> String {
    let address = recorder.listen().await;
    let mut variables = vec![(PROVIDERS_JSON.name, own_providers(&address))];
    for case in CASES {
        let row = PROVIDERS.iter().find(|row| row.name == case.provider).expect("a row");
        let path = case.path.strip_suffix("/chat/completions").expect("the path of chat completions");
        variables.push((row.address.name, format!("{address}{path}")));
        if case.auth.is_some() {
            variables.push((row.key.name, KEY.to_owned()));
        }
    }
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    world.another_gateway_with(&variables).await
}

/// A chat as it is written for OpenAI.
fn question(stream: bool) -> Value {
    let call = json!([{ "id": "call_1", "type": "function", "function": { "name": "look", "arguments": "{}" } }]);
    let look = json!({ "type": "function", "function": { "name": "look", "parameters": { "type": "object" } } });
    json!({
        "model": MODEL, "stream": stream, "max_completion_tokens": 50, "tools": [look], "tool_choice": "required",
        "messages": [
            { "role": "developer", "content": "Be brief." },
            { "role": "user", "content": "ping" },
            { "role": "assistant", "content": null, "tool_calls": call },
            { "role": "tool", "tool_call_id": "call_1", "content": "nothing" },
        ],
    })
}

fn stream(events: &[Value]) -> String {
    events.iter().map(|event| format!("data: {event}\n\n")).chain(["data: [DONE]\n\n".to_owned()]).collect()
}

#[test]
fn every_provider_has_a_stand_in_or_a_case() {
    for row in PROVIDERS {
        let cases = CASES.iter().filter(|case| case.provider == row.name).count();
        assert_eq!(cases, usize::from(!NAMES.contains(&row.name)), "{}", row.name);
    }
    for case in CASES {
        let row = PROVIDERS.iter().find(|row| row.name == case.provider).expect("a row");
        if let Presence::Default(address) = row.address.presence {
            let own = format!("{address}/chat/completions");
            let host = own.splitn(4, '/').nth(3).map(|path| format!("/{path}"));
            assert_eq!(host.as_deref(), Some(case.path), "{}", row.name);
        }
    }
}

#[tokio::test]
async fn each_is_asked_in_its_own_dialect_and_charged_as_it_counts() {
    let world = World::start().await;
    let account = world.account(CREDIT).await;
    let recorder = Recorder::default();
    let gateway = gateway(&world, &recorder).await;
    for case in all_cases() {
        world.model(MODEL, &[Route::new(case.provider, "up/model")]).await;
        for streamed in [false, true] {
            recorder.answers(200, "text/event-stream", stream(&(case.answer)()));
            let answer = ask_at(&WIRES[0], &world, &gateway, &account.key, &question(streamed)).await;
            let name = case.provider;
            assert_eq!(answer.status, 200, "{name}: {}", answer.text);
            assert!(text(&answer, streamed).contains("pong"), "{name}: {}", answer.text);
            assert_asked(case, &recorder);
            let row = newest(&world).await;
            let charged = ["prompt_tokens", "cached_tokens", "completion_tokens"].map(|column| row[column].as_u64());
            assert_eq!(charged, case.usage.map(Some), "{name}: {row}");
            assert_eq!(row["estimated"], false, "{name}");
            let [prompt, cached, completion] = case.usage;
            assert_eq!(row["cost"], json!((prompt - cached) * 1_000 + cached * 500 + completion * 2_000), "{name}");
        }
    }
    world.assert_ledger_clean().await;
}

/// All that an answer says, its events put together.
fn text(answer: &Answer, streamed: bool) -> String {
    if !streamed {
        return answer.json()["choices"][0]["message"]["content"].to_string();
    }
    let events = answer.text.lines().filter_map(|line| line.strip_prefix("data: "));
    let events = events.filter_map(|event| serde_json::from_str::<Value>(event).ok());
    let said = events.map(|event| match &event["choices"][0]["delta"]["content"] {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        parts => parts.to_string(),
    });
    said.collect()
}

fn assert_asked(case: &Case, recorder: &Recorder) {
    let name = case.provider;
    let seen = recorder.seen();
    let [request] = seen.as_slice() else { panic!("{name} was asked {} times", seen.len()) };
    assert_eq!(request.path, case.path, "{name}");
    let secrets: Vec<(&str, &str)> = request
        .headers
        .iter()
        .filter_map(|(header, value)| Some((header.as_str(), value.to_str().ok()?)))
        .filter(|(header, value)| *header == "authorization" || value.contains(KEY))
        .collect();
    let expected = case.auth.map(|(header, before)| (header, format!("{before}{KEY}")));
    let expected: Vec<_> = expected.iter().map(|(header, value)| (*header, value.as_str())).collect();
    assert_eq!(secrets, expected, "{name}");
    let body = &request.body;
    assert_eq!(body["model"], "up/model", "{name}");
    let limits: Vec<&str> =
        ["max_tokens", "max_completion_tokens"].into_iter().filter(|limit| body.get(limit).is_some()).collect();
    assert_eq!(limits, [case.chat.limit], "{name}");
    assert_eq!(body[case.chat.limit], 50, "{name}");
    assert_eq!(body["messages"][0]["role"], case.chat.instructs, "{name}");
    assert_eq!(body["tool_choice"], case.chat.any_tool, "{name}");
    assert_eq!(body["messages"][2].get("reasoning_content").is_some(), case.chat.thought, "{name}");
    assert_eq!(body.get("stream_options").is_some(), case.chat.asks_usage, "{name}");
    assert!(body.get("provider").is_none(), "{name}");
}

#[tokio::test]
async fn each_refuses_in_its_own_words_and_is_understood() {
    let world = World::start().await;
    let account = world.account(CREDIT).await;
    let recorder = Recorder::default();
    let gateway = gateway(&world, &recorder).await;
    for case in all_cases() {
        world.model(MODEL, &[Route::new(case.provider, "up/model")]).await;
        for (status, body, code) in case.refusals {
            super::forget(&world).await;
            recorder.answers(*status, "application/json", (*body).to_owned());
            let answer = ask_at(&WIRES[0], &world, &gateway, &account.key, &question(false)).await;
            let told = answer.json();
            assert_eq!(told["error"]["code"], *code, "{} {body}: {}", case.provider, answer.text);
            assert!(!answer.text.contains(KEY), "{}", answer.text);
        }
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_server_of_ones_own_takes_nobody_elses_key() {
    let world = World::start().await;
    let account = world.account(CREDIT).await;
    for name in ["vllm", "ollama"] {
        let body = json!({ "provider": name, "api_key": "sk-0123456789abcdef" });
        let answer = Answer::to(world.post("/user/provider-keys", &account.key, &body)).await;
        assert_eq!(answer.status, 400, "{}", answer.text);
        assert!(answer.text.contains("not one of openrouter") && !answer.text.contains(name), "{}", answer.text);
    }
}
