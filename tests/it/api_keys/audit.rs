//! What was done to keys is on the audit trail.

use reqwest::Method;
use serde_json::{Value, json};
use tests::world::World;

use super::{PATH, ask, change, make, revoke, rotate};

/// The acts so far, each with its target and details; those of the same clock in their order.
async fn acts(world: &World) -> Vec<Value> {
    let rows = world
        .value(
            "select coalesce(jsonb_agg(jsonb_build_array(action, target_id, details) order by id), '[]')
               from gateway.audit_logs where action <> 'key.refused'",
        )
        .await;
    rows.as_array().expect("rows").clone()
}

#[tokio::test]
async fn each_act_is_recorded_with_what_was_before_and_after() {
    let world = World::start().await;
    let owner = world.account(0).await;
    world.set_clock("2090-03-15 12:00Z").await;
    let (key, _) = make(&world, &owner, json!({"name": "first", "max_requests": 5, "environment": "test"})).await;
    let settings = json!({"name": "second", "max_requests": 5, "spend_limit": {"amount": 2.5, "period": "day"}});
    change(&world, &owner, &key, &settings).await.success();
    let path = format!("/user/rate-limits/{}", key.key_id);
    ask(&world, Method::PUT, &path, &owner.key, &json!({"burst": 3})).await.success();
    rotate(&world, &owner, &key, 2).await;
    ask(&world, Method::POST, &format!("{PATH}/rotate"), &owner.key, &json!({"environment": "test"})).await.success();
    revoke(&world, &owner, &key).await.success();
    let id = key.key_id.to_string();
    let usual = ["inference", "models:read", "chat:read", "chat:write", "usage:read", "billing:read"];
    let wanted = [
        json!(["key.create", id, {
            "name": "first", "environment": "test", "disabled": false, "scopes": usual, "expires_at": null, "max_requests": 5,
            "spend_limit": null, "spend_period": null, "ip_allowlist": [], "domain_allowlist": [],
            "allowed_models": [], "rate_limits": {}, "trace_content": false, "cache_ttl": null, "rotate_after_days": null}]),
        json!(["key.update", id, {
            "before": {"name": "first", "spend_limit": null, "spend_period": null},
            "after": {"name": "second", "spend_limit": 2.5, "spend_period": "day"}}]),
        json!(["limits.change", id, {"before": {}, "after": {"burst": 3}}]),
        json!(["key.rotate", id, {"former_secret_expires_at": "2090-03-15T14:00:00+00:00"}]),
        json!(["key.rotate", id, {"former_secret_expires_at": "2090-03-16T12:00:00+00:00"}]),
        json!(["key.revoke", id, {"name": "second"}]),
    ];
    assert_eq!(acts(&world).await, wanted);
    let actors = "select jsonb_agg(distinct jsonb_build_array(actor_account_id, actor_key_id, target_account_id, ip))
                    from gateway.audit_logs";
    assert_eq!(world.value(actors).await, json!([[owner.id, owner.key_id, owner.id, "127.0.0.1"]]));
}

#[tokio::test]
async fn what_changed_nothing_or_was_refused_is_no_act() {
    let world = World::start().await;
    let owner = world.account(0).await;
    let (key, _) = make(&world, &owner, json!({"name": "same"})).await;
    change(&world, &owner, &key, &json!({"name": "same", "max_requests": null})).await.success();
    let path = format!("/user/rate-limits/{}", key.key_id);
    ask(&world, Method::PUT, &path, &owner.key, &json!({})).await.success();
    let narrow = world.another_key(&owner, "keys:write").await;
    let body = json!({"name": "x", "scopes": ["admin"]});
    ask(&world, Method::POST, PATH, &narrow.key, &body).await.refused(403, "insufficient_scope");
    change(&world, &narrow, &key, &json!({"scopes": ["*"]})).await.refused(403, "insufficient_scope");
    for _ in 0..2 {
        revoke(&world, &owner, &key).await.success();
    }
    let actions: Vec<Value> = acts(&world).await.iter().map(|act| act[0].clone()).collect();
    assert_eq!(actions, ["key.create", "key.revoke"]);
    // That a key tried to hand out what it has not is on record.
    let refused = "select details from gateway.audit_logs where action = 'key.refused'";
    assert_eq!(world.value(refused).await, json!({"reason": "insufficient_scope"}));
}
