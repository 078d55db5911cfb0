//! What a provider would charge more for than the gateway knows is refused, however it is written.

use serde_json::json;
use tests::answer::Answer;
use tests::world::{MODEL, World, hello, nanos};

use super::assert_nothing_left;

#[tokio::test]
async fn the_priority_tier_is_refused_however_it_is_written() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    for tier in [r#""priority""#, r#""\u0070riority""#, r#""prior\u0069ty""#, r#""PRIORITY""#] {
        let body =
            format!(r#"{{"model":"{MODEL}","messages":[{{"role":"user","content":"Hello"}}],"service_tier":{tier}}}"#);
        let answer = Answer::to(world.chat(&account.key, &json!({})).body(body)).await;
        assert_eq!(answer.refused(400, "invalid_request")["param"], "service_tier", "{tier}");
    }
    let served = world.completion(&account.key, &hello(&json!({"service_tier": "default"}))).await;
    assert!(nanos(&served["usage"]["cost"]) > 0);
}

#[tokio::test]
async fn a_cache_of_half_a_day_is_refused_wherever_and_however_it_is_asked_for() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    let control = |ttl: &str| format!(r#"{{"type":"ephemeral","ttl":{ttl}}}"#);
    let message = |member: &str, value: &str, part: bool| {
        let content = if part {
            format!(r#"[{{"type":"text","text":"Hello","{member}":{value}}}]"#)
        } else {
            format!(r#""Hello","{member}":{value}"#)
        };
        format!(r#"{{"model":"{MODEL}","messages":[{{"role":"user","content":{content}}}]}}"#)
    };
    let beside =
        |members: &str| format!(r#"{{"model":"{MODEL}","messages":[{{"role":"user","content":"Hello"}}],{members}}}"#);
    for ttl in [r#""12h""#, r#""\u00312h""#, r#""12\u0068""#] {
        for name in ["cache_control", r"cach\u0065_control", r"cache\u005fcontrol"] {
            let value = control(ttl);
            let tool = format!(
                r#""tools":[{{"type":"function","{name}":{value},"function":{{"name":"f","parameters":{{"type":"object"}}}}}}]"#
            );
            for body in [
                message(name, &value, true),
                message(name, &value, false),
                beside(&tool),
                beside(&format!(r#""{name}":{value}"#)),
            ] {
                let answer = Answer::to(world.chat(&account.key, &json!({})).body(body.clone())).await;
                assert_eq!(answer.outcome(), (400, "invalid_request".to_owned()), "{body}: {}", answer.text);
            }
        }
    }
    // The usual caches are served, and so is a tool that merely knows hours.
    let served = [
        message("cache_control", &control(r#""5m""#), true),
        message("cache_control", &control(r#""1h""#), true),
        beside(
            r#""tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"window":{"enum":["12h"]}}}}}]"#,
        ),
    ];
    for body in served {
        let answer = Answer::to(world.chat(&account.key, &json!({})).body(body.clone())).await;
        assert_eq!(answer.status, 200, "{body}: {}", answer.text);
    }
    assert_nothing_left(&world).await;
}
