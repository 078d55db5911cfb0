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
    answer.limited("rate_limit_exceeded", limit);
}

#[tokio::test]
async fn each_window_of_requests_refuses_beyond_its_limit_until_the_time_it_tells() {
    let world = world().await;
    for (limit, length, too_long) in WINDOWS {
        let account = limited(&world, json!({ limit: 2 })).await;
        for _ in 0..2 {
            let answer = call(&world, &account).await;
            assert_eq!(answer.status, 200, "{limit}: {}", answer.text);
        }
        let refused = call(&world, &account).await;
        assert_closed(&refused, limit);
        // Both came at the beginning of their window, and leave it together.
        assert_eq!(refused.wait(), length, "{limit}");
        assert_eq!(refused.header("retry-after"), length.as_secs().to_string(), "{limit}");
        assert_eq!(refused.header("x-should-retry"), if too_long { "false" } else { "" }, "{limit}");

        advance(&world, refused.wait() - Duration::from_millis(1));
        assert_closed(&call_elsewhere(&world, &account).await, limit);
        advance(&world, Duration::from_millis(1));
        let answer = call_elsewhere(&world, &account).await;
        assert_eq!(answer.status, 200, "{limit}: {}", answer.text);
        world.platform.upstash.stop_clock(super::START).expect("the in-process Redis");
    }
}

#[tokio::test]
async fn of_several_closed_windows_the_one_is_told_that_opens_last() {
    let world = world().await;
    let limits = json!({ "requests_per_minute": 1, "burst": 1, "requests_per_hour": 1 });
    let account = limited(&world, limits).await;
    assert_eq!(call(&world, &account).await.status, 200);
    let refused = call_elsewhere(&world, &account).await;
    assert_closed(&refused, "requests_per_hour");
    assert_eq!(refused.wait(), Duration::from_secs(3_600));
}

#[tokio::test]
async fn one_a_minute_lets_the_next_one_in_after_a_minute_which_is_what_was_told() {
    let world = world().await;
    for began in [0, 1, 23_000, 37_500, 59_999].map(Duration::from_millis) {
        world.platform.upstash.stop_clock(super::START + began).expect("the in-process Redis");
        let account = limited(&world, json!({ "requests_per_minute": 1 })).await;
        for _ in 0..3 {
            let answer = call_elsewhere(&world, &account).await;
            assert_eq!(answer.status, 200, "{began:?}: {}", answer.text);
            assert_eq!(answer.header("x-ratelimit-reset-requests"), "1m0s", "{began:?}");
            advance(&world, Duration::from_millis(59_999));
            let refused = call_elsewhere(&world, &account).await;
            assert_closed(&refused, "requests_per_minute");
            assert_eq!(refused.wait(), Duration::from_millis(1), "{began:?}");
            advance(&world, Duration::from_millis(1));
        }
    }
}

#[tokio::test]
async fn a_refusal_shows_the_window_that_refused_and_says_the_same_in_every_header() {
    let world = world().await;
    for (limit, length, too_long) in WINDOWS {
        let account = limited(&world, json!({ limit: 1 })).await;
        advance(&world, Duration::from_millis(1_500));
        assert_eq!(call(&world, &account).await.status, 200);
        advance(&world, Duration::from_millis(2_300));
        // The second one is remembered by this process and asks nobody.
        for _ in 0..2 {
            let refused = call(&world, &account).await;
            assert_closed(&refused, limit);
            assert_eq!(refused.header("x-ratelimit-limit-requests"), "1", "{limit}");
            assert_eq!(refused.header("x-ratelimit-remaining-requests"), "0", "{limit}");
            let told: u64 = refused.header("retry-after").parse().expect("seconds");
            assert!(told.abs_diff((length - Duration::from_millis(2_300)).as_millis().div_ceil(1000) as u64) <= 1);
            let (hours, minutes, seconds) = (told / 3600, told % 3600 / 60, told % 60);
            let reset = match told {
                0..60 => format!("{seconds}s"),
                60..3600 => format!("{minutes}m{seconds}s"),
                _ => format!("{hours}h{minutes}m{seconds}s"),
            };
            assert_eq!(refused.header("x-ratelimit-reset-requests"), reset, "{limit}");
            // Agents give up by the type, where they would sleep for a day.
            let kind = if too_long { "insufficient_quota" } else { "rate_limit_error" };
            assert_eq!(refused.json()["error"]["type"], kind, "{limit}");
        }
    }
}

#[tokio::test]
async fn every_refusal_of_a_good_key_says_how_it_stands() {
    let world = world().await;
    let account = limited(&world, json!({ "requests_per_minute": 30 })).await;
    let nothing = json!({});
    for wire in tests::wire::formats() {
        for (what, further, status) in
            [("malformed", json!({ "n": 0 }), 400), ("unknown model", json!({ "model": "no/model" }), 404)]
        {
            let body = wire.hello(&further);
            let answer = super::call_at(wire, &world, &world.base_url, &account.key, &body).await;
            assert_eq!(answer.status, status, "{what}: {}", answer.text);
            assert_eq!(answer.header("x-ratelimit-limit-requests"), "30", "{}: {what}", wire.name);
            assert!(!answer.header("x-ratelimit-reset-tokens").is_empty(), "{}: {what}", wire.name);
        }
        world.change_key(&account, "allowed_models = '{other/*}'").await;
        for _ in 0..2 {
            // The limits are cached by the first one.
            let answer = super::call_at(wire, &world, &world.base_url, &account.key, &wire.hello(&nothing)).await;
            assert_eq!(answer.status, 403, "{}", answer.text);
            assert_eq!(answer.header("x-ratelimit-limit-requests"), "30", "{}", wire.name);
        }
        world.change_key(&account, "allowed_models = '{}'").await;
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
        assert_eq!(answer.status, 200, "{}", answer.text);
        for (name, value) in [
            ("x-ratelimit-limit-requests", "3".to_owned()),
            ("x-ratelimit-remaining-requests", remaining.to_string()),
            ("x-ratelimit-reset-requests", "1m0s".to_owned()),
            ("x-ratelimit-limit-tokens", "50000".to_owned()),
            ("x-ratelimit-remaining-tokens", (50_000 - used - reserved).to_string()),
            ("x-ratelimit-reset-tokens", "1m0s".to_owned()),
        ] {
            assert_eq!(answer.header(name), value, "{name}");
        }
        used += answer.json()["usage"]["total_tokens"].as_i64().expect("a count");
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
        refused.limited("concurrency_exceeded", "concurrency");
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

#[tokio::test]
async fn a_month_is_used_up_with_its_last_request_and_with_its_last_token() {
    let world = world().await;
    for (limit, column) in [("requests_per_month", "month_requests"), ("tokens_per_month", "month_tokens")] {
        let account = limited(&world, json!({ limit: 1_000 })).await;
        for (used, code) in [(1_000, "quota_exceeded"), (999, "")] {
            let set = format!("{column} = {used}, month = gateway.month_of(gateway.now())");
            world.change_account(&account, &set).await;
            assert_eq!(call(&world, &account).await.outcome().1, code, "{limit}: {used}");
        }
    }
}
