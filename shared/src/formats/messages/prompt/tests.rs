//! How large a message is as a prompt.

use super::*;
use crate::credits::tokens;
use serde_json::{Value, json};

fn measured(body: &Value) -> Result<PromptSize, Error> {
    let text = body.to_string();
    measure(&serde_json::from_str(&text).expect("an object"))
}

fn says(content: Value) -> Value {
    json!({"messages": [{"role": "user", "content": content}]})
}

#[test]
fn text_counts_by_its_bytes_and_an_image_not_by_its_data() {
    let prompt = measured(&json!({
        "model": "m", "max_tokens": 9, "system": [{"type": "text", "text": "héllo\n"}],
        "messages": [{"role": "user", "content": [{"type": "text", "text": "abc"},
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "A".repeat(100_000)}}]}]}))
    .expect("a prompt");
    assert_eq!((prompt.images, prompt.turns), (1, 2));
    assert_eq!(prompt.bound, 7 + 3 + 2 * PER_TURN);
    assert_eq!(prompt.modalities, ["image"]);
}

#[test]
fn results_of_tools_documents_and_what_comes_with_tools_count() {
    let result =
        says(json!([{"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "abc"}]}]));
    let prompt = measured(&result).expect("a prompt");
    assert_eq!((prompt.turns, prompt.bound), (2, 3 + 3 + AROUND_BLOCK + 2 * PER_TURN));
    let document = says(
        json!([{"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": "AAAA"}}]),
    );
    let prompt = measured(&document).expect("a prompt");
    assert_eq!((prompt.modalities, prompt.bound), (vec!["file"], 6 + AROUND_BLOCK + PER_TURN));
    let plain = measured(&says(json!("x"))).expect("a prompt").bound;
    let mut with = says(json!("x"));
    with["tools"] =
        json!([{"name": "f", "input_schema": {"type": "object"}}, {"type": "bash_20250124", "name": "bash"}]);
    let tools = with["tools"].to_string().len() as u64 + 5;
    assert_eq!(measured(&with).expect("a prompt").bound, plain + tools + 2 * AROUND_TOOL + PER_DEFINED_TOOL);
}

#[test]
fn what_cannot_be_a_prompt_is_refused() {
    let hour = json!({"type": "ephemeral", "ttl": "12h"});
    for (body, param) in [
        (json!({}), "messages"),
        (json!({"messages": []}), "messages"),
        (json!({"messages": [1]}), "messages"),
        (json!({"messages": [{}]}), "messages[0].role"),
        (json!({"messages": [{"role": "user"}]}), "messages[0].content"),
        (says(json!(5)), "messages[0].content"),
        (says(json!([{"text": "no type"}])), "messages[0].content"),
        (says(json!([{"type": "hologram"}])), "messages[0].content"),
        (says(json!([{"type": "container_upload", "file_id": "f"}])), "messages[0].content"),
        (says(json!([{"type": "image", "source": {"type": "file", "file_id": "f"}}])), "messages[0].content"),
        (says(json!([{"type": "document", "source": {"type": "url", "url": "https://x"}}])), "messages[0].content"),
        (says(json!([{"type": "text", "text": "x", "cache_control": hour}])), "messages[0].content"),
        (
            says(json!([{"type": "tool_result", "content": [{"type": "text", "text": "x", "cache_control": hour}]}])),
            "messages[0].content",
        ),
        (
            json!({"system": [{"type": "text", "text": "x", "cache_control": hour}], "messages": [{"role": "user", "content": "x"}]}),
            "system",
        ),
    ] {
        let error = measured(&body).expect_err(&body.to_string());
        assert_eq!((error.http_status().as_u16(), error.param.as_deref()), (400, Some(param)), "{body}");
    }
}

#[test]
fn a_count_is_of_tokens() {
    let body = says(json!("Hello")).to_string();
    assert_eq!(count(&serde_json::from_str(&body).expect("an object")).expect("a prompt"), 1 + 4);
}

proptest::proptest! {
    #[test]
    fn the_bound_is_never_below_a_real_count(text in "\\PC{0,400}", digits in "[0-9.,:;]{0,200}") {
        let prompt = measured(&says(json!(format!("{text}{digits}")))).expect("a prompt");
        proptest::prop_assert!(prompt.bound >= tokens::count(&text) + tokens::count(&digits));
    }
}
