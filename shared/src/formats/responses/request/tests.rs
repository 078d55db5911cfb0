//! What of a request for a response goes to a provider, and what is refused.

use super::*;
use crate::providers::Provider;
use crate::providers::table::PROVIDERS;
use proptest::prelude::*;

fn target(name: &str) -> Target<'static> {
    let provider: &'static Provider = PROVIDERS.iter().find(|row| row.name == name).expect("a row");
    Target { output_limit: 2000, ..Target::of(provider) }
}

fn parse(body: &Value) -> Result<ResponsesRequest, Error> {
    ResponsesRequest::parse(Bytes::from(body.to_string()), Rows::TABLE)
}

fn with(extra: Value) -> Value {
    let mut body = json!({"model": "openai/gpt-5", "input": "hi"});
    body.as_object_mut().expect("object").extend(extra.as_object().expect("object").clone());
    body
}

fn native(body: &Value) -> Value {
    let sent = parse(body).expect("valid").for_provider(&target("openrouter")).expect("a body");
    assert_eq!(sent.format, Format::Responses);
    serde_json::from_slice(&sent.body).expect("json")
}

#[test]
fn a_provider_that_speaks_it_gets_it_as_it_came_and_is_to_keep_nothing() {
    let body =
        with(json!({"reasoning": {"effort": "high"}, "include": ["reasoning.encrypted_content"], "unknown": 1.50,
        "store": true, "user": null, "provider": {"only": ["openrouter"]}, "max_output_tokens": 9000}));
    assert_eq!(
        native(&body),
        json!({"model": "up", "input": "hi", "reasoning": {"effort": "high"}, "include": ["reasoning.encrypted_content"],
            "unknown": 1.5, "store": false, "max_output_tokens": 2000, "stream": true})
    );
}

#[test]
fn what_a_provider_ran_itself_and_what_another_has_sealed_stays_here() {
    let message = json!({"role": "user", "content": "hi"});
    let own = json!({"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"});
    let function = json!({"type": "function", "name": "f"});
    let sent = native(&with(json!({
        "input": [message, {"type": "web_search_call", "id": "ws_1", "status": "completed"}, own,
            {"type": "reasoning", "id": "rs_2", "summary": [], "encrypted_content": "gw1.AA"}],
        "tools": [{"type": "web_search"}, function]})));
    assert_eq!((&sent["input"], &sent["tools"]), (&json!([message, own]), &json!([function])));
}

#[test]
fn wrong_members_are_named() {
    for (extra, param) in [
        (json!({"max_output_tokens": 0}), "max_output_tokens"),
        (json!({"max_output_tokens": "9"}), "max_output_tokens"),
        (json!({"stream": "yes"}), "stream"),
        (json!({"stream_options": {"include_obfuscation": false}}), "stream_options"),
        (json!({"model": ["a"]}), "model"),
        (json!({"input": null}), "input"),
        (json!({"temperature": 3}), "temperature"),
        (json!({"provider": {"only": ["nobody"]}}), "provider"),
        (json!({"service_tier": "priority"}), "service_tier"),
        (json!({"tools": [{"type": "web_search"}]}), "tools[0].type"),
        (json!({"tool_choice": {"type": "web_search"}}), "tool_choice"),
        (json!({"previous_response_id": 1}), "previous_response_id"),
    ] {
        let error = parse(&with(extra.clone())).expect_err(&extra.to_string());
        assert_eq!((error.http_status().as_u16(), error.param.as_deref()), (400, Some(param)), "{extra}");
    }
}

#[test]
fn a_failure_before_any_answer_is_a_stream_that_the_sdks_read() {
    let request = parse(&with(json!({}))).expect("valid");
    let text = String::from_utf8(request.failure_event(&Error::new(Code::UpstreamError)).to_vec()).expect("utf-8");
    let names: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    assert_eq!(names, ["response.created", "response.in_progress", "response.failed"]);
    assert!(text.contains("\"gateway_code\":\"upstream_error\"") && text.contains("\"sequence_number\":2"), "{text}");
}

proptest! {
    #[test]
    fn no_body_makes_the_parser_panic(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = ResponsesRequest::parse(Bytes::from(body), Rows::TABLE);
    }

    #[test]
    fn no_json_makes_the_parser_panic(text in r#"\{("(model|input|instructions|stream|tools|max_output_tokens|reasoning|text)":("x"|\[\{"(role|type)":"(user|reasoning|function_call|custom)","content":("y"|\[\]|null)\}\]|-?[0-9]{1,30}|true|null|\{\}),?){0,5}\}"#) {
        match ResponsesRequest::parse(Bytes::from(text), Rows::TABLE) {
            Err(error) => prop_assert_eq!(error.http_status().as_u16(), 400),
            Ok(request) => for provider in ["openrouter", "portkey", "chutes"] {
                let _ = request.for_provider(&target(provider));
            },
        }
    }
}
