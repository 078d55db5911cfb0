//! What goes upstream: the output limit that the hold covers, usage always asked for, and our key where it belongs.

use serde_json::{Value, json};
use tests::wire::{WIRES, Wire, formats};
use tests::world::{Account, MODEL, World};

use super::{CREDIT, alone, ask, newest};

/// What one call of Hello holds for its prompt: 5 bytes and 16 for the message.
const PROMPT: i64 = 21 * 1_000;

/// Makes a call and gives the body that went upstream.
async fn sent(wire: &Wire, world: &World, account: &Account, body: &Value) -> Value {
    alone(wire, world, "normal").await;
    let answer = ask(wire, world, &account.key, body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let requests = world.platform.providers.control().requests();
    assert_eq!(requests.len(), 1);
    requests[0].body.clone()
}

/// The limit that went upstream is the one that the hold covers; it is in this member and no other.
async fn assert_covered(world: &World, sent: &Value, member: &str, choices: i64) -> i64 {
    let names = ["max_tokens", "max_completion_tokens", "max_output_tokens"];
    assert!(names.iter().all(|name| *name == member || sent.get(name).is_none()), "{sent}");
    let limit = sent[member].as_i64().unwrap_or_else(|| panic!("no {member}: {sent}"));
    assert_eq!(newest(world).await["held"], json!(PROMPT + limit * choices * 2_000), "{sent}");
    limit
}

#[tokio::test]
async fn the_output_limit_sent_upstream_is_what_the_hold_covers() {
    let wire = &WIRES[0];
    let world = World::start().await;
    let account = world.account(CREDIT).await;
    for (further, member, choices, expected) in [
        (json!({ "max_tokens": 77 }), "max_tokens", 1, 77),
        (json!({ "max_completion_tokens": 88 }), "max_completion_tokens", 1, 88),
        (json!({ "max_tokens": 50, "n": 3 }), "max_tokens", 3, 50),
        // No model writes more than its maximum.
        (json!({ "max_tokens": 1_000_000 }), "max_tokens", 1, 16_384),
        // A quarter of the credit buys more than the model writes.
        (json!({}), "max_tokens", 1, 16_384),
        (json!({ "n": 2, "max_tokens": null }), "max_tokens", 2, 16_384),
    ] {
        let sent = sent(wire, &world, &account, &wire.hello(&further)).await;
        assert_eq!(assert_covered(&world, &sent, member, choices).await, expected, "{further}");
    }
}

#[tokio::test]
async fn whatever_the_format_the_limit_sent_upstream_is_what_the_hold_covers() {
    let world = World::start().await;
    for wire in &WIRES {
        let account = world.account(CREDIT).await;
        let member = if wire.upstream() == wire.format { wire.limit() } else { "max_tokens" };
        for (further, choices, expected) in [
            (json!({ "max_tokens": 77 }), 1, 77),
            (json!({ "max_tokens": 50, "n": 3 }), 3, 50),
            (json!({ "max_tokens": 1_000_000 }), 1, 16_384),
        ] {
            if choices > 1 && !wire.has_choices() {
                continue;
            }
            let sent = sent(wire, &world, &account, &wire.hello(&further)).await;
            assert_eq!(assert_covered(&world, &sent, member, choices).await, expected, "{}: {further}", wire.name);
        }
        // No more is sent than is held where the request says nothing either.
        let sent = sent(wire, &world, &account, &wire.hello(&json!({}))).await;
        assert_covered(&world, &sent, member, 1).await;
    }
}

#[tokio::test]
async fn a_reasoning_model_is_told_its_limit_in_the_newer_name() {
    let wire = &WIRES[0];
    let world = World::start().await;
    let account = world.account(CREDIT).await;
    world.sql(&format!("update gateway.models set reasoning = true where id = '{MODEL}'")).await;
    let unasked = sent(wire, &world, &account, &wire.hello(&json!({}))).await;
    assert_covered(&world, &unasked, "max_completion_tokens", 1).await;
    let asked = sent(wire, &world, &account, &wire.hello(&json!({ "max_tokens": 60 }))).await;
    assert_eq!(assert_covered(&world, &asked, "max_tokens", 1).await, 60);
}

#[tokio::test]
async fn with_little_credit_the_output_limit_is_what_it_buys() {
    let wire = &WIRES[0];
    let world = World::start().await;
    for (tokens, expected) in [(256, 256), (300, 300), (4_096, 4_096), (5_000, 4_096), (20_000, 5_000)] {
        // One nano-dollar more than the hold, since a cost is rounded up.
        let account = world.account(PROMPT + tokens * 2_000 + 1).await;
        let sent = sent(wire, &world, &account, &wire.hello(&json!({}))).await;
        let limit = assert_covered(&world, &sent, "max_tokens", 1).await;
        // A quarter of the last one's credit buys a little more than 5 000 tokens.
        assert!((expected..expected + 10).contains(&limit), "{tokens}: {limit}");
    }
    // Below 256 tokens nothing is asked, even for a prompt that is counted and not measured.
    let account = world.account(255 * 2_000).await;
    assert_eq!(ask(wire, &world, &account.key, &wire.hello(&json!({}))).await.status, 402);
}

#[tokio::test]
async fn a_stream_is_always_asked_for_its_usage() {
    let wire = &WIRES[0];
    let world = World::start().await;
    let account = world.account(CREDIT).await;
    for options in [json!(null), json!({}), json!({ "include_usage": false }), json!({ "include_usage": true })] {
        let body = wire.hello(&json!({ "stream": true, "stream_options": options }));
        assert_eq!(sent(wire, &world, &account, &body).await["stream_options"]["include_usage"], true, "{body}");
    }
    // A plain answer is put together from a stream.
    let plain = sent(wire, &world, &account, &wire.hello(&json!({}))).await;
    assert_eq!((&plain["stream"], &plain["stream_options"]["include_usage"]), (&json!(true), &json!(true)));
}

#[tokio::test]
async fn a_provider_gets_its_own_key_and_nothing_of_the_caller() {
    let world = World::start().await;
    let account = world.account(CREDIT).await;
    for (provider, wire) in local::provider::NAMES.into_iter().flat_map(|name| formats().map(move |wire| (name, wire)))
    {
        world.model(MODEL, &[tests::world::Route::new(provider, "standin/normal")]).await;
        super::forget(&world).await;
        assert_eq!(ask(wire, &world, &account.key, &wire.hello(&json!({}))).await.status, 200, "{provider}");
        let requests = world.platform.providers.control().requests();
        let [request] = &requests[..] else { panic!("{requests:?}") };
        let all = format!("{:?} {}", request.headers, request.body);
        assert!(all.contains(world.platform.providers.key(provider).expect("a key")), "{provider}: {all}");
        assert!(!all.contains(&account.key) && !all.contains(&account.id.to_string()), "{provider}: {all}");
        let tells_app = request.headers.iter().any(|(name, _)| name == "x-title");
        assert_eq!(tells_app, provider == "openrouter", "{provider}: {all}");
    }
}
