use super::*;
use crate::providers::table::PROVIDERS;
use proptest::prelude::*;
use serde_json::{Value, json};

const TARGET: Target<'static> = Target { output_limit: 77, long_cache: true, ..Target::of(&PROVIDERS[0]) };

fn parse(body: &Value) -> Result<ChatRequest, Error> {
    ChatRequest::parse(Bytes::from(body.to_string()), Rows::TABLE)
}

fn with(extra: Value) -> Value {
    let mut body = json!({"model": "openai/gpt-4o", "messages": [{"role": "user", "content": "hi"}]});
    body.as_object_mut().expect("object").extend(extra.as_object().expect("object").clone());
    body
}

fn upstream(body: Value) -> Value {
    let sent = parse(&body).expect("valid").for_provider(&TARGET).expect("a body");
    serde_json::from_slice(&sent.body).expect("json")
}

#[test]
fn the_holds_limit_goes_upstream_in_the_clients_own_name() {
    assert_eq!(upstream(with(json!({})))["max_tokens"], 77);
    let new = upstream(with(json!({"max_completion_tokens": 5000})));
    assert_eq!((&new["max_completion_tokens"], &new["max_tokens"]), (&json!(77), &Value::Null));
    let both = upstream(with(json!({"max_completion_tokens": 5, "max_tokens": 9})));
    assert_eq!((&both["max_completion_tokens"], &both["max_tokens"]), (&json!(77), &json!(77)));
    assert_eq!(upstream(with(json!({"max_tokens": null})))["max_tokens"], 77);
}

#[test]
fn usage_is_always_asked_for_and_unknown_members_are_passed_on() {
    let sent = upstream(with(json!({"stream": true, "stream_options": {"x": 1}, "reasoning_effort": "low",
                                    "provider": {"only": ["chutes"]}})));
    assert_eq!(sent["stream_options"], json!({"x": 1, "include_usage": true}));
    assert_eq!(sent["reasoning_effort"], "low");
    assert!(sent.get("provider").is_none());
    assert_eq!(sent["model"], "up");
}

#[test]
fn a_plain_answer_is_asked_for_as_a_stream() {
    let sent = upstream(with(json!({"stream": false})));
    assert_eq!((&sent["stream"], &sent["stream_options"]), (&json!(true), &json!({"include_usage": true})));
}

#[test]
fn pictures_are_passed_on_and_held_for_and_nobody_else_is_asked_for_a_second_one() {
    let asked = json!({"modalities": ["image", "text"], "image_config": {"aspect_ratio": "16:9"}});
    let request = parse(&with(asked.clone())).expect("valid");
    assert_eq!((request.demand.units.outputs.as_slice(), request.demand.comes_whole), (&["image"][..], true));
    let upstream = request.for_provider(&TARGET).expect("a body");
    assert!(upstream.streamed && !upstream.repeatable);
    let sent: Value = serde_json::from_slice(&upstream.body).expect("json");
    assert_eq!(json!({"modalities": sent["modalities"], "image_config": sent["image_config"]}), asked);
    let text = parse(&with(json!({"modalities": ["text"]}))).expect("valid");
    assert!(text.demand.units.is_none() && text.for_provider(&TARGET).expect("a body").repeatable);
}

#[test]
fn the_model_is_the_catalogs_id_behind_a_provider() {
    let pinned = parse(&with(json!({"model": "chutes:deepseek/r1:free"}))).expect("valid").demand;
    assert_eq!((pinned.model.as_str(), pinned.routing.allowed), ("deepseek/r1:free", vec!["chutes"]));
    let free = parse(&with(json!({"model": "deepseek/r1:free"}))).expect("valid").demand;
    assert_eq!((free.model.as_str(), free.routing.allowed.len()), ("deepseek/r1:free", PROVIDERS.len()));
}

#[test]
fn wrong_members_are_named() {
    for (extra, param) in [
        (json!({"n": 0}), "n"),
        (json!({"n": 129}), "n"),
        (json!({"n": 1.5}), "n"),
        (json!({"max_tokens": -1}), "max_tokens"),
        (json!({"max_tokens": 1e40}), "max_tokens"),
        (json!({"max_completion_tokens": "9"}), "max_completion_tokens"),
        (json!({"stream": "yes"}), "stream"),
        (json!({"stream_options": {"include_usage": true}}), "stream_options"),
        (json!({"model": ["a"]}), "model"),
        (json!({"model": ""}), "model"),
        (json!({"messages": "hi"}), "messages"),
        (json!({"provider": {"only": ["nobody"]}}), "provider"),
        (json!({"models": ["dearer"]}), "models"),
        (json!({"plugins": [{"id": "web"}]}), "plugins"),
        (json!({"service_tier": "fast"}), "service_tier"),
        (json!({"Max_Tokens": 9000}), "Max_Tokens"),
        (json!({"max_output_tokens": 9000}), "max_output_tokens"),
        (json!({"best_of": 4}), "best_of"),
        (json!({"modalities": ["text", "audio"], "audio": {"voice": "alloy"}}), "audio"),
        (json!({"modalities": ["audio"]}), "modalities"),
        (json!({"image_config": {"font_inputs": []}}), "image_config"),
        (json!({"stream": true, "stream_options": [true]}), "stream_options"),
        (json!({"provider": [["chutes"]]}), "provider"),
    ] {
        let error = parse(&with(extra.clone())).expect_err(&extra.to_string());
        assert_eq!((error.http_status().as_u16(), error.param.as_deref()), (400, Some(param)), "{extra}");
    }
}

#[test]
fn a_repeated_member_cannot_say_two_things() {
    for (body, param) in [
        (r#"{"model":"a","messages":[{"role":"user","content":"x"}],"max_tokens":1,"max_tokens":9000}"#, "max_tokens"),
        (r#"{"model":"a","messages":[{"role":"user","content":"x","cont\u0065nt":"y"}]}"#, "content"),
    ] {
        let error = ChatRequest::parse(Bytes::from(body), Rows::TABLE).expect_err(body);
        assert_eq!((error.http_status().as_u16(), error.param.as_deref()), (400, Some(param)));
    }
}

proptest! {
    #[test]
    fn no_body_makes_the_parser_panic(body in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = ChatRequest::parse(Bytes::from(body), Rows::TABLE);
    }

    #[test]
    fn no_json_makes_the_parser_panic(text in r#"\{("(model|messages|n|stream)":("x"|\[\{"role":"u","content":("y"|\[\]|null)\}\]|-?[0-9]{1,30}|true|null|\{\}),?){0,5}\}"#) {
        if let Err(error) = ChatRequest::parse(Bytes::from(text), Rows::TABLE) {
            prop_assert_eq!(error.http_status().as_u16(), 400);
        }
    }
}
