//! The shape of streams.

use serde_json::{Value, json};

use super::{Fixture, ask, data_lines, text_chunks, text_of};

/// Checks what clients rely on, and gives the finish reasons by choice.
fn check_envelope(chunks: &[Value], choices: usize) -> Vec<String> {
    let mut roles = vec![0; choices];
    let mut finishes = vec![Vec::new(); choices];
    for chunk in chunks {
        for field in ["id", "created", "model"] {
            assert_eq!(chunk[field], chunks[0][field]);
        }
        assert_eq!(chunk["object"], "chat.completion.chunk");
        for choice in chunk["choices"].as_array().expect("choices") {
            let index = usize::try_from(choice["index"].as_u64().expect("an index")).expect("small");
            assert!(choice["delta"].is_object());
            assert!(finishes[index].is_empty(), "a chunk after the last: {chunk}");
            if choice["delta"]["role"] == "assistant" {
                roles[index] += 1;
            } else {
                assert_eq!(roles[index], 1, "the role comes first: {chunk}");
            }
            finishes[index].extend(choice["finish_reason"].as_str().map(str::to_owned));
        }
    }
    assert_eq!(roles, vec![1; choices]);
    finishes.into_iter().map(|finish| finish.into_iter().next().expect("a finish reason")).collect()
}

#[tokio::test]
async fn a_stream_says_what_the_plain_answer_says() {
    let fixture = Fixture::start().await;
    let mut body = ask("some/model");
    body["n"] = json!(3);
    let (_, plain) = fixture.plain(&body).await;
    let chunks = fixture.stream(&body).await;
    assert_eq!(check_envelope(&chunks, 3), ["stop", "stop", "stop"]);
    for choice in 0..3 {
        assert_eq!(text_of(&chunks, choice), plain["choices"][choice as usize]["message"]["content"]);
    }
    assert!(chunks.iter().all(|chunk| chunk.get("usage").is_none()));

    body["stream_options"] = json!({"include_usage": true});
    let chunks = fixture.stream(&body).await;
    let (last, others) = chunks.split_last().expect("chunks");
    assert_eq!((&last["choices"], &last["usage"]), (&json!([]), &plain["usage"]));
    assert!(others.iter().all(|chunk| chunk["usage"].is_null() && chunk["choices"] != json!([])));
}

#[tokio::test]
async fn parallel_calls_come_in_fragments_by_index() {
    let fixture = Fixture::start().await;
    let parameters = json!({
        "type": "object",
        "properties": {"city": {"type": "string", "minLength": 9}, "days": {"type": "integer"}},
        "required": ["city", "days"]
    });
    let tool = |name: &str| json!({"type": "function", "function": {"name": name, "parameters": parameters}});
    let mut body = ask("some/model");
    body["tools"] = json!([tool("first"), tool("second"), {"type": "function", "function": {"name": "third"}}]);
    let chunks = fixture.stream(&body).await;
    assert_eq!(check_envelope(&chunks, 1), ["tool_calls"]);
    let deltas: Vec<_> =
        chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["tool_calls"].as_array()).flatten().collect();
    for (index, (name, arguments)) in [
        ("first", "{\"city\":\"aaaaaaaaa\",\"days\":0}"),
        ("second", "{\"city\":\"aaaaaaaaa\",\"days\":0}"),
        ("third", "{}"),
    ]
    .into_iter()
    .enumerate()
    {
        let own: Vec<_> = deltas.iter().filter(|delta| delta["index"] == index).collect();
        assert_eq!(own[0]["function"]["name"], name);
        assert!(own[0]["id"].as_str().expect("an id").starts_with("call_"));
        assert!(own.len() > 2, "arguments come in several chunks");
        for later in &own[1..] {
            assert_eq!(later.as_object().expect("an object").len(), 2, "only index and function: {later}");
            assert_eq!(later["function"].as_object().expect("an object").len(), 1);
        }
        let joined: String = own.iter().filter_map(|delta| delta["function"]["arguments"].as_str()).collect();
        assert_eq!(joined, arguments);
    }
}

#[tokio::test]
async fn reasoning_comes_before_the_text_in_the_providers_field() {
    let fixture = Fixture::start().await;
    let mut body = ask("standin/reasoning?tokens=10");
    body["stream"] = json!(true);
    for (provider, field) in [("openrouter", "reasoning"), ("chutes", "reasoning_content")] {
        let answer = fixture.request(provider).body(body.to_string()).send().await.expect("an answer");
        let (chunks, done) = data_lines(&answer.text().await.expect("a body"));
        assert!(done);
        check_envelope(&chunks, 1);
        let delta = |chunk: &Value, field: &str| chunk["choices"][0]["delta"][field].as_str().map(str::len);
        let last_reasoning = chunks.iter().rposition(|chunk| delta(chunk, field).is_some()).expect("reasoning");
        let first_text = chunks.iter().position(|chunk| delta(chunk, "content").is_some_and(|len| len > 0));
        assert!(last_reasoning < first_text.expect("a text"));
    }
}

#[tokio::test]
async fn a_slow_stream_has_the_chunks_asked_for() {
    let fixture = Fixture::start().await;
    let started = std::time::Instant::now();
    let chunks = fixture.stream(&ask("standin/slow?ms=2&chunks=7")).await;
    assert_eq!(text_chunks(&chunks), 7);
    assert_eq!(check_envelope(&chunks, 1), ["stop"]);
    let (status, _) = fixture.plain(&ask("standin/slow?ms=2&chunks=7")).await;
    let (also, _) = fixture.plain(&ask("standin/delay?ms=5")).await;
    assert_eq!((status, also), (200, 200));
    assert!(started.elapsed() >= std::time::Duration::from_millis(2 * 14 + 5));
}

#[tokio::test]
async fn keepalive_hides_a_valid_answer_in_odd_writes() {
    let fixture = Fixture::start().await;
    let mut body = ask("standin/keepalive");
    let (_, plain) = fixture.plain(&body).await;
    body["stream"] = json!(true);
    let mut answer = fixture.send(&body).await;
    let mut text = Vec::new();
    let mut shortest = usize::MAX;
    while let Some(piece) = answer.chunk().await.expect("a complete body") {
        shortest = shortest.min(piece.len());
        text.extend_from_slice(&piece);
    }
    let text = String::from_utf8(text).expect("UTF-8");
    assert!(text.starts_with(": OPENROUTER PROCESSING\r\n\r\n"));
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
    assert_eq!(shortest, 1);
    let (chunks, done) = data_lines(&text);
    assert!(done);
    assert_eq!(text_of(&chunks, 0), plain["choices"][0]["message"]["content"]);
}

#[tokio::test]
async fn fast_is_a_complete_answer_too() {
    let fixture = Fixture::start().await;
    let (status, plain) = fixture.plain(&ask("standin/fast?chunks=5")).await;
    assert_eq!((status, &plain["usage"]["completion_tokens"]), (200, &json!(5)));
    for model in ["standin/fast?chunks=5", "standin/fast?chunks=5&flush=1"] {
        let chunks = fixture.stream(&ask(model)).await;
        assert_eq!(check_envelope(&chunks, 1), ["stop"]);
        assert_eq!(text_of(&chunks, 0), plain["choices"][0]["message"]["content"]);
        let mut body = ask(model);
        body["stream_options"] = json!({"include_usage": true});
        assert_eq!(fixture.stream(&body).await.last().expect("chunks")["usage"], plain["usage"]);
    }
}
