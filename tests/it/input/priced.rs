//! What a request asks for is priced, or refused before anything is asked of anybody.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use shared::formats::charged::{CHARGED, How};
use tests::answer::Answer;
use tests::watch::Watch;
use tests::wire::{Wire, formats};
use tests::world::World;

use super::assert_nothing_left;

/// What the list of charges refuses, each as a member and its value; and spellings by which a provider may read another model, more
/// output or more answers than were paid for.
fn dear() -> Vec<(String, Value)> {
    let refused = CHARGED.iter().filter(|charge| matches!(charge.how, How::Refused(..) | How::RefusedWithin));
    let members = refused.flat_map(|charge| {
        let asks: Map<String, Value> = serde_json::from_str(charge.asks).expect("members");
        asks.into_iter().collect::<Vec<_>>()
    });
    let spellings = [
        ("service_tier", json!("fast")),
        ("service_tier", json!("ultrafast")),
        ("service_tier", json!("scale")),
        ("Service_Tier", json!("priority")),
        ("Models", json!(["a"])),
        ("Model", json!("openai/o1-pro")),
        ("max_new_tokens", json!(9_000)),
        ("n_predict", json!(9_000)),
        ("Max_Tokens", json!(9_000)),
        ("maxTokens", json!(9_000)),
        ("num_return_sequences", json!(9)),
        ("N", json!(9)),
    ];
    members.chain(spellings.map(|(name, value)| (name.to_owned(), value))).collect()
}

#[tokio::test]
async fn every_kind_of_price_is_what_something_in_the_list_is_charged_by() {
    let world = World::start().await;
    let kinds = world
        .value(
            "select jsonb_agg(attname order by attname) from pg_attribute
               where attrelid = 'gateway.price'::regclass and attnum > 0 and attname <> 'tiers'",
        )
        .await;
    let named = CHARGED.iter().flat_map(|charge| match charge.how {
        How::Priced(kinds) => kinds,
        How::LeftOut | How::Refused(..) | How::RefusedWithin => &[],
    });
    let named: BTreeSet<&str> = named.copied().collect();
    assert_eq!(json!(named), kinds);
}

#[tokio::test]
async fn what_an_answer_is_the_same_without_is_not_paid_for() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    let control = world.platform.providers.control();
    control.record(true);
    let left_out: Vec<_> = CHARGED.iter().filter(|charge| matches!(charge.how, How::LeftOut)).collect();
    assert!(!left_out.is_empty());
    for wire in formats() {
        for charge in &left_out {
            let members: Value = serde_json::from_str(charge.asks).expect("members");
            control.clear();
            let answer = Answer::to(world.call(wire, &account.key, &raw(wire, &members))).await;
            assert_eq!(answer.status, 200, "{} {}: {}", wire.name, charge.member, answer.text);
            let sent = control.requests();
            assert_eq!(sent.len(), 1);
            assert_eq!(sent[0].body.get(charge.member), None, "{} {}", wire.name, sent[0].body);
        }
    }
    assert_nothing_left(&world).await;
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
        for (name, value) in dear().into_iter().chain([(limit.to_owned(), json!(9_000))]) {
            // As it is sent, not as the harness would name it.
            let members = json!({ name.clone(): value });
            let answer = Answer::to(world.call(wire, &account.key, &raw(wire, &members))).await;
            answer.refused(400, "invalid_request");
            let param = answer.json()["error"]["param"].as_str().unwrap_or_default().to_owned();
            let within = param.strip_prefix(&name).is_some_and(|rest| rest.is_empty() || rest.starts_with(['[', '.']));
            assert!(within, "{} {name}: {}", wire.name, answer.text);
        }
        // Who has nothing to say says null.
        let nothing = dear().into_iter().map(|(name, _)| (name, Value::Null)).collect::<Value>();
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
