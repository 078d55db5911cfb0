//! However a provider frames its stream, the client gets all of the text, and the usage once, if it asked.

use std::slice;

use bytes::Bytes;
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::scripted::{Script, Scripted};
use tests::wire::{WIRES, Wire, each};
use tests::world::{Deployment, World, nanos, price_of};

use super::{CREDIT, alone, ask, newest};

const FRAMINGS: [&str; 4] = ["normal", "usage-in-every-chunk", "keepalive", "no-usage"];

fn streamed(wire: &Wire, include_usage: Option<bool>) -> Value {
    match include_usage {
        Some(wish) => {
            let mut body = wire.hello(&wire.with_usage(wish));
            body["stream"] = json!(true);
            body[wire.limit()] = json!(200);
            body
        }
        None => wire.hello(&json!({ "stream": true, "max_tokens": 200 })),
    }
}

/// The usage of each event that carries a bill.
fn usages(wire: &Wire, answer: &Answer) -> Vec<Value> {
    answer.events().iter().map(|event| wire.usage(event)).filter(|usage| !usage.is_null()).collect()
}

#[tokio::test]
async fn the_text_is_the_same_in_every_framing() {
    each(async |wire, deployment| {
        let world = World::of(deployment, &[]).await;
        let account = world.account(CREDIT).await;
        alone(wire, &world, "normal").await;
        let text = ask(wire, &world, &account.key, &wire.hello(&json!({ "max_tokens": 200 }))).await.content(wire);
        assert!(text.len() > 20, "{text}");
        for framing in FRAMINGS {
            alone(wire, &world, framing).await;
            for include_usage in [None, Some(false), Some(true)] {
                let answer = ask(wire, &world, &account.key, &streamed(wire, include_usage)).await;
                assert_eq!(answer.content(wire), text, "{framing}");
                assert_eq!(answer.text.matches(wire.end()).count(), 1, "{framing}: {}", answer.text);
                assert!(wire.is_over(&answer.text), "{framing}");
                let finished = answer.events().iter().filter(|event| wire.finish(event) == Some("stop")).count();
                assert_eq!(finished, 1, "{framing}: {}", answer.text);
            }
            let plain = ask(wire, &world, &account.key, &wire.hello(&json!({ "max_tokens": 200 }))).await;
            assert_eq!(plain.content(wire), text, "{framing}");
        }
    })
    .await;
}

#[tokio::test]
async fn the_usage_comes_once_and_only_if_asked_for() {
    each(async |wire, deployment| {
        let world = World::of(deployment, &[]).await;
        let account = world.account(CREDIT).await;
        for framing in FRAMINGS {
            alone(wire, &world, framing).await;
            for include_usage in [None, Some(false)] {
                let answer = ask(wire, &world, &account.key, &streamed(wire, include_usage)).await;
                // Some formats always end with it.
                let expected = usize::from(wire.always_bills());
                assert_eq!(usages(wire, &answer).len(), expected, "{framing}: {}", answer.text);
            }
            let before = world.money(account.id).await.0;
            let answer = ask(wire, &world, &account.key, &streamed(wire, Some(true))).await;
            let [usage] = &usages(wire, &answer)[..] else { panic!("{framing}: {}", answer.text) };
            if !wire.always_bills() {
                let last = answer.events().pop().expect("an event");
                assert_eq!((&last["choices"], &wire.usage(&last)), (&json!([]), usage), "{framing}");
            }
            let record = newest(&world).await;
            assert_eq!(nanos(&usage["cost"]), price_of(&record), "{framing}: {record}");
            assert_eq!(usage["completion_tokens"], record["completion_tokens"], "{framing}");
            assert_eq!(world.money(account.id).await.0, before - price_of(&record), "{framing}");
        }
        world.assert_ledger_clean().await;
    })
    .await;
}

#[tokio::test]
async fn what_is_too_large_to_be_read_on_was_made_and_costs_its_hold_where_it_cannot_be_counted() {
    let wire = &WIRES[0];
    let (world, provider) = Scripted::world(&Deployment::new().await, wire, &[]).await;
    let account = world.account(CREDIT).await;
    let (words, event) = (wire.upstream_event("Some words."), wire.upstream_event(&"x".repeat(34 << 20)));
    let megabytes = (0..66).map(|_| Bytes::from(vec![b' '; 1 << 20]));
    let body =
        Script { parts: [Bytes::from("{")].into_iter().chain(megabytes).collect(), ..Script::whole(&Value::Null) };
    for (case, script, reasoning, limit, is_held) in [
        ("nothing was seen before it", Script::stream(slice::from_ref(&event)), false, "32 MB", true),
        ("what was seen before it is counted", Script::stream(&[words.clone(), event.clone()]), false, "32 MB", false),
        ("nobody sees what a model thinks", Script::stream(&[words, event]), true, "32 MB", true),
        ("a body", body, false, "64 MB", true),
    ] {
        world.sql(&format!("update gateway.models set reasoning = {reasoning} where id = '{}'", wire.model)).await;
        provider.answers(script);
        let before = world.money(account.id).await.0;
        let answer = ask(wire, &world, &account.key, &wire.hello(&json!({ "max_tokens": 300 }))).await;
        let told = answer.refused(502, "upstream_error");
        assert!(told["message"].as_str().is_some_and(|message| message.contains(limit)), "{case}: {told}");
        let record = newest(&world).await;
        let cost = if is_held { record["held"].as_i64().expect("held") } else { price_of(&record) };
        assert_eq!((&record["cost"], &record["estimated"]), (&json!(cost), &json!(true)), "{case}: {record}");
        assert_eq!(record["cost"] == record["held"], is_held, "{case}: {record}");
        assert_eq!(world.money(account.id).await, (before - cost, 0, 0), "{case}");
    }
    world.assert_ledger_clean().await;
}
