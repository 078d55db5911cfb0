//! Tokens: reserved when a call begins, corrected when it ends.

use std::time::Duration;

use serde_json::json;
use tests::certain;
use tests::wire::{WIRES, Wire, forms};
use tests::world::World;

use super::{Answer, advance, call_at, chat, counted, limited, subjects, world};

/// What a call of these tests reserves: a quarter of the prompt's 21 bytes, and its output limit.
const RESERVED: i64 = 5 + 100;
/// What it uses.
const USED: i64 = 10 + 20;

async fn model(wire: &Wire, world: &World) {
    world.serves(wire, "standin/usage?prompt=10&cached=0&completion=20&reasoning=0").await;
}

async fn call(wire: &Wire, world: &World, key: &str) -> Answer {
    call_at(wire, world, &world.base_url, key, &wire.hello(&json!({ "max_tokens": 100 }))).await
}

#[tokio::test]
async fn a_token_window_counts_what_runs_as_reserved_and_what_has_ended_as_used() {
    let world = world().await;
    let windows = [("tokens_per_minute", "tm", ""), ("tokens_per_day", "td", "false")];
    for ((wire, stream), (limit, window, should_retry)) in forms().flat_map(|form| windows.map(|window| (form, window)))
    {
        model(wire, &world).await;
        let account = limited(&world, json!({ limit: 150 })).await;
        let gate = world.platform.providers.control().gate();
        // Read to its end: whoever leaves earlier has used what was produced by then.
        let running = tokio::spawn(Answer::to(world.call(
            wire,
            &account.key,
            &wire.hello(&json!({ "max_tokens": 100, "stream": stream })),
        )));
        certain("the call at the provider", gate.wait_for(1)).await;
        for subject in subjects(&account) {
            assert_eq!(counted(&world, &subject, window).await, RESERVED, "{subject}");
        }
        let refused = call(wire, &world, &account.key).await;
        refused.limited("rate_limit_exceeded", limit);
        assert!(!refused.header("retry-after").is_empty());
        assert_eq!(refused.header("x-should-retry"), should_retry, "{limit}");
        gate.release();
        assert_eq!(running.await.expect("no panic").status, 200);
        world.settled().await;
        for subject in subjects(&account) {
            assert_eq!(counted(&world, &subject, window).await, USED, "{} {stream} {limit} {subject}", wire.name);
        }
        // 30 and 105 fit into 150, so nobody has to wait any more.
        let answer = call(wire, &world, &account.key).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        if limit == "tokens_per_minute" {
            assert_eq!(answer.header("x-ratelimit-limit-tokens"), "150");
            assert_eq!(answer.header("x-ratelimit-remaining-tokens"), (150 - USED - RESERVED).to_string());
        }
        world.settled().await;
    }
}

#[tokio::test]
async fn what_a_call_has_not_used_is_free_though_the_minute_in_which_it_began_is_over() {
    let (world, wire) = (world().await, chat());
    model(wire, &world).await;
    let account = limited(&world, json!({ "tokens_per_minute": 150 })).await;
    advance(&world, Duration::from_secs(59));
    let gate = world.platform.providers.control().gate();
    let body = wire.hello(&json!({ "max_tokens": 100 }));
    let running = tokio::spawn(Answer::to(world.call(wire, &account.key, &body)));
    certain("the call at the provider", gate.wait_for(1)).await;
    advance(&world, Duration::from_secs(2));
    gate.release();
    assert_eq!(running.await.expect("no panic").status, 200);
    world.settled().await;
    let answer = call(wire, &world, &account.key).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    world.settled().await;
}

#[tokio::test]
async fn counters_that_redis_has_lost_while_a_call_ran_begin_anew() {
    let (world, wire) = (world().await, chat());
    model(wire, &world).await;
    let account = limited(&world, json!({ "tokens_per_minute": 150 })).await;
    let gate = world.platform.providers.control().gate();
    let running = tokio::spawn(Answer::to(world.call(wire, &account.key, &wire.hello(&json!({ "max_tokens": 100 })))));
    certain("the call at the provider", gate.wait_for(1)).await;
    for subject in subjects(&account) {
        world.platform.upstash.execute(&["DEL", &format!("rate:{subject}")]).await.expect("DEL");
    }
    gate.release();
    assert_eq!(running.await.expect("no panic").status, 200);
    world.settled().await;
    assert_eq!(call(wire, &world, &account.key).await.status, 200);
    world.settled().await;
    for subject in subjects(&account) {
        assert_eq!(counted(&world, &subject, "tm").await, USED, "{subject}");
    }
}

#[tokio::test]
async fn a_call_that_fails_uses_no_tokens() {
    let world = world().await;
    for wire in &WIRES {
        world.serves(wire, "standin/status?code=500").await;
        let account = limited(&world, json!({ "tokens_per_minute": 150 })).await;
        assert_eq!(call(wire, &world, &account.key).await.status, 502);
        world.settled().await;
        for subject in subjects(&account) {
            assert_eq!(counted(&world, &subject, "tm").await, 0, "{subject}");
            assert_eq!(counted(&world, &subject, "rm").await, 1, "{subject}");
        }
    }
}

#[tokio::test]
async fn a_call_larger_than_its_token_window_is_let_into_an_empty_one() {
    let world = world().await;
    for wire in &WIRES {
        model(wire, &world).await;
        let account = limited(&world, json!({ "tokens_per_minute": 40 })).await;
        let answer = call(wire, &world, &account.key).await;
        assert_eq!((answer.status, answer.header("x-ratelimit-remaining-tokens")), (200, "0"), "{}", answer.text);
        world.settled().await;
        let refused = call(wire, &world, &account.key).await;
        refused.limited("rate_limit_exceeded", "tokens_per_minute");
        // When it is told to come back, it is let in.
        advance(&world, refused.wait());
        let answer = call(wire, &world, &account.key).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        world.settled().await;
    }
}
