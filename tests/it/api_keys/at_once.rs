//! What one instance was told holds on another's very next request.

use reqwest::Method;
use serde_json::{Value, json};
use tests::world::World;

use super::{CREDIT, ask_at, change, make, revoke, rotate, short, told};

#[tokio::test]
async fn a_revoked_key_is_refused_by_another_instances_next_request() {
    let world = World::start().await;
    let (owner, other) = (world.account(CREDIT).await, world.another_gateway().await);
    let at_other = async |method: Method, path: &str, key: &str, body: &Value| {
        ask_at(&world, &other, method, path, key, body).await.outcome()
    };
    for rotated in [false, true] {
        let (mut key, _) = make(&world, &owner, json!({})).await;
        // The other instance has it in use, its limits cached.
        for _ in 0..2 {
            assert_eq!(at_other(Method::POST, "/v1/chat/completions", &key.key, &short()).await, told(200, ""));
        }
        let first = key.key.clone();
        if rotated {
            key = rotate(&world, &owner, &key, 24).await;
            assert_eq!(at_other(Method::GET, "/user/balance", &first, &Value::Null).await, told(200, ""));
        }
        revoke(&world, &owner, &key).await.success();
        // A former secret ends with its key.
        for secret in [&first, &key.key] {
            assert_eq!(
                at_other(Method::GET, "/user/balance", secret, &Value::Null).await,
                told(401, "api_key_revoked")
            );
        }
        let called = at_other(Method::POST, "/v1/chat/completions", &key.key, &short()).await;
        assert_eq!(called, told(401, "api_key_revoked"));
    }
    world.settled().await;
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_lowered_limit_holds_on_another_instances_next_request() {
    let world = World::start().await;
    world.platform.upstash.stop_clock(std::time::Duration::from_secs(86_400 * 23_148)).expect("the in-process Redis");
    let (owner, other) = (world.account(CREDIT).await, world.another_gateway().await);
    let at_other = async |key: &str| ask_at(&world, &other, Method::POST, "/v1/chat/completions", key, &short()).await;
    for by_put in [true, false] {
        let (key, _) = make(&world, &owner, json!({})).await;
        for _ in 0..3 {
            assert_eq!(at_other(&key.key).await.outcome(), told(200, ""));
        }
        let lower = json!({"requests_per_minute": 3});
        if by_put {
            let path = format!("/user/rate-limits/{}", key.key_id);
            super::ask(&world, Method::PUT, &path, &owner.key, &lower).await.success();
        } else {
            change(&world, &owner, &key, &json!({ "rate_limits": lower })).await.success();
        }
        let refused = at_other(&key.key).await.refused(429, "rate_limit_exceeded");
        assert_eq!(refused["limit"], "requests_per_minute");
    }
    // So does every other setting: here, that it has served all that it may.
    let (key, _) = make(&world, &owner, json!({})).await;
    assert_eq!(at_other(&key.key).await.outcome(), told(200, ""));
    change(&world, &owner, &key, &json!({"max_requests": 1})).await.success();
    at_other(&key.key).await.refused(429, "request_limit_reached");
    world.settled().await;
    world.assert_ledger_clean().await;
}
