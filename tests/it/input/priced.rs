//! What a request asks for is priced, or refused before anything is asked of anybody.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::watch::Watch;
use tests::wire::{Wire, formats};
use tests::world::World;

use super::assert_nothing_left;

/// Members that cost more than the catalog says, or that a provider may read as another model, more output or more
/// answers than were paid for.
fn dear() -> Vec<(&'static str, Value)> {
    vec![
        ("service_tier", json!("fast")),
        ("service_tier", json!("ultrafast")),
        ("service_tier", json!("scale")),
        ("service_tier", json!("priority")),
        ("Service_Tier", json!("priority")),
        ("speed", json!("fast")),
        ("inference_geo", json!("us")),
        ("prompt_cache_retention", json!("24h")),
        ("prompt_cache_options", json!({"ttl": "12h"})),
        ("prompt_cache_breakpoint", json!({"ttl": "12h"})),
        ("models", json!(["a", "b"])),
        ("fallbacks", json!(["a"])),
        ("fallback_models", json!(["a"])),
        ("Models", json!(["a"])),
        ("Model", json!("openai/o1-pro")),
        ("extra_body", json!({"model": "openai/o1-pro"})),
        ("max_new_tokens", json!(9_000)),
        ("n_predict", json!(9_000)),
        ("Max_Tokens", json!(9_000)),
        ("maxTokens", json!(9_000)),
        ("num_return_sequences", json!(9)),
        ("N", json!(9)),
        ("plugins", json!([{"id": "web"}])),
        ("web_search_options", json!({})),
        ("modalities", json!(["text", "audio"])),
        ("image_config", json!({"font_inputs": [{"text": "x"}]})),
        ("audio", json!({"voice": "alloy", "format": "wav"})),
        ("background", json!(true)),
        ("moderation", json!(true)),
        ("tools", json!([{"type": "web_search"}])),
        ("tools", json!([{"type": "code_interpreter"}])),
        ("tools", json!([{"type": "web_search_20250305", "name": "web_search"}])),
        ("reasoning", json!({"mode": "pro"})),
        ("background_options", json!({"webhook": "x"})),
        ("preset", json!("deep")),
        ("route", json!("fallback")),
        ("search_parameters", json!({"mode": "on"})),
        ("search_options", json!({"forced_search": true})),
        ("enable_search", json!(true)),
        ("enable_code_interpreter", json!(true)),
        ("data_sources", json!([{"type": "azure_search"}])),
        ("safety_model", json!("guard")),
        ("deferred", json!(true)),
        ("mcp_servers", json!([{"url": "https://x.example"}])),
        ("container", json!({"skills": []})),
    ]
}

/// A call with these members under their own names.
fn raw(wire: &Wire, members: &Value) -> Value {
    let mut body = wire.hello(&json!({}));
    body.as_object_mut().expect("an object").extend(members.as_object().expect("an object").clone());
    body
}

#[tokio::test]
async fn what_costs_more_or_means_another_is_named_and_nobody_is_asked_for_it() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    let watch = Watch::new(&world);
    for wire in formats() {
        // Another format's name of the limit.
        let limit = if wire.limit() == "max_tokens" { "max_output_tokens" } else { "max_tokens" };
        for (name, value) in dear().into_iter().chain([(limit, json!(9_000))]) {
            // As it is sent, not as the harness would name it.
            let members = json!({ name: value });
            let answer = Answer::to(world.call(wire, &account.key, &raw(wire, &members))).await;
            answer.refused(400, "invalid_request");
            let param = answer.json()["error"]["param"].as_str().unwrap_or_default().to_owned();
            let within = param.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['[', '.']));
            assert!(within, "{} {name}: {}", wire.name, answer.text);
        }
        // Who has nothing to say says null.
        let nothing = dear().into_iter().map(|(name, _)| (name.to_owned(), Value::Null)).collect::<Value>();
        let answer = Answer::to(world.call(wire, &account.key, &wire.hello(&nothing))).await;
        assert_eq!(answer.status, 200, "{}: {}", wire.name, answer.text);
    }
    let holds = watch.functions().iter().filter(|function| **function == "begin_request").count();
    assert_eq!(holds, formats().count());
    assert_nothing_left(&world).await;
}

#[tokio::test]
async fn a_member_that_stands_twice_is_named() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    for wire in formats() {
        let limit = wire.limit();
        for (further, name) in [
            (&*format!(r#""{limit}":1,"{limit}":9000"#), limit),
            (r#""model":"a","mod\u0065l":"b""#, "model"),
            (r#""metadata":{"a":1,"a":2}"#, "a"),
        ] {
            let body = wire.hello(&json!({})).to_string().replacen('{', &format!("{{{further},"), 1);
            let answer = Answer::to(world.call(wire, &account.key, &json!({})).body(body)).await;
            answer.refused(400, "invalid_request");
            assert_eq!(answer.json()["error"]["param"], name, "{}", answer.text);
        }
    }
    assert_nothing_left(&world).await;
}
