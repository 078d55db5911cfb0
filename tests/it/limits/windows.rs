//! Each window of requests, and the number of calls at a time.

use std::time::Duration;

use serde_json::json;
use tests::certain;
use tests::world::{hello, send};

use super::{Answer, CREDIT, advance, call, call_elsewhere, limited, world};

/// The limit's name, its window, and whether it is too long for a client to wait in a retry.
const WINDOWS: [(&str, Duration, bool); 4] = [
    ("requests_per_minute", Duration::from_secs(60), false),
    ("burst", Duration::from_secs(10), false),
    ("requests_per_hour", Duration::from_secs(3_600), false),
    ("requests_per_day", Duration::from_secs(86_400), true),
];

fn assert_closed(answer: &Answer, limit: &str) {
    assert_eq!(answer.refusal(), (429, "rate_limit_exceeded", limit), "{}", answer.json);
}

#[tokio::test]
async fn each_window_of_requests_refuses_beyond_its_limit_until_the_time_it_tells() {
    let world = world().await;
    for (limit, length, too_long) in WINDOWS {
        let account = limited(&world, json!({ limit: 2 })).await;
        for _ in 0..2 {
            let answer = call(&world, &account).await;
            assert_eq!(answer.status, 200, "{limit}: {}", answer.json);
        }
        let refused = call(&world, &account).await;
        assert_closed(&refused, limit);
        // Half of the two must have slid out of the window that begins when this one ends.
        assert_eq!(refused.wait(), length * 3 / 2, "{limit}");
        assert_eq!(refused.header("retry-after"), (length * 3 / 2).as_secs().to_string(), "{limit}");
        assert_eq!(refused.header("x-should-retry"), if too_long { "false" } else { "" }, "{limit}");

        advance(&world, refused.wait() - Duration::from_millis(1));
        assert_closed(&call_elsewhere(&world, &account).await, limit);
        advance(&world, Duration::from_millis(1));
        let answer = call_elsewhere(&world, &account).await;
        assert_eq!(answer.status, 200, "{limit}: {}", answer.json);
        world.platform.upstash.stop_clock(super::START).expect("the in-process Redis");
    }
}

#[tokio::test]
async fn a_refusal_costs_nothing_and_counts_as_nothing() {
    let world = world().await;
    let account = limited(&world, json!({ "requests_per_minute": 1 })).await;
    assert_eq!(call(&world, &account).await.status, 200);
    let money = world.money(account.id).await;
    for _ in 0..3 {
        assert_closed(&call_elsewhere(&world, &account).await, "requests_per_minute");
    }
    assert_eq!(world.money(account.id).await, money);
    let used = format!("select requests_used from gateway.api_keys where id = '{}'", account.key_id);
    assert_eq!(world.value(&used).await, json!(1));
    assert!(money.0 < CREDIT);
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn every_answer_says_how_the_caller_stands_in_the_minute() {
    let world = world().await;
    let account = limited(&world, json!({ "requests_per_minute": 3, "tokens_per_minute": 50_000 })).await;
    // What Hello and a usual answer reserve.
    let reserved = 21 / 4 + 1024;
    let mut used = 0;
    for remaining in [2, 1, 0] {
        advance(&world, Duration::from_secs(10));
        let answer = call(&world, &account).await;
        assert_eq!(answer.status, 200, "{}", answer.json);
        let left = 10 * (3 - (2 - remaining));
        for (name, value) in [
            ("x-ratelimit-limit-requests", "3".to_owned()),
            ("x-ratelimit-remaining-requests", remaining.to_string()),
            ("x-ratelimit-reset-requests", format!("{}s", left + 20)),
            ("x-ratelimit-limit-tokens", "50000".to_owned()),
            ("x-ratelimit-remaining-tokens", (50_000 - used - reserved).to_string()),
            ("x-ratelimit-reset-tokens", format!("{}s", left + 20)),
        ] {
            assert_eq!(answer.header(name), value, "{name}");
        }
        used += answer.json["usage"]["total_tokens"].as_i64().expect("a count");
    }
    let refused = call(&world, &account).await;
    assert_closed(&refused, "requests_per_minute");
    assert_eq!(refused.header("x-ratelimit-remaining-requests"), "0");
    assert_eq!(refused.header("x-ratelimit-remaining-tokens"), (50_000 - used).to_string());
}

#[tokio::test]
async fn calls_at_a_time_are_limited_until_one_ends() {
    let world = world().await;
    let account = limited(&world, json!({ "concurrency": 2 })).await;
    let gate = world.platform.providers.control().gate();
    let running: Vec<_> =
        (0..2).map(|_| tokio::spawn(send(world.chat(&account.key, &hello(&json!({ "stream": true })))))).collect();
    certain("two calls at the provider", gate.wait_for(2)).await;
    for _ in 0..2 {
        // Asked again at once: that a call has ended is not known beforehand, so nothing is remembered.
        let refused = super::call_at(super::chat(), &world, &world.base_url, &account.key, &hello(&json!({}))).await;
        assert_eq!(refused.refusal(), (429, "concurrency_exceeded", "concurrency"), "{}", refused.json);
        assert_eq!((refused.header("retry-after"), refused.header("x-should-retry")), ("1", ""));
    }
    gate.release();
    for call in running {
        assert_eq!(call.await.expect("no panic").text().await.expect("a body").matches("[DONE]").count(), 1);
    }
    world.settled().await;
    assert_eq!(call(&world, &account).await.status, 200);
    world.assert_ledger_clean().await;
}
