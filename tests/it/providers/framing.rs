//! However a provider frames its stream, the client gets all of the text, and the usage once, if it asked.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::wire::{Wire, each};
use tests::world::{World, nanos, price_of};

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
