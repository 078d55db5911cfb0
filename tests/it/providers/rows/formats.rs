//! The formats besides chat that a provider's row names: each is asked at its own path, in its own words, and understood. A row that
//! names one for which there is no recorded answer here fails.

use reqwest::RequestBuilder;
use serde_json::{Value, json};
use shared::config::Config;
use shared::config::variables::PROVIDERS_JSON;
use shared::formats::Format;
use shared::providers::{Provider, Rows};
use tests::answer::Answer;
use tests::whole::WHOLES;
use tests::wire::WIRES;
use tests::world::{Account, CREDIT, MODEL, Route, World};

use super::super::newest;
use super::recorder::Recorder;
use super::{KEY, all_cases, gateway, own_providers, stream};

/// What of a request must arrive besides the model's name there: for JSON its member, and for all its text.
const SAID: &str = "Hello";

/// An answer as a provider gives it in a format: its type, its text, and the prompt and completion tokens that it reports; none where it
/// reports none.
fn answered(format: Format) -> (&'static str, String, Option<[u64; 2]>) {
    let usage = json!({ "prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15 });
    match format {
        Format::Completions => {
            let event = |choices: Value| json!({ "id": "x", "object": "text_completion", "created": 1, "model": "up", "choices": choices });
            let choice = |text: &str, finish: Value| {
                event(json!([{ "index": 0, "text": text, "logprobs": null, "finish_reason": finish }]))
            };
            let mut last = event(json!([]));
            last["usage"] = usage;
            let events = [choice("pong", Value::Null), choice("", json!("stop")), last];
            ("text/event-stream", stream(&events), Some([10, 5]))
        }
        Format::Responses => {
            let part = json!({ "type": "output_text", "text": "pong", "annotations": [] });
            let item =
                json!({ "type": "message", "id": "m", "role": "assistant", "status": "completed", "content": [part] });
            let response = |status: &str, output: Value, usage: Value| json!({ "id": "resp_x", "object": "response", "created_at": 1, "model": "up", "status": status, "output": output, "usage": usage });
            let spent = json!({ "input_tokens": 10, "output_tokens": 5, "total_tokens": 15 });
            let delta = json!({ "type": "response.output_text.delta", "sequence_number": 1, "item_id": "m", "output_index": 0,
                "content_index": 0, "delta": "pong", "logprobs": [] });
            let events = [
                json!({ "type": "response.created", "sequence_number": 0, "response": response("in_progress", json!([]), Value::Null) }),
                delta,
                json!({ "type": "response.completed", "sequence_number": 2, "response": response("completed", json!([item]), spent) }),
            ];
            let frame =
                |event: &Value| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap_or_default());
            ("text/event-stream", events.iter().map(frame).collect(), Some([10, 5]))
        }
        Format::Embeddings => {
            let vector = json!({ "object": "embedding", "index": 0, "embedding": [0.25, -0.5] });
            let usage = json!({ "prompt_tokens": 10, "total_tokens": 10 });
            let answer = json!({ "object": "list", "data": [vector], "model": "up", "usage": usage });
            ("application/json", answer.to_string(), Some([10, 0]))
        }
        // As Groq words it, whose servers say nothing of what they have heard.
        Format::Transcription | Format::Translation => {
            ("application/json", json!({ "text": "pong", "x_groq": { "id": "req_1" } }).to_string(), None)
        }
        other => panic!("no answer of a provider is recorded in {other:?}: add one, and what is asked for it"),
    }
}

/// A request in a format, at this gateway, for a model that this provider alone serves.
async fn asked(world: &World, gateway: &str, by: &Account, format: Format, provider: &str) -> RequestBuilder {
    let routes = [Route::new(provider, "up/model")];
    let request = if let Some(wire) = WIRES.iter().find(|wire| wire.format == format) {
        world.model(MODEL, &routes).await;
        let mut body = wire.hello(&json!({}));
        if format == Format::Responses {
            body["store"] = json!(false);
        }
        world.call(wire, &by.key, &body)
    } else {
        let whole = WHOLES.iter().find(|whole| whole.format == format).expect("a list that has it");
        world.offers(whole, &routes).await;
        world.request(whole, &by.key, &whole.hello(&json!({})))
    };
    let mut request = request.build().expect("a request");
    *request.url_mut() = format!("{gateway}{}", request.url().path()).parse().expect("an address");
    RequestBuilder::from_parts(world.http.clone(), request)
}

/// The rows of the providers that have a case.
fn rows() -> Rows {
    Config::from_lookup(|name| (name == PROVIDERS_JSON.name).then(|| own_providers("http://127.0.0.1"))).rows
}

#[tokio::test]
async fn each_further_format_is_asked_at_its_path_and_charged_and_its_refusals_are_understood() {
    let world = World::start().await;
    let account = world.account(CREDIT).await;
    let recorder = Recorder::default();
    let gateway = gateway(&world, &recorder).await;
    let mut formats = 0;
    let rows = rows();
    for case in all_cases() {
        let row: &'static Provider = rows.named(case.provider).expect("a row");
        let further = row.speaks.iter().filter(|(format, _)| *format != Format::Chat);
        for (format, path) in further {
            let name = format!("{} in {format:?}", case.provider);
            let (content_type, answer, usage) = answered(*format);
            recorder.answers(200, content_type, answer);
            let request = asked(&world, &gateway, &account, *format, case.provider).await;
            let told = Answer::to(request).await;
            assert_eq!(told.status, 200, "{name}: {}", told.text);
            assert!(told.text.contains("pong") || told.text.contains("embedding"), "{name}: {}", told.text);
            world.settled().await;
            let seen = recorder.seen();
            let [request] = seen.as_slice() else { panic!("{name} was asked {} times", seen.len()) };
            let chat = row.path(Format::Chat).expect("the path of chats");
            let base = case.path.strip_suffix(chat).expect("the path of chats");
            assert_eq!(request.path, format!("{base}{path}"), "{name}");
            let secrets: Vec<_> =
                request.headers.iter().filter(|(_, value)| value.as_bytes().ends_with(KEY.as_bytes())).collect();
            match case.auth {
                Some((header, before)) => {
                    assert_eq!(secrets.len(), 1, "{name}");
                    assert_eq!(
                        (secrets[0].0.as_str(), secrets[0].1.to_str().ok()),
                        (header, Some(format!("{before}{KEY}").as_str())),
                        "{name}"
                    );
                }
                None => assert!(secrets.is_empty(), "{name}"),
            }
            // A form's members are texts within it.
            assert!(request.raw.contains("up/model") && request.raw.contains(SAID), "{name}: {}", request.raw);
            assert!(!request.raw.contains("test/"), "{name}: {}", request.raw);
            let record = newest(&world).await;
            assert_eq!(
                (&record["provider"], &record["outcome"]),
                (&json!(case.provider), &json!("completed")),
                "{name}"
            );
            if let Some([prompt, completion]) = usage {
                assert_eq!(
                    (&record["prompt_tokens"], &record["completion_tokens"]),
                    (&json!(prompt), &json!(completion)),
                    "{name}"
                );
                assert_eq!(
                    (&record["cost"], &record["estimated"]),
                    (&json!(prompt * 1_000 + completion * 2_000), &json!(false)),
                    "{name}"
                );
            } else {
                assert!(record["cost"].as_i64() > Some(0), "{name}: {record}");
            }
            for (status, body, code) in case.refusals {
                super::super::forget(&world).await;
                recorder.answers(*status, "application/json", (*body).to_owned());
                let request = asked(&world, &gateway, &account, *format, case.provider).await;
                let told = Answer::to(request).await;
                assert!(told.text.contains(code) && told.status >= 400, "{name} {body}: {}", told.text);
                assert!(!told.text.contains(KEY), "{name}: {}", told.text);
                world.settled().await;
            }
            formats += 1;
        }
    }
    assert!(formats >= 25, "{formats}");
    world.assert_ledger_clean().await;
}
