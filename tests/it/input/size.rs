//! Very large requests: refused for their size alone, or served.

use std::time::Duration;

use reqwest::Body;
use serde_json::{Value, json};
use shared::formats::Format;
use tests::answer::Answer;
use tests::wire::formats;
use tests::world::{MODEL, World, hello};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::assert_nothing_left;

/// A huge request is answered within this, in a debug build on a machine with other work: far more than it takes, far
/// less than anything that grows faster than the request would take.
const SOON: Duration = Duration::from_secs(120);

async fn soon(what: &str, answer: impl Future<Output = Answer>) -> Answer {
    tokio::time::timeout(SOON, answer).await.unwrap_or_else(|_| panic!("{what}: no answer within {SOON:?}"))
}

#[tokio::test]
async fn five_megabytes_are_refused_whether_announced_or_not() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    let body = hello(&json!({"padding": "x".repeat(5_000_000)})).to_string();
    let chunks: Vec<Result<Vec<u8>, std::io::Error>> =
        body.as_bytes().chunks(65_536).map(|chunk| Ok(chunk.to_vec())).collect();
    let unannounced = Body::wrap_stream(futures_util::stream::iter(chunks));
    for (what, body) in [("announced", Body::from(body)), ("not announced", unannounced)] {
        let request = world.chat(&account.key, &json!({})).body(body);
        soon(what, Answer::to(request)).await.refused(413, "payload_too_large");
    }
    let admin = world.administrator().await;
    let large = json!({"email": format!("{}@test.example", "x".repeat(5_000_000))});
    soon("create", Answer::to(world.post("/admin/create", &admin.key, &large))).await.refused(413, "payload_too_large");
    assert_nothing_left(&world).await;
}

#[tokio::test]
async fn a_body_that_is_announced_as_too_large_and_never_comes_is_not_waited_for() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    let address = world.base_url.strip_prefix("http://").expect("a plain address");
    let mut connection = TcpStream::connect(address).await.expect("a connection");
    let head = format!(
        "POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-length: 5000000\r\n\r\n",
        account.key
    );
    connection.write_all(head.as_bytes()).await.expect("sent");
    let mut status = [0; "HTTP/1.1 413".len()];
    let read = tokio::time::timeout(SOON, connection.read_exact(&mut status)).await;
    read.expect("an answer without the body").expect("an answer");
    assert_eq!(str::from_utf8(&status), Ok("HTTP/1.1 413"));
}

#[tokio::test]
async fn a_hundred_thousand_messages_are_answered_soon() {
    let world = World::start().await;
    let rich = world.account(1_000_000_000_000).await;
    let poor = world.account(1_000_000).await;
    for account in [&rich, &poor] {
        world.limit(account.id, &json!({"tokens_per_minute": 1_000_000_000, "tokens_per_day": 1_000_000_000})).await;
    }
    let messages: Vec<Value> = (0..100_000).map(|_| json!({"role": "user", "content": "Hi"})).collect();
    let body = hello(&json!({"messages": messages, "max_tokens": 5}));
    let answer = soon("served", Answer::to(world.chat(&rich.key, &body))).await;
    answer.served_or_blamed("100 000 messages");
    // Who cannot pay is refused after its prompt was counted for real.
    let answer = soon("refused", Answer::to(world.chat(&poor.key, &body))).await;
    answer.refused(402, "insufficient_credits");
    assert_nothing_left(&world).await;
}

#[tokio::test]
async fn a_large_request_of_any_make_is_answered_soon() {
    let world = World::start().await;
    // Its credit does not cover the bytes of any of these, so that each is counted by the tokenizer as well.
    let account = world.account(100_000_000).await;
    world.limit(account.id, &json!({"tokens_per_minute": 1_000_000_000, "tokens_per_day": 1_000_000_000})).await;
    const BYTES: usize = 4_000_000;
    let message =
        |content: &str| format!(r#"{{"model":"{MODEL}","messages":[{{"role":"user","content":{content}}}]}}"#);
    let member = |members: &str| message("\"x\"").replacen('{', &format!("{{{members},"), 1);
    let shapes = [
        ("one letter", message(&format!("\"{}\"", "a".repeat(BYTES)))),
        ("blanks", message(&format!("\"{}\"", " ".repeat(BYTES)))),
        ("digits", message(&format!("\"{}\"", "1234567890".repeat(BYTES / 10)))),
        ("escapes", message(&format!("\"{}\"", "\\u0041".repeat(BYTES / 6)))),
        ("parts", message(&format!("[{}]", vec![r#"{"type":"text","text":"x"}"#; BYTES / 27].join(",")))),
        (
            "images",
            message(&format!("[{}]", vec![r#"{"type":"image_url","image_url":{"url":""}}"#; BYTES / 44].join(","))),
        ),
        ("members", member(&(0..BYTES / 14).map(|i| format!("\"m{i}\":1")).collect::<Vec<_>>().join(","))),
        ("one member", member(&vec!["\"n\":1"; BYTES / 6].join(","))),
        ("an array", member(&format!("\"a\":[{}]", vec!["1"; BYTES / 2].join(",")))),
        ("providers", member(&format!("\"provider\":{{\"order\":[{}]}}", vec!["\"chutes\""; BYTES / 9].join(",")))),
        ("white space", format!("{}{}", " ".repeat(BYTES), message("\"x\""))),
        ("a name", member(&format!("\"{}\":1", "n".repeat(BYTES)))),
    ];
    for (what, body) in shapes {
        assert!(body.len() < 4_718_592, "{what}: {}", body.len());
        let answer = soon(what, Answer::to(world.chat(&account.key, &json!({})).body(body))).await;
        answer.served_or_blamed(what);
        assert!(answer.text.len() < 100_000, "{what}: the answer has {} bytes", answer.text.len());
    }
    assert_nothing_left(&world).await;
}

#[tokio::test]
async fn so_is_a_large_request_in_any_other_format() {
    const BYTES: usize = 4_000_000;
    let world = World::start().await;
    let account = world.account(100_000_000).await;
    world.limit(account.id, &json!({"tokens_per_minute": 1_000_000_000, "tokens_per_day": 1_000_000_000})).await;
    let prompts = [
        ("one letter", json!("a".repeat(BYTES))),
        ("digits", json!("1234567890".repeat(BYTES / 10))),
        ("token ids", json!(vec![1; BYTES / 2])),
        ("prompts", json!(vec!["x"; BYTES / 4])),
        ("lists of token ids", json!(vec![[1]; BYTES / 4])),
    ];
    for wire in formats().filter(|wire| wire.format != Format::Chat) {
        world.serves(wire, "standin/normal").await;
        for (what, prompt) in &prompts {
            let body = match (wire.format, prompt) {
                (Format::Messages | Format::Responses, Value::String(text)) => wire.say(text, &json!({})),
                _ => wire.hello(&json!({ "prompt": prompt })),
            };
            let answer = soon(what, Answer::to(world.call(wire, &account.key, &body))).await;
            answer.served_or_blamed(what);
            assert!(answer.text.len() < 100_000, "{what}: the answer has {} bytes", answer.text.len());
        }
    }
    assert_nothing_left(&world).await;
}
