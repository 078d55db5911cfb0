//! Whose limits they are: a key's own, and its account's over all of its keys.

use serde_json::json;
use tests::world::World;

use super::{call, counted, limited, second_key, subjects, world};

async fn key_limits(world: &World, key_id: uuid::Uuid, limits: serde_json::Value) {
    world.sql(&format!("update gateway.api_keys set rate_limits = '{limits}' where id = '{key_id}'")).await;
}

#[tokio::test]
async fn an_accounts_limit_counts_over_all_its_keys() {
    let world = world().await;
    for limit in ["requests_per_minute", "burst", "requests_per_hour", "requests_per_day"] {
        let first = limited(&world, json!({ limit: 3 })).await;
        let second = second_key(&world, &first).await;
        for key in [&first, &second, &first] {
            assert_eq!(call(&world, key).await.status, 200, "{limit}");
        }
        for key in [&second, &first] {
            call(&world, key).await.limited("rate_limit_exceeded", limit);
        }
        let third = second_key(&world, &first).await;
        // A new key is no way out.
        call(&world, &third).await.limited("rate_limit_exceeded", limit);
    }
}

#[tokio::test]
async fn a_keys_own_limit_is_below_its_accounts_and_leaves_the_others_alone() {
    let world = world().await;
    let first = limited(&world, json!({ "requests_per_minute": 4 })).await;
    let second = second_key(&world, &first).await;
    key_limits(&world, first.key_id, json!({ "requests_per_minute": 1 })).await;
    let answer = call(&world, &first).await;
    assert_eq!((answer.status, answer.header("x-ratelimit-limit-requests")), (200, "1"));
    assert_eq!(call(&world, &first).await.status, 429);
    let answer = call(&world, &second).await;
    // Of both, the one that leaves less.
    assert_eq!(
        (answer.header("x-ratelimit-limit-requests"), answer.header("x-ratelimit-remaining-requests")),
        ("4", "2")
    );
    // A higher figure has no effect.
    key_limits(&world, second.key_id, json!({ "requests_per_minute": 1_000 })).await;
    assert_eq!(call(&world, &second).await.header("x-ratelimit-remaining-requests"), "1");
    for (subject, count) in subjects(&second).into_iter().zip([2, 3]) {
        assert_eq!(counted(&world, &subject, "rm").await, count, "{subject}");
    }
}

#[tokio::test]
async fn keys_of_other_environments_than_live_get_half() {
    let world = world().await;
    for (environment, limit) in [("live", 5), ("test", 3), ("staging", 3), ("development", 3)] {
        let account = limited(&world, json!({ "requests_per_minute": 5 })).await;
        let set = format!("update gateway.api_keys set environment = '{environment}' where id = '{}'", account.key_id);
        world.sql(&set).await;
        for turn in 0..limit {
            let answer = call(&world, &account).await;
            assert_eq!(answer.status, 200, "{environment}, call {turn}: {}", answer.text);
            assert_eq!(answer.header("x-ratelimit-limit-requests"), limit.to_string(), "{environment}");
        }
        assert_eq!(call(&world, &account).await.status, 429, "{environment}");
        // What is left is the live key's.
        let live = second_key(&world, &account).await;
        for _ in limit..5 {
            assert_eq!(call(&world, &live).await.status, 200, "{environment}");
        }
        assert_eq!(call(&world, &live).await.status, 429, "{environment}");
    }
}
