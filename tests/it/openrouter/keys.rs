//! Keys that a backend makes for its customers, and what a key is told of itself.

use reqwest::Method;
use serde_json::{Value, json};
use tests::world::{Account, World, hello};

use super::{ask, get, refused};

/// Makes a key; gives it and what is kept of it.
async fn make(world: &World, owner: &Account, settings: &Value) -> (Account, Value) {
    let made = ask(world, Method::POST, "/keys", owner, settings).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let made = made.json();
    let id = made["data"]["hash"].as_str().expect("an id").parse().expect("an id");
    (Account { id: owner.id, key_id: id, key: made["key"].as_str().expect("a key").to_owned() }, made["data"].clone())
}

#[tokio::test]
async fn a_customers_key_is_made_used_limited_disabled_and_deleted() {
    let world = World::start().await;
    let owner = world.account(1_000_000_000).await;
    let (customer, kept) =
        make(&world, &owner, &json!({ "name": "customer", "limit": 0.5, "limit_reset": "monthly" })).await;
    assert_eq!((&kept["limit"], &kept["limit_reset"], &kept["usage"]), (&json!(0.5), &json!("monthly"), &json!(0)));
    // It calls models, sees itself, and does nothing else.
    let answer = ask(&world, Method::POST, "/chat/completions", &customer, &hello(&json!({}))).await.success();
    let cost = answer["usage"]["cost"].as_f64().expect("a cost");
    world.settled().await;
    let told = get(&world, "/key", &customer).await.success()["data"].clone();
    for figure in ["usage", "usage_daily", "usage_weekly", "usage_monthly"] {
        assert_eq!(told[figure].as_f64(), Some(cost), "{figure}: {told}");
    }
    assert_eq!((&told["limit"], told["limit_remaining"].as_f64()), (&json!(0.5), Some(0.5 - cost)));
    assert_eq!(told["is_management_key"], false);
    assert_eq!(get(&world, "/auth/key", &customer).await.success()["data"], told);
    for (method, path) in [(Method::GET, "/keys"), (Method::GET, "/credits")] {
        refused(&ask(&world, method, path, &customer, &Value::Null).await, 403, "insufficient_scope");
    }
    // Its owner sees the same, and changes it.
    let path = format!("/keys/{}", customer.key_id);
    let change =
        async |changes: Value| ask(&world, Method::PATCH, &path, &owner, &changes).await.success()["data"].clone();
    assert_eq!(get(&world, &path, &owner).await.success()["data"]["usage"].as_f64(), Some(cost));
    let changed = change(json!({ "limit": 0.000_000_001 })).await;
    assert_eq!((&changed["limit_reset"], &changed["limit_remaining"]), (&json!("monthly"), &json!(0)));
    let spent = ask(&world, Method::POST, "/chat/completions", &customer, &hello(&json!({}))).await;
    assert_eq!(refused(&spent, 402, "spend_limit_reached")["metadata"]["limit_source"], "openrouter_key_limit");
    assert_eq!(change(json!({ "limit_reset": null })).await["limit"], json!(0.000_000_001));
    assert_eq!(change(json!({ "limit": null })).await["limit"], Value::Null);
    // Disabled, it is refused, shown only where that is asked for, and works again once it is enabled.
    assert_eq!(change(json!({ "disabled": true })).await["disabled"], true);
    refused(&get(&world, "/key", &customer).await, 401, "api_key_disabled");
    let hashes = async |query: &str| {
        let keys = get(&world, &format!("/keys{query}"), &owner).await.success()["data"].clone();
        keys.as_array().expect("keys").iter().map(|key| key["hash"].clone()).collect::<Vec<_>>()
    };
    let id = json!(customer.key_id);
    assert!(!hashes("").await.contains(&id) && hashes("?include_disabled=true").await.first() == Some(&id));
    change(json!({ "disabled": false })).await;
    ask(&world, Method::POST, "/chat/completions", &customer, &hello(&json!({}))).await.success();
    // Deleted, it is gone.
    assert_eq!(ask(&world, Method::DELETE, &path, &owner, &Value::Null).await.success(), json!({ "deleted": true }));
    refused(&get(&world, "/key", &customer).await, 401, "api_key_revoked");
    for method in [Method::GET, Method::DELETE] {
        refused(&ask(&world, method, &path, &owner, &Value::Null).await, 404, "api_key_not_found");
    }
    assert!(!hashes("?include_disabled=true").await.contains(&id));
}

#[tokio::test]
async fn a_key_hands_out_no_more_than_it_has_and_nothing_that_cannot_be() {
    let world = World::start().await;
    let owner = world.account(1_000_000_000).await;
    for scopes in ["keys:write,keys:read", "keys:write,inference"] {
        let manager = world.another_key(&owner, scopes).await;
        let told = ask(&world, Method::POST, "/keys", &manager, &json!({ "name": "more" })).await;
        refused(&told, 403, "insufficient_scope");
    }
    let manager = world.another_key(&owner, "keys:write,inference,models:read").await;
    make(&world, &manager, &json!({ "name": "as much" })).await;
    for (wrong, member) in [
        (json!({ "name": "" }), "name"),
        (json!({ "name": "a", "limit": 0 }), "limit"),
        (json!({ "name": "a", "limit": -1 }), "limit"),
        (json!({ "name": "a", "expires_at": "2020-01-01T00:00:00Z" }), "expires_at"),
        (json!({ "name": "a", "include_byok_in_limit": true }), "include_byok_in_limit"),
    ] {
        let told = refused(&ask(&world, Method::POST, "/keys", &owner, &wrong).await, 400, "invalid_request");
        assert_eq!(told["metadata"]["param"], member);
    }
    refused(
        &ask(&world, Method::POST, "/keys", &owner, &json!({ "name": "a", "scopes": ["*"] })).await,
        400,
        "unknown_field",
    );
}

#[tokio::test]
async fn credits_are_what_came_and_what_was_used() {
    let world = World::start().await;
    let owner = world.account(1_000_000_000).await;
    let before = get(&world, "/credits", &owner).await.success();
    assert_eq!(before["data"], json!({ "total_credits": 1, "total_usage": 0 }));
    world.completion(&owner.key, &hello(&json!({}))).await;
    world.settled().await;
    let after = get(&world, "/credits", &owner).await.success();
    let balance = world.value(&format!("select balance from gateway.accounts where id = '{}'", owner.id)).await;
    assert_eq!(after["data"]["total_credits"], 1);
    let left = after["data"]["total_credits"].as_f64().expect("dollars")
        - after["data"]["total_usage"].as_f64().expect("dollars");
    assert!((left * 1e9 - balance.as_f64().expect("nano-dollars")).abs() < 0.5, "{after} {balance}");
    assert_eq!(after["balance"].as_str().and_then(|text| text.parse::<f64>().ok()), Some(left));
}
