use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn names(credit_limited: bool) -> Names {
    let raw = |text: &str| to_raw_value(text).expect("json");
    Names { model: raw("a/b"), provider: raw("chutes"), credit_limited }
}

fn named(json: &str) -> String {
    let mut named = BytesMut::new();
    names(false).write(json.as_bytes(), &mut named);
    String::from_utf8(named.to_vec()).expect("utf-8")
}

#[test]
fn the_names_stand_where_the_providers_stood() {
    for (json, expected) in [
        (
            r#"{"id":"1","model":"up","choices":[1.10]}"#,
            r#"{"id":"1","model":"a/b","provider":"chutes","choices":[1.10]}"#,
        ),
        (r#"{"provider":"X","model":"up","x":{}}"#, r#"{"provider":"chutes","model":"a/b","x":{}}"#),
        (r#"{ "model" : "u\"p" , "provider": null}"#, r#"{ "model" : "a/b" , "provider": "chutes"}"#),
        (
            r#"{"choices":[{"model":"inner"}],"model":"up"}"#,
            r#"{"choices":[{"model":"inner"}],"model":"a/b","provider":"chutes"}"#,
        ),
        (r#"{"model":"up","choices":[],"provider":"X"}"#, r#"{"model":"a/b","choices":[],"provider":"chutes"}"#),
        (r#"{"choices":[]}"#, r#"{"choices":[],"model":"a/b","provider":"chutes"}"#),
        ("{}", r#"{"model":"a/b","provider":"chutes"}"#),
    ] {
        assert_eq!(named(json), expected);
    }
}

#[test]
fn events_that_came_together_go_on_together_and_comments_stay() {
    let event = |model: &str, more: &str| format!("data: {{\"model\":\"{model}\"{more},\"choices\":[]}}\n\n");
    let came = format!(": ping\n\n{}{}data: [DONE]\n\n", event("up", ""), event("up", ""));
    let mut out = vec![Bytes::from("first"), Bytes::from(came), Bytes::from(event("up", ""))];
    names(false).write_events(&mut out, 1);
    let once = event("a/b", ",\"provider\":\"chutes\"");
    let expected = format!(": ping\n\n{once}{once}data: [DONE]\n\n{once}");
    assert_eq!(out, [Bytes::from("first"), Bytes::from(expected)]);
}

#[test]
fn a_limit_that_the_credit_set_is_told_where_the_answer_ended_at_it() {
    let json = r#"{"model":"up","choices":[{"finish_reason": "length"},{"finish_reason":"stop"},
        {"text":"\"finish_reason\":\"length\"","finish_reason":null},{"finish_reason":"length"}]}"#;
    let mut limited = BytesMut::new();
    names(true).write(json.as_bytes(), &mut limited);
    let told: Value = serde_json::from_slice(&limited).expect("json");
    let by = |choice: usize| told["choices"][choice]["limited_by"].clone();
    assert_eq!([by(0), by(1), by(2), by(3)], [json!("credit"), json!(null), json!(null), json!("credit")]);
    assert!(!named(json).contains("limited_by"));
}

proptest! {
    #[test]
    fn whatever_else_is_in_an_object_stays(
        members in proptest::collection::vec(("model|provider|choices|[a-z\"\\\\]{1,3}", "\\PC{0,8}|model|provider", 0..4u8), 0..6),
    ) {
        let mut object = serde_json::Map::new();
        for (name, text, kind) in members {
            let value = match kind {
                0 => json!(text),
                1 => json!(null),
                2 => json!([{ text.clone(): text }]),
                _ => json!({ text: -1.5 }),
            };
            object.insert(name, value);
        }
        let told: Value = serde_json::from_str(&named(&Value::Object(object.clone()).to_string())).expect("json");
        object.insert("model".to_owned(), json!("a/b"));
        object.insert("provider".to_owned(), json!("chutes"));
        prop_assert_eq!(told, Value::Object(object));
    }
}
