//! How large the input of a response is as a prompt.

use super::*;
use crate::credits::tokens;
use serde_json::{Value, json};

fn measured(body: &Value) -> Result<PromptSize, Error> {
    let text = body.to_string();
    measure(&serde_json::from_str(&text).expect("an object"))
}

fn says(content: Value) -> Value {
    json!({"input": [{"role": "user", "content": content}]})
}

#[test]
fn text_counts_by_its_bytes_and_an_image_not_by_its_data() {
    let image = format!("data:image/png;base64,{}", "A".repeat(100_000));
    let mut body = says(json!([{"type": "input_text", "text": "abc"}, {"type": "input_image", "image_url": image}]));
    body["instructions"] = json!("héllo\n");
    let prompt = measured(&body).expect("a prompt");
    assert_eq!((prompt.images, prompt.turns, prompt.bound), (1, 2, 7 + 3 + 2 * PER_TURN));
    assert_eq!((prompt.modalities, prompt.member), (vec!["image"], "input"));
    assert_eq!(measured(&json!({"input": "Hello", "text": {"verbosity": "low"}})).expect("one").bound, 5 + PER_TURN);
}

#[test]
fn calls_their_outputs_thoughts_and_tools_count() {
    let plain = measured(&says(json!("x"))).expect("a prompt").bound;
    for (item, bytes) in [
        (json!({"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}), 4 + AROUND_ITEM),
        (
            json!({"type": "custom_tool_call_output", "call_id": "c", "output": [{"type": "input_text", "text": "abc"}]}),
            3 + AROUND_ITEM,
        ),
        (json!({"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "abcd"}), 2 + 6),
        (json!({"type": "web_search_call", "id": "ws_1", "status": "completed"}), 0),
    ] {
        let mut body = says(json!("x"));
        body["input"].as_array_mut().expect("items").push(item.clone());
        assert_eq!(measured(&body).expect("a prompt").bound, plain + bytes + PER_TURN, "{item}");
    }
    let mut with = says(json!("x"));
    with["tools"] = json!([{"type": "namespace", "name": "n", "tools": [{"type": "custom", "name": "f"}]}]);
    let tools = with["tools"].to_string().len() as u64 + 5;
    let prompt = measured(&with).expect("a prompt");
    assert_eq!((prompt.bound, prompt.tools), (plain + tools + AROUND_TOOL + AROUND_CUSTOM, true));
    let schema = json!({"format": {"type": "json_schema", "name": "s", "schema": {"type": "object"}}});
    assert!(measured(&json!({"input": "x", "text": schema})).expect("a prompt").tools);
}

#[test]
fn what_cannot_be_a_prompt_is_refused() {
    let hour = json!({"ttl": "12h"});
    for (body, param) in [
        (json!({}), "input"),
        (json!({"input": null}), "input"),
        (json!({"input": []}), "input"),
        (json!({"input": [1]}), "input"),
        (json!({"input": 1}), "input"),
        (json!({"input": [{"content": "x"}]}), "input[0].role"),
        (json!({"input": [{"role": "tool", "content": "x"}]}), "input[0].role"),
        (json!({"input": [{"role": "user"}]}), "input[0].content"),
        (json!({"input": [{"type": "item_reference", "id": ""}]}), "input[0].id"),
        (json!({"input": [{"type": "compaction", "encrypted_content": "x"}]}), "input[0].type"),
        (json!({"input": [{"type": "computer_call_output"}]}), "input[0].type"),
        (json!({"input": [{"type": 1}]}), "input[0].type"),
        (json!({"input": [{"type": "function_call", "call_id": "c", "name": "f"}]}), "input[0].arguments"),
        (json!({"input": [{"type": "function_call_output", "output": "x"}]}), "input[0].call_id"),
        (json!({"input": [{"type": "function_call_output", "call_id": "c"}]}), "input[0].output"),
        (says(json!([{"type": "hologram"}])), "input[0].content"),
        (says(json!([{"text": "no type"}])), "input[0].content"),
        (says(json!([{"type": "input_image", "file_id": "f"}])), "input[0].content"),
        (says(json!([{"type": "input_file", "file_url": "https://x"}])), "input[0].content"),
        (says(json!([{"type": "input_text", "text": "x", "prompt_cache_breakpoint": hour}])), "input[0].content"),
    ] {
        let error = measured(&body).expect_err(&body.to_string());
        assert_eq!((error.http_status().as_u16(), error.param.as_deref()), (400, Some(param)), "{body}");
    }
}

proptest::proptest! {
    #[test]
    fn the_bound_is_never_below_a_real_count(text in "\\PC{0,400}", digits in "[0-9.,:;]{0,200}") {
        let prompt = measured(&says(json!(format!("{text}{digits}")))).expect("a prompt");
        proptest::prop_assert!(prompt.bound >= tokens::count(&text) + tokens::count(&digits));
    }
}
