//! Failures on demand.

use serde_json::{Value, json};

use super::{Fixture, ask, data_lines, text_chunks};
use crate::provider::RAW_MARKER;

fn streamed(model: &str) -> Value {
    let mut body = ask(model);
    body["stream"] = json!(true);
    body
}

/// What arrives of a body, and whether it arrived whole.
async fn read(fixture: &Fixture, body: &Value) -> (String, bool) {
    let mut answer = fixture.send(body).await;
    assert_eq!(answer.status(), 200);
    let mut text = Vec::new();
    let whole = loop {
        match answer.chunk().await {
            Ok(Some(piece)) => text.extend_from_slice(&piece),
            Ok(None) => break true,
            Err(_) => break false,
        }
    };
    (String::from_utf8(text).expect("UTF-8"), whole)
}

#[tokio::test]
async fn status_answers_with_any_status_plain_and_streamed() {
    let fixture = Fixture::start().await;
    for body in [ask("standin/status?code=429&retry_after=2"), streamed("standin/status?code=429&retry_after=2")] {
        let answer = fixture.send(&body).await;
        assert_eq!(answer.status(), 429);
        assert_eq!(answer.headers()["retry-after"], "2");
        let error: Value = serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON");
        assert_eq!(error["error"]["type"], "rate_limit_error");
        assert!(error["error"]["message"].as_str().expect("a message").contains(RAW_MARKER));
    }
    let answer = fixture.send(&ask("standin/status?code=503")).await;
    assert_eq!((answer.status().as_u16(), answer.headers().get("retry-after")), (503, None));
}

#[tokio::test]
async fn refuse_closes_the_connection_without_an_answer() {
    let fixture = Fixture::start().await;
    let sent = fixture.request("featherless").body(ask("standin/refuse").to_string()).send().await;
    let error = sent.expect_err("there is no answer");
    assert!(error.is_request() && !error.is_connect() && error.status().is_none(), "{error:?}");
}

#[tokio::test]
async fn html_and_garbage_are_no_json() {
    let fixture = Fixture::start().await;
    for (model, status) in [("standin/html", 200), ("standin/html?code=502", 502)] {
        let answer = fixture.send(&ask(model)).await;
        assert_eq!(answer.status(), status);
        assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
        assert!(answer.text().await.expect("a body").contains(RAW_MARKER));
    }
    let (plain, whole) = read(&fixture, &ask("standin/garbage")).await;
    assert!(whole && plain.contains(RAW_MARKER) && serde_json::from_str::<Value>(&plain).is_err());
    let (stream, whole) = read(&fixture, &streamed("standin/garbage")).await;
    let lines: Vec<_> = stream.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
    let broken: Vec<_> = lines.iter().filter(|line| serde_json::from_str::<Value>(line).is_err()).collect();
    assert!(whole);
    assert_eq!(broken.len(), 2, "the garbage and [DONE]: {broken:?}");
    assert!(broken[0].contains(RAW_MARKER) && lines[0] != *broken[0]);
}

#[tokio::test]
async fn cut_dies_after_so_many_chunks() {
    let fixture = Fixture::start().await;
    for after in [0, 1, 3] {
        let (text, whole) = read(&fixture, &streamed(&format!("standin/cut?after={after}"))).await;
        let (chunks, done) = data_lines(&text);
        assert!(!whole && !done);
        assert_eq!((text_chunks(&chunks), chunks.len()), (after, after + 1));
    }
    let (chunks, _) = data_lines(&read(&fixture, &streamed("standin/cut?after=9999")).await.0);
    assert!(chunks.iter().all(|chunk| chunk["choices"][0]["finish_reason"].is_null()), "never past the content");
    let (plain, whole) = read(&fixture, &ask("standin/cut")).await;
    assert!(!whole && plain.starts_with('{') && !plain.ends_with('}'));
}

#[tokio::test]
async fn stall_sends_its_chunks_and_keeps_the_connection() {
    let fixture = Fixture::start().await;
    fixture.providers.control().record(true);
    let mut answer = fixture.send(&streamed("standin/stall?after=2")).await;
    let mut text = String::new();
    while text_chunks(&data_lines(&text).0) < 2 {
        let piece = answer.chunk().await.expect("no error").expect("no end");
        text.push_str(std::str::from_utf8(&piece).expect("UTF-8"));
    }
    let requests = fixture.providers.control().requests();
    assert_eq!((requests[0].chunks, requests[0].ending), (3, None));
}

#[tokio::test]
async fn end_early_ends_cleanly_without_a_finish() {
    let fixture = Fixture::start().await;
    let (text, whole) = read(&fixture, &streamed("standin/end-early?after=2")).await;
    let (chunks, done) = data_lines(&text);
    assert!(whole && !done);
    assert_eq!(text_chunks(&chunks), 2);
    assert!(chunks.iter().all(|chunk| chunk["choices"][0]["finish_reason"].is_null()));
    let (plain, whole) = read(&fixture, &ask("standin/end-early")).await;
    assert!(whole && serde_json::from_str::<Value>(&plain).is_err());
}

#[tokio::test]
async fn an_error_can_be_the_first_event_of_a_stream() {
    let fixture = Fixture::start().await;
    let (text, whole) = read(&fixture, &streamed("standin/error-first")).await;
    let (chunks, done) = data_lines(&text);
    assert!(whole && !done && chunks.len() == 1, "{text}");
    assert!(chunks[0]["error"]["message"].as_str().expect("a message").contains(RAW_MARKER));
}

#[tokio::test]
async fn error_mid_brings_an_error_and_the_end() {
    let fixture = Fixture::start().await;
    let (text, whole) = read(&fixture, &streamed("standin/error-mid?after=2")).await;
    let (chunks, done) = data_lines(&text);
    let (last, before) = chunks.split_last().expect("chunks");
    assert!(whole && !done);
    assert_eq!(text_chunks(before), 2);
    assert!(last["error"]["message"].as_str().expect("a message").contains(RAW_MARKER));
    assert_eq!(last["choices"][0]["finish_reason"], "error");
    let (status, plain) = fixture.plain(&ask("standin/error-mid")).await;
    assert_eq!(status, 200);
    assert!(plain["error"]["message"].is_string() && plain.get("choices").is_none());
}
