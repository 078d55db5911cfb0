//! What is refused, and in whose dialect.

use serde_json::{Value, json};

use super::{Fixture, ask};
use crate::provider::{NAMES, RAW_MARKER};

#[tokio::test]
async fn every_provider_answers_with_its_key_and_refuses_any_other() {
    let fixture = Fixture::start().await;
    // Anthropic speaks Messages alone.
    for provider in NAMES.into_iter().filter(|name| *name != "anthropic") {
        let body = ask("some/model").to_string();
        let answer = fixture.request(provider).body(body.clone()).send().await.expect("an answer");
        assert_eq!(answer.status(), 200, "{provider}");
        let url = format!("{}/chat/completions", fixture.providers.base_url(provider).expect("known"));
        let unsigned = || fixture.client.post(&url).header("content-type", "application/json").body(body.clone());
        let wrong = unsigned()
            .bearer_auth("not-the-key")
            .header("x-portkey-api-key", "not-the-key")
            .header("x-portkey-provider", "openai");
        for request in [unsigned(), wrong] {
            let answer = request.send().await.expect("an answer");
            assert_eq!(answer.status(), 401, "{provider}");
            let error: Value = serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON");
            assert!(error["error"]["message"].as_str().expect("a message").contains(RAW_MARKER));
            let numeric = ["openrouter", "chutes"].contains(&provider);
            assert_eq!(error["error"]["code"], if numeric { json!(401) } else { json!("invalid_api_key") });
        }
    }
    assert_eq!(fixture.providers.base_url("another"), None);
    assert_eq!(fixture.providers.key("another"), None);
}

#[tokio::test]
async fn portkey_wants_to_know_whom_to_ask() {
    let fixture = Fixture::start().await;
    let url = format!("{}/chat/completions", fixture.providers.base_url("portkey").expect("known"));
    let key = fixture.providers.key("portkey").expect("known");
    let request = || {
        let request = fixture.client.post(&url).header("content-type", "application/json");
        request.header("x-portkey-api-key", key).body(ask("m").to_string())
    };
    assert_eq!(request().send().await.expect("an answer").status(), 400);
    let virtual_key = request().header("x-portkey-virtual-key", "vk-1");
    assert_eq!(virtual_key.send().await.expect("an answer").status(), 200);
}

#[tokio::test]
async fn bad_parameters_are_named() {
    let fixture = Fixture::start().await;
    let tool = |function: Value| json!([{"type": "function", "function": function}]);
    let call = json!({"role": "assistant", "tool_calls": [
        {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]});
    let result = json!({"role": "tool", "tool_call_id": "c", "content": "42"});
    let cases = [
        (json!({"model": null}), "model"),
        (json!({"model": 7}), "model"),
        (json!({"messages": null}), "messages"),
        (json!({"messages": []}), "messages"),
        (json!({"messages": "hi"}), "messages"),
        (json!({"messages": ["hi"]}), "messages[0]"),
        (json!({"messages": [{"role": "robot", "content": "hi"}]}), "messages[0].role"),
        (json!({"messages": [{"role": "user"}]}), "messages[0].content"),
        (json!({"messages": [{"role": "user", "content": 1}]}), "messages[0].content"),
        (json!({"messages": [{"role": "user", "content": [{"type": "smell"}]}]}), "messages[0].content[0].type"),
        (json!({"messages": [{"role": "tool", "content": "42"}]}), "messages[0].tool_call_id"),
        (json!({"messages": [{"role": "tool", "tool_call_id": "c", "content": "42"}]}), "messages[0].role"),
        (json!({"messages": [call]}), "messages[0].role"),
        (json!({"messages": [call, {"role": "user", "content": "42"}]}), "messages[1].role"),
        (json!({"messages": [call, result, result]}), "messages[2].role"),
        (json!({"max_tokens": 0}), "max_tokens"),
        (json!({"max_tokens": -5}), "max_tokens"),
        (json!({"max_completion_tokens": 1.5}), "max_completion_tokens"),
        (json!({"n": 0}), "n"),
        (json!({"n": 129}), "n"),
        (json!({"temperature": 3}), "temperature"),
        (json!({"stream": "yes"}), "stream"),
        (json!({"stream_options": {"include_usage": true}}), "stream_options"),
        (json!({"stream": true, "stream_options": {"include_usage": 1}}), "stream_options.include_usage"),
        (json!({"stop": ["a", "b", "c", "d", "e"]}), "stop"),
        (json!({"tools": []}), "tools"),
        (json!({"tools": [{"type": "oracle"}]}), "tools[0].type"),
        (json!({"tools": tool(json!({}))}), "tools[0].function.name"),
        (json!({"tools": tool(json!({"name": "a b"}))}), "tools[0].function.name"),
        (json!({"tool_choice": "auto"}), "tool_choice"),
        (json!({"tools": tool(json!({"name": "a"})), "tool_choice": {"function": {"name": "b"}}}), "tool_choice"),
        (json!({"tools": tool(json!({"name": "a", "parameters": {"type": "string", "pattern": "^a$"}}))}), "a"),
        (json!({"response_format": {"type": "xml"}}), "response_format.type"),
        (json!({"functions": []}), "functions"),
        (json!({"logprobs": true}), "logprobs"),
    ];
    for (change, param) in cases {
        let mut body = ask("some/model");
        body.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        let (status, answer) = fixture.plain(&body).await;
        assert_eq!((status, &answer["error"]["param"]), (400, &json!(param)), "{change} gave {answer}");
        assert_eq!(answer["error"]["type"], "invalid_request_error");
    }
}

#[tokio::test]
async fn what_is_no_json_is_refused() {
    let fixture = Fixture::start().await;
    for body in [&b"{\"model\": "[..], b"[]", b"\xff\xfe", b""] {
        let answer = fixture.request("featherless").body(body.to_vec()).send().await.expect("an answer");
        assert_eq!(answer.status(), 400, "{body:?}");
    }
    let url = format!("{}/chat/completions", fixture.providers.base_url("featherless").expect("known"));
    let form = fixture.client.post(url).bearer_auth(fixture.providers.key("featherless").expect("known"));
    let form = form.header("content-type", "text/plain").body(ask("m").to_string());
    assert_eq!(form.send().await.expect("an answer").status(), 400);
}

#[tokio::test]
async fn unknown_behaviours_paths_and_methods_are_refused() {
    let fixture = Fixture::start().await;
    for model in ["standin/nonsense", "standin/status?code=99", "standin/status?color=1", "standin/cut?after=x"] {
        let (status, answer) = fixture.plain(&ask(model)).await;
        assert_eq!((status, &answer["error"]["code"]), (404, &json!("model_not_found")), "{model}");
    }
    let base = fixture.providers.base_url("chutes").expect("known");
    let status = async |path: String| fixture.client.get(path).send().await.expect("an answer").status().as_u16();
    assert_eq!(status(format!("{base}/chat/completions")).await, 405);
    assert_eq!(status(format!("{base}/embeddings")).await, 404);
    assert_eq!(status(base.replace("/chutes", "/nobody")).await, 404);
    assert_eq!(status(format!("{base}/models")).await, 401);
}

#[tokio::test]
async fn models_are_listed() {
    let fixture = Fixture::start().await;
    let url = format!("{}/models", fixture.providers.base_url("openrouter").expect("known"));
    let answer = fixture.client.get(url).send().await.expect("an answer");
    let list: Value = serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON");
    assert_eq!(list["object"], "list");
    for model in list["data"].as_array().expect("models") {
        assert!(model["id"].is_string() && model["created"].is_u64() && model["object"] == "model", "{model}");
    }
}
