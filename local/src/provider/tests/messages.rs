//! Messages, as strictly as Anthropic takes them.

use serde_json::{Value, json};

use super::Fixture;
use crate::provider::{error::RAW_MARKER, format::Format};

fn ask(members: Value) -> Value {
    let mut body =
        json!({"model": "some/model", "max_tokens": 300, "messages": [{"role": "user", "content": "Hello"}]});
    body.as_object_mut().expect("an object").extend(members.as_object().expect("an object").clone());
    body
}

async fn send(fixture: &Fixture, body: &Value) -> (u16, String) {
    let url = format!("{}{}", fixture.providers.base_url("anthropic").expect("known"), Format::Messages.path());
    let key = fixture.providers.key("anthropic").expect("known");
    let request = fixture.client.post(url).header("x-api-key", key).header("anthropic-version", "2023-06-01");
    let answer = request.header("content-type", "application/json").body(body.to_string()).send().await.expect("one");
    (answer.status().as_u16(), answer.text().await.expect("a body"))
}

#[tokio::test]
async fn a_stream_has_every_event_in_its_place() {
    let fixture = Fixture::start().await;
    let (status, text) = send(&fixture, &ask(json!({"stream": true}))).await;
    assert_eq!(status, 200);
    let names: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    let (begin, rest) = names.split_at(3);
    assert_eq!(begin, ["message_start", "content_block_start", "ping"]);
    let (deltas, end) = rest.split_at(rest.len() - 3);
    assert!(deltas.len() > 3 && deltas.iter().all(|name| *name == "content_block_delta"), "{names:?}");
    assert_eq!(end, ["content_block_stop", "message_delta", "message_stop"]);
}

#[tokio::test]
async fn what_anthropic_refuses_is_refused_in_its_shape() {
    let fixture = Fixture::start().await;
    let user = |content: Value| json!({"role": "user", "content": content});
    let call = json!({"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}}]});
    let result = json!({"type": "tool_result", "tool_use_id": "t", "content": "x"});
    for members in [
        json!({"max_tokens": null}),
        json!({"max_tokens": 0}),
        json!({"stream_options": {"include_usage": true}}),
        json!({"n": 1}),
        json!({"temperature": 1.5}),
        json!({"messages": []}),
        json!({"messages": [{"role": "system", "content": "x"}]}),
        json!({"messages": [{"role": "assistant", "content": "x"}]}),
        json!({"messages": [user(json!(""))]}),
        json!({"messages": [user(json!([{"type": "text", "text": ""}]))]}),
        json!({"messages": [user(json!("x")), {"role": "assistant", "content": "x "}]}),
        json!({"messages": [user(json!("x")), call]}),
        json!({"messages": [user(json!("x")), call, user(json!("y"))]}),
        json!({"messages": [user(json!([result]))]}),
        json!({"messages": [user(json!("x")), call, user(json!([{"type": "text", "text": "y"}, result]))]}),
        json!({"messages": [user(json!("x")), {"role": "assistant", "content": [{"type": "thinking", "thinking": "x", "signature": "forged"}]}]}),
        json!({"thinking": {"type": "enabled", "budget_tokens": 300}}),
        json!({"thinking": {"type": "enabled", "budget_tokens": 1024}, "max_tokens": 1024}),
        json!({"thinking": {"type": "adaptive"}, "temperature": 0.5}),
        json!({"tools": [{"name": "a b", "input_schema": {"type": "object"}}]}),
        json!({"tools": [{"name": "a"}]}),
        json!({"tool_choice": {"type": "auto"}}),
    ] {
        let (status, text) = send(&fixture, &ask(members.clone())).await;
        let error: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(status, 400, "{members}: {text}");
        assert_eq!((&error["type"], &error["error"]["type"]), (&json!("error"), &json!("invalid_request_error")));
        assert!(error["error"]["message"].as_str().expect("a message").contains(RAW_MARKER));
    }
    let answered = json!({"messages": [user(json!("x")), call, user(json!([result, {"type": "text", "text": "y"}]))]});
    assert_eq!(send(&fixture, &ask(answered)).await.0, 200);
}

#[tokio::test]
async fn usage_tells_what_a_cache_had_to_do_with_apart() {
    let fixture = Fixture::start().await;
    let body = ask(json!({"model": "standin/usage?prompt=100&cached=20&written=30&completion=5&reasoning=0"}));
    let message: Value = serde_json::from_str(&send(&fixture, &body).await.1).expect("JSON");
    let usage = &message["usage"];
    assert_eq!((&usage["input_tokens"], &usage["output_tokens"]), (&json!(50), &json!(5)));
    assert_eq!((&usage["cache_read_input_tokens"], &usage["cache_creation_input_tokens"]), (&json!(20), &json!(30)));
}

#[tokio::test]
async fn an_agents_steps_are_taken_with_thoughts_where_they_are_asked_for() {
    let fixture = Fixture::start().await;
    let tool = json!({"name": "f", "input_schema": {"type": "object"}});
    let mut body =
        ask(json!({"max_tokens": 3000, "thinking": {"type": "enabled", "budget_tokens": 1024}, "tools": [tool],
        "messages": [{"role": "user", "content": "`f {\"x\": 1}`\n`f {\"x\": 2}`"}]}));
    for step in [Some(1), Some(2), None] {
        let (status, text) = send(&fixture, &body).await;
        let message: Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!((status, &message["content"][0]["type"]), (200, &json!("thinking")), "{text}");
        let said = &message["content"][1];
        assert_eq!(said["input"]["x"].as_i64(), step, "{text}");
        let messages = body["messages"].as_array_mut().expect("messages");
        messages.push(json!({"role": "assistant", "content": message["content"]}));
        messages.push(
            json!({"role": "user", "content": [{"type": "tool_result", "tool_use_id": said["id"], "content": "y"},
            {"type": "text", "text": "a reminder"}]}),
        );
    }
}
