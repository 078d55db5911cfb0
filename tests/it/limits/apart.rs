//! Counting a prompt's tokens is no call: it has a limit of its own, by its number in a minute alone.

use local::upstash::Fault;
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, MODEL, World, hello};

use super::{advance, call_at, chat, limited, world};
use std::time::Duration;

async fn count_at(world: &World, gateway: &str, account: &Account) -> Answer {
    let body: Value = json!({"model": MODEL, "messages": [{"role": "user", "content": "Hi"}]});
    let request = world.http.post(format!("{gateway}/v1/messages/count_tokens")).bearer_auth(&account.key);
    Answer::to(request.header("content-type", "application/json").body(body.to_string())).await
}

#[tokio::test]
async fn counts_are_limited_apart_from_calls_and_by_the_minute_alone_over_all_instances() {
    let world = world().await;
    let other = world.another_gateway().await;
    // No burst and no number at a time holds up who counts many prompts at once.
    let limits = json!({"requests_per_minute": 4, "burst": 1, "concurrency": 1, "tokens_per_minute": 1});
    let account = limited(&world, limits).await;
    for (gateway, left) in [(&world.base_url, "3"), (&other, "2"), (&world.base_url, "1"), (&other, "0")] {
        let answer = count_at(&world, gateway, &account).await;
        assert_eq!((answer.status, answer.header("x-ratelimit-remaining-requests")), (200, left), "{}", answer.text);
        assert_eq!(answer.header("x-ratelimit-limit-tokens"), "");
    }
    for gateway in [&world.base_url, &other] {
        let refused = count_at(&world, gateway, &account).await;
        refused.refused(429, "rate_limit_exceeded");
        assert_eq!(refused.json()["error"]["limit"], "requests_per_minute");
        assert!(!refused.header("retry-after").is_empty());
    }
    // Calls have their own minute, and a closed one closes no other.
    let body = hello(&json!({"max_tokens": 1}));
    assert_eq!(call_at(chat(), &world, &world.base_url, &account.key, &body).await.status, 200);
    advance(&world, Duration::from_secs(120));
    assert_eq!(count_at(&world, &other, &account).await.status, 200);
    assert_eq!(world.leases().await, 0);
    world.settled().await;
}

#[tokio::test]
async fn without_redis_counts_take_nothing_of_the_floor_that_calls_have() {
    let world = world().await;
    let account = limited(&world, json!({"requests_per_minute": 1})).await;
    world.platform.upstash.control().fault_always(Fault::Refuse);
    assert_eq!(count_at(&world, &world.base_url, &account).await.status, 200);
    count_at(&world, &world.base_url, &account).await.refused(429, "rate_limit_exceeded");
    let body = hello(&json!({"max_tokens": 1}));
    assert_eq!(call_at(chat(), &world, &world.base_url, &account.key, &body).await.status, 200);
    world.settled().await;
}

#[tokio::test]
async fn a_refused_key_goes_before_a_closed_minute() {
    let world = world().await;
    let account = limited(&world, json!({"requests_per_minute": 1})).await;
    assert_eq!(count_at(&world, &world.base_url, &account).await.status, 200);
    count_at(&world, &world.base_url, &account).await.refused(429, "rate_limit_exceeded");
    world.change_key(&account, "revoked_at = gateway.now()").await;
    count_at(&world, &world.base_url, &account).await.refused(401, "api_key_revoked");
}
