//! What an account asks about its keys and their limits.

use serde_json::json;
use tests::world::{Account, World};

use super::Sample;

/// The sample, if the operation is one of these.
pub async fn sample(world: &World, (method, name): (&str, &str), owner: &Account) -> Option<Sample> {
    Some(match (method, name) {
        ("POST", "user_api_keys") => Sample::body(json!({"name": "Sample", "scopes": ["keys:write"]})),
        ("GET", "user_api_keys" | "user_limits" | "user_rate_limits") => Sample::plain(),
        ("POST", "user_api_keys_rotate") => Sample::body(json!({"environment": "test"})),
        ("GET" | "DELETE", "user_api_key") => about_a_key(world, "id", owner, None).await,
        ("PATCH", "user_api_key") => about_a_key(world, "id", owner, Some(json!({"name": "Changed"}))).await,
        ("POST", "user_api_key_rotate") => about_a_key(world, "id", owner, Some(json!({}))).await,
        ("PUT", "user_rate_limit") => about_a_key(world, "key_id", owner, Some(json!({"burst": 5}))).await,
        _ => return None,
    })
}

async fn about_a_key(
    world: &World,
    parameter: &'static str,
    owner: &Account,
    body: Option<serde_json::Value>,
) -> Sample {
    let key = world.another_key(owner, "keys:write").await;
    let sample = Sample { body, foreign: Some((404, "api_key_not_found")), ..Sample::plain() };
    sample.with(parameter, key.key_id.to_string())
}
