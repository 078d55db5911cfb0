//! A key is shown once and kept nowhere.

use reqwest::Method;
use serde_json::{Value, json};
use tests::world::World;

use super::{CREDIT, PATH, ask, change, make, revoke, rotate, short};

#[tokio::test]
async fn no_table_holds_a_key_that_can_be_used() {
    let world = World::start().await;
    let owner = world.account(CREDIT).await;
    let (key, made) = make(&world, &owner, json!({"scopes": ["inference", "keys:read", "keys:write"]})).await;
    let new = rotate(&world, &owner, &key, 24).await;
    let body = json!({"environment": "live"});
    let all = ask(&world, Method::POST, &format!("{PATH}/rotate"), &owner.key, &body).await.success();
    let mut secrets = vec![owner.key.clone(), key.key.clone(), new.key];
    secrets.extend(
        all["data"].as_array().expect("keys").iter().map(|entry| entry["api_key"].as_str().expect("a key").to_owned()),
    );
    let last = secrets.last().expect("a key").clone();
    world.completion(&last, &short()).await;
    world.settled().await;
    // A refusal, and a change and an end by a key that was rotated meanwhile.
    ask(&world, Method::POST, PATH, &last, &json!({"name": "x", "scopes": ["admin"]}))
        .await
        .refused(403, "insufficient_scope");
    change(&world, &owner, &key, &json!({"name": "renamed"})).await.success();
    let shown = ask(&world, Method::GET, PATH, &last, &Value::Null).await.text;
    revoke(&world, &owner, &key).await.success();
    let logs = world.value("select jsonb_agg(l) from gateway.audit_logs l").await.to_string();
    for secret in &secrets {
        let hash = world.hash(secret);
        assert!(world.is_stored(&hash).await, "this test finds nothing");
        assert!(!world.is_stored(&secret[secret.len() - 43..]).await);
        // Nor does an answer or the audit trail hold what a key is known by.
        for text in [&shown, &logs] {
            assert!(!text.contains(&hash) && !text.contains(&secret[secret.len() - 43..]));
        }
    }
    assert!(shown.contains(made["id"].as_str().expect("an id")) && logs.contains("key.rotate"));
}
