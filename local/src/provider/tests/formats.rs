//! Every behaviour does the same at both endpoints.

use serde_json::{Value, json};

use super::{Fixture, ask, ask_text, data_lines};
use crate::provider::{
    Ending,
    behaviour::{PREFIX, TABLE, shapes},
    format::Format,
};

/// What a client sees of an answer whatever its format.
#[derive(Debug, PartialEq)]
struct Seen {
    status: u16,
    content_type: String,
    retry_after: Option<String>,
    /// Whether the body arrived to its end.
    whole: bool,
    /// Whether it is JSON, or a stream that is said to be done.
    complete: bool,
    /// How often something went wrong in it, by its own word.
    errors: usize,
    usage: Vec<Value>,
    finishes: Vec<Value>,
    /// The text of all choices.
    text: String,
}

async fn see(fixture: &Fixture, format: Format, mut body: Value, stream: bool) -> Seen {
    body["stream"] = json!(stream);
    if stream {
        body["stream_options"] = json!({"include_usage": true});
    }
    let mut answer = fixture.send_to(format, &body).await;
    let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().expect("ASCII").to_owned());
    let (content_type, retry_after) = (header("content-type").expect("a type"), header("retry-after"));
    let status = answer.status().as_u16();
    let mut bytes = Vec::new();
    let whole = loop {
        match answer.chunk().await {
            Ok(Some(piece)) => bytes.extend_from_slice(&piece),
            Ok(None) => break true,
            Err(_) => break false,
        }
    };
    let text = String::from_utf8(bytes).expect("UTF-8");
    let (chunks, complete) = match serde_json::from_str(&text) {
        Ok(answer) => (vec![answer], true),
        Err(_) => data_lines(&text),
    };
    let choices: Vec<_> = chunks.iter().filter_map(|chunk| chunk["choices"].as_array()).flatten().collect();
    let written = |choice: &&Value| {
        [&choice["text"], &choice["message"]["content"], &choice["delta"]["content"]]
            .into_iter()
            .find_map(|text| text.as_str().map(str::to_owned))
    };
    Seen {
        status,
        content_type,
        retry_after,
        whole,
        complete,
        errors: chunks.iter().filter(|chunk| chunk.get("error").is_some()).count(),
        // Chat counts four tokens more, for its one message, and has a chunk more, which brings the role.
        usage: chunks
            .iter()
            .filter(|chunk| !chunk["usage"].is_null())
            .map(|chunk| chunk["usage"]["completion_tokens"].clone())
            .skip_while(|tokens| *tokens == 0)
            .collect(),
        finishes: choices.iter().map(|choice| choice["finish_reason"].clone()).filter(|f| !f.is_null()).collect(),
        text: choices.iter().filter_map(written).collect(),
    }
}

#[tokio::test]
async fn every_behaviour_does_the_same_at_both_endpoints() {
    let fixture = Fixture::start().await;
    let recorded: Vec<_> = shapes().collect();
    // Two never answer; what else never ends, ends here with the client.
    let apart = ["hang", "refuse", "stall", "bytes"].map(|name| format!("{PREFIX}{name}"));
    let models = TABLE.iter().map(|behaviour| format!("{PREFIX}{}", behaviour.name));
    let mut asked = 0;
    for model in models.filter(|model| !apart.contains(model) && !recorded.contains(model)) {
        let model = if model.ends_with("slow") { format!("{model}?ms=1&chunks=5") } else { model };
        let model = if model.ends_with("long") { format!("{model}?tokens=300") } else { model };
        for stream in [false, true] {
            let chat = see(&fixture, Format::Chat, ask(&model), stream).await;
            let text = see(&fixture, Format::Text, ask_text(&model), stream).await;
            if !model.ends_with("end-early") && !model.ends_with("cut") && !model.ends_with("garbage") || stream {
                assert_eq!(chat, text, "{model}, streamed: {stream}");
            } else {
                // Half a plain body is another half in the other format.
                assert_eq!((chat.whole, chat.complete), (text.whole, text.complete), "{model}");
            }
            asked += 1;
        }
    }
    assert!(asked > 30);
}

#[tokio::test]
async fn what_never_answers_or_never_ends_does_so_at_both_endpoints() {
    let fixture = Fixture::start().await;
    let control = fixture.providers.control();
    control.record(true);
    for (format, body) in [(Format::Chat, ask as fn(&str) -> Value), (Format::Text, ask_text)] {
        let send = |model: &str, stream: bool| {
            let mut body = body(model);
            body["stream"] = json!(stream);
            fixture.request_to("chutes", format).body(body.to_string()).send()
        };
        control.clear();
        send("standin/refuse", false).await.expect_err("the connection is closed");
        assert_eq!(control.requests()[0].path, format.path());
        control.clear();
        tokio::select! {
            _ = send("standin/hang", false) => panic!("the stand-in hangs"),
            _ = control.wait_for(|requests| requests.len() == 1) => {}
        }
        let ended = control.wait_for(|requests| requests[0].ending.is_some()).await;
        assert_eq!((ended[0].path, ended[0].ending), (format.path(), Some(Ending::ClientGone)));
        control.clear();
        let answer = send("standin/stall?after=2", true).await.expect("a head");
        let begun = control.wait_for(|requests| requests[0].chunks >= 2).await;
        assert_eq!(begun[0].ending, None);
        drop(answer);
        control.clear();
        let mut answer = send("standin/stall", false).await.expect("a head");
        assert!(!answer.chunk().await.expect("half a body").expect("half a body").is_empty());
    }
}
