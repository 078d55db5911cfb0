//! The pieces of a chat as the blocks of a message.

use super::*;

fn chunk(delta: Value, finish: Option<&str>) -> Map<String, Value> {
    let chunk = json!({"id": "c", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]});
    chunk.as_object().expect("an object").clone()
}

fn said(chunks: &[(Value, Option<&str>)]) -> Result<Vec<Value>, Broken> {
    let mut blocks = Blocks::new(Reading::default());
    let mut events = Vec::new();
    for (delta, finish) in chunks {
        events.extend(blocks.take(chunk(delta.clone(), *finish))?);
    }
    let reason = json!(blocks.stop_reason());
    // What a reader of the events makes of them, told shortly.
    let mut told = Vec::new();
    for event in &events[1..] {
        told.push(match event["type"].as_str().expect("a type") {
            "content_block_start" => json!([event["index"], event["content_block"]["type"]]),
            "content_block_delta" => {
                let delta = event["delta"].as_object().expect("a delta");
                let text = delta.iter().find(|(name, _)| *name != "type").map(|(_, text)| text.clone());
                json!([event["index"], text])
            }
            _ => json!([event["index"]]),
        });
    }
    told.push(reason);
    Ok(told)
}

#[test]
fn thoughts_text_and_calls_are_blocks_one_after_the_other() {
    let call = |index: u64, id: &str, name: &str, arguments: &str| {
        json!({"tool_calls": [
        {"index": index, "id": id, "function": {"name": name, "arguments": arguments}}]})
    };
    let more =
        |index: u64, arguments: &str| json!({"tool_calls": [{"index": index, "function": {"arguments": arguments}}]});
    let told = said(&[
        (json!({"role": "assistant", "content": ""}), None),
        (json!({"reasoning": "h", "reasoning_details": [{"type": "reasoning.text", "text": "h"}]}), None),
        (json!({"reasoning_details": [{"type": "reasoning.text", "signature": "s"}]}), None),
        (json!({"content": "a"}), None),
        (json!({"content": "b"}), None),
        (call(0, "t", "f", ""), None),
        (more(0, "{\"x\""), None),
        (call(1, "u", "g", "{"), None),
        (
            json!({"tool_calls": [{"index": 0, "function": {"arguments": ":1}"}}, {"index": 1, "function": {"arguments": "}"}}]}),
            None,
        ),
        (json!({}), Some("tool_calls")),
    ]);
    assert_eq!(
        told,
        Ok(vec![
            json!([0, "thinking"]),
            json!([0, "h"]),
            json!([0, "s"]),
            json!([0]),
            json!([1, "text"]),
            json!([1, "a"]),
            json!([1, "b"]),
            json!([1]),
            json!([2, "tool_use"]),
            json!([2, "{\"x\""]),
            json!([2, ":1}"]),
            json!([2]),
            json!([3, "tool_use"]),
            json!([3, "{}"]),
            json!([3]),
            json!("tool_use")
        ])
    );
}

#[test]
fn a_call_that_cannot_be_read_breaks_the_answer_unless_the_limit_has_cut_it_off() {
    let half = json!({"tool_calls": [{"index": 0, "id": "t", "function": {"name": "f", "arguments": "{\"x\":"}}]});
    assert_eq!(said(&[(half.clone(), None), (json!({}), Some("tool_calls"))]), Err(Broken::Garbled));
    let told = said(&[(half, None), (json!({}), Some("length"))]).expect("cut off");
    assert_eq!(told.last(), Some(&json!("max_tokens")));
    let nameless = json!({"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]});
    assert_eq!(said(&[(nameless, Some("tool_calls"))]), Err(Broken::Garbled));
}

#[test]
fn why_a_model_has_stopped_is_told() {
    for (finish, reason) in
        [("stop", "end_turn"), ("length", "max_tokens"), ("content_filter", "refusal"), ("new", "end_turn")]
    {
        let told = said(&[(json!({"content": "a"}), Some(finish))]).expect("well-formed");
        assert_eq!(told.last(), Some(&json!(reason)), "{finish}");
    }
}

#[test]
fn calls_without_an_index_and_content_in_parts_are_read() {
    let told = said(&[
        (
            json!({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "h"}]}, {"type": "text", "text": "a"}]}),
            None,
        ),
        (
            json!({"tool_calls": [{"id": "t", "function": {"name": "f", "arguments": "{}"}}, {"id": "u", "function": {"name": "g", "arguments": ""}}]}),
            Some("stop"),
        ),
    ]);
    assert_eq!(
        told,
        Ok(vec![
            json!([0, "thinking"]),
            json!([0, "h"]),
            json!([0]),
            json!([1, "text"]),
            json!([1, "a"]),
            json!([1]),
            json!([2, "tool_use"]),
            json!([2, "{}"]),
            json!([2]),
            json!([3, "tool_use"]),
            json!([3]),
            json!("tool_use")
        ])
    );
}
