//! Behaviours that report usage in their own way.

use serde_json::{Value, json};

use super::{Fixture, ask};

fn streamed(mut body: Value) -> Value {
    body["stream_options"] = json!({"include_usage": true});
    body
}

#[tokio::test]
async fn no_usage_reports_none_even_if_asked() {
    let fixture = Fixture::start().await;
    assert!(fixture.plain(&ask("standin/no-usage")).await.1.get("usage").is_none());
    let mut body = ask("standin/no-usage");
    body["stream"] = json!(true);
    let chunks = fixture.stream(&streamed(body)).await;
    assert!(chunks.iter().all(|chunk| chunk.get("usage").is_none() && chunk["choices"] != json!([])));
}

#[tokio::test]
async fn usage_is_what_the_name_says() {
    let fixture = Fixture::start().await;
    let model = "standin/usage?prompt=7&cached=6&completion=5&reasoning=4";
    let expected = json!({
        "prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12,
        "prompt_tokens_details": {"cached_tokens": 6}, "completion_tokens_details": {"reasoning_tokens": 4},
    });
    assert_eq!(fixture.plain(&ask(model)).await.1["usage"], expected);
    let mut body = ask(model);
    body["stream"] = json!(true);
    assert_eq!(fixture.stream(&streamed(body)).await.last().expect("chunks")["usage"], expected);
}

#[tokio::test]
async fn bytes_reports_the_worst_that_obeys_the_limit() {
    let fixture = Fixture::start().await;
    let tools = json!([{"type": "function", "function": {"name": "f"}}]);
    let body = json!({
        "model": "standin/bytes?image=1000",
        "messages": [
            {"role": "system", "content": "\u{6d77}\u{6d77}"},
            {"role": "user", "name": "ann", "content": [
                {"type": "text", "text": "abcd"},
                {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
            ]}
        ],
        "tools": tools, "max_tokens": 40, "n": 8
    });
    let usage = &fixture.plain(&body).await.1["usage"];
    // With tools come instructions of the provider's own.
    let prompt = 6 + 3 + 4 + tools.to_string().len() + 2 * 16 + 1_000 + 530;
    assert_eq!((&usage["prompt_tokens"], &usage["completion_tokens"]), (&json!(prompt), &json!(320)));
}

#[tokio::test]
async fn usage_in_every_chunk_counts_up() {
    let fixture = Fixture::start().await;
    let chunks = fixture.stream(&ask("standin/usage-in-every-chunk")).await;
    let counts: Vec<_> =
        chunks.iter().map(|chunk| chunk["usage"]["completion_tokens"].as_u64().expect("a count")).collect();
    assert!(counts.is_sorted() && counts[0] == 0, "{counts:?}");
    let (_, plain) = fixture.plain(&ask("standin/usage-in-every-chunk")).await;
    assert_eq!(chunks.last().expect("chunks")["usage"], plain["usage"]);
}
