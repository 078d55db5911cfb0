//! A provider may answer in another form than it was asked for: the client gets its answer in its own all the same.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tests::scripted::{Script, Scripted};
use tests::wire::{Wire, each_form_of_openai, each_of_openai};

use super::{CREDIT, ask, body, dearer, newest, provider};

/// Whatever the content type says.
const TYPES: [&str; 3] = ["application/json", "text/event-stream", "text/plain"];

fn whole(wire: &Wire) -> Value {
    let mut answer = wire.upstream_answer("hello");
    answer["usage"] = json!({"prompt_tokens": 36, "completion_tokens": 5});
    answer
}

fn streamed(wire: &Wire) -> Script {
    let report = json!({"id": "c", "choices": [], "usage": {"prompt_tokens": 36, "completion_tokens": 5}});
    Script::stream(&[wire.upstream_event("hello"), wire.upstream_finish(0, "stop"), report]).done(&[])
}

#[tokio::test]
async fn a_body_becomes_a_stream_and_a_stream_a_body() {
    each_form_of_openai(async |wire, stream, deployment| {
        let (world, scripted) = Scripted::world(deployment, wire, &[]).await;
        let account = world.account(CREDIT).await;
        for content_type in TYPES {
            for script in [Script::whole(&whole(wire)), streamed(wire)] {
                scripted.answers(Script { content_type, ..script });
                let answer = ask(wire, &world, &account.key, &body(wire, stream)).await;
                assert_eq!(answer.content(wire), "hello", "{content_type}");
                if stream {
                    let finished = answer.events().iter().filter(|event| wire.finish(event) == Some("stop")).count();
                    assert_eq!(finished, 1, "{}", answer.text);
                    assert!(
                        answer.text.ends_with("data: [DONE]\n\n") && !answer.text.contains("usage"),
                        "{}",
                        answer.text
                    );
                }
                let record = newest(&world).await;
                assert_eq!((&record["outcome"], &record["cost"]), (&json!("completed"), &json!(46_000)), "{record}");
            }
        }
        world.assert_ledger_clean().await;
    })
    .await;
}

#[tokio::test]
async fn an_error_in_a_success_is_that_error() {
    each_form_of_openai(async |wire, stream, deployment| {
        let (world, scripted) = Scripted::world(deployment, wire, &[]).await;
        let account = world.account(CREDIT).await;
        for (error, status) in [
            (json!({"error": {"code": 429, "message": "busy"}}), 429),
            (json!({"error": {"code": "429", "message": "busy"}}), 429),
            (json!({"error": {"code": 422, "message": "no"}, "choices": []}), 422),
            (json!({"error": {"message": "no"}}), 502),
            (json!({"object": "error", "message": "no", "code": 400}), 400),
        ] {
            scripted.answers(Script::whole(&error));
            let answer = ask(wire, &world, &account.key, &body(wire, stream)).await;
            assert_eq!(answer.status, status, "{error}: {}", answer.text);
            assert_eq!(newest(&world).await["cost"], 0, "{error}");
        }
        // It falls back as the status would.
        let routes = [tests::world::Route::new(wire.provider, "any"), dearer("chutes", "standin/normal")];
        world.model(wire.model, &routes).await;
        for (code, falls_back) in [(429, true), (503, true), (422, false)] {
            world.platform.upstash.execute(&["DEL", "breaker"]).await.expect("DEL");
            scripted.answers(Script::whole(&json!({"error": {"code": code}})));
            let answer = ask(wire, &world, &account.key, &body(wire, stream)).await;
            assert_eq!(provider(&answer) == "chutes", falls_back, "{code}: {}", answer.text);
        }
        world.assert_ledger_clean().await;
    })
    .await;
}

#[tokio::test]
async fn a_compressed_answer_is_read_although_nobody_asked_for_it() {
    each_form_of_openai(async |wire, stream, deployment| {
        let (world, scripted) = Scripted::world(deployment, wire, &[]).await;
        let account = world.account(CREDIT).await;
        for script in [Script::whole(&whole(wire)), streamed(wire)] {
            let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
            gzip.write_all(&script.parts.concat()).expect("memory");
            let parts = vec![gzip.finish().expect("memory").into()];
            scripted.answers(Script { encoding: Some("gzip"), parts, ..script });
            let answer = ask(wire, &world, &account.key, &body(wire, stream)).await;
            assert_eq!(answer.content(wire), "hello");
            assert_eq!(newest(&world).await["cost"], 46_000);
        }
    })
    .await;
}

#[tokio::test]
async fn a_body_that_is_too_large_is_charged_and_nobody_else_is_asked() {
    each_of_openai(async |wire, deployment| {
        let (world, scripted) = Scripted::world(deployment, wire, &[]).await;
        let account = world.account(CREDIT).await;
        let routes = [tests::world::Route::new(wire.provider, "any"), dearer("chutes", "standin/normal")];
        world.model(wire.model, &routes).await;
        // Small on the wire: a body may grow to a thousand times its size.
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(br#"{"choices":[{"text":""#).expect("memory");
        for _ in 0..65 {
            gzip.write_all(&vec![b'x'; 1024 * 1024]).expect("memory");
        }
        let parts = vec![gzip.finish().expect("memory").into()];
        scripted.answers(Script { encoding: Some("gzip"), parts, ..Script::whole(&Value::Null) });
        let answer = ask(wire, &world, &account.key, &wire.hello(&json!({"max_tokens": 300}))).await;
        answer.refused(502, "upstream_error");
        let record = newest(&world).await;
        assert_eq!((&record["outcome"], &record["provider"]), (&json!("cut"), &json!(wire.provider)), "{record}");
        assert_eq!((&record["cost"], &record["estimated"]), (&record["held"], &json!(true)), "{record}");
        world.assert_ledger_clean().await;
    })
    .await;
}
