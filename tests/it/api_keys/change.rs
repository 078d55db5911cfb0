//! Changes of a key's settings, and its end.

use reqwest::Method;
use serde_json::{Value, json};
use tests::world::World;

use super::{CREDIT, PATH, ask, balance, change, chat, make, path, revoke, show, told};

/// Every setting, and the member of the key in which it shows.
fn settings() -> Vec<(&'static str, Value, &'static str, Value)> {
    vec![
        ("name", json!("new name"), "name", json!("new name")),
        ("scopes", json!(["billing:read"]), "scopes", json!(["billing:read"])),
        ("expires_in_days", json!(2), "expires_at", json!("2090-03-17T12:00:00+00:00")),
        ("max_requests", json!(9), "max_requests", json!(9)),
        (
            "spend_limit",
            json!({"amount": 3, "period": "month"}),
            "spend_limit",
            json!({"amount": 3, "period": "month", "spent": 0, "resets_at": "2090-04-01T00:00:00+00:00"}),
        ),
        ("ip_allowlist", json!(["10.9.8.7/8"]), "ip_allowlist", json!(["10.0.0.0/8"])),
        ("domain_allowlist", json!(["A.example"]), "domain_allowlist", json!(["a.example"])),
        ("allowed_models", json!(["test/*"]), "allowed_models", json!(["test/*"])),
        ("rate_limits", json!({"burst": 3}), "rate_limits", json!({"burst": 3})),
        ("cache_ttl", json!(86_400), "cache_ttl", json!(86_400)),
        ("rotate_after_days", json!(1), "rotate_after_days", json!(1)),
    ]
}

#[tokio::test]
async fn each_setting_changes_alone_and_null_clears_it() {
    let world = World::start().await;
    let owner = world.account(0).await;
    world.set_clock("2090-03-15 12:00Z").await;
    let (key, _) = make(&world, &owner, json!({})).await;
    let fresh = show(&world, &owner, &key).await;
    let without_due = |mut key: Value| {
        key["rotation_due_at"] = Value::Null;
        key
    };
    for (setting, value, member, shown) in settings() {
        let before = show(&world, &owner, &key).await;
        let changed = change(&world, &owner, &key, &json!({ setting: value })).await.success();
        assert_eq!(changed, show(&world, &owner, &key).await);
        let mut wanted = before.clone();
        wanted[member] = shown;
        assert_eq!(without_due(changed), without_due(wanted), "{setting}");
        let cleared = change(&world, &owner, &key, &json!({ setting: null })).await;
        if matches!(setting, "name" | "scopes") {
            cleared.refused(400, "invalid_request");
        } else {
            assert_eq!(cleared.success(), before, "{setting}");
        }
    }
    // All at once, and all cleared at once.
    let all = |value: fn(Value) -> Value| {
        let members = settings().into_iter().map(|(setting, given, ..)| (setting.to_owned(), value(given)));
        Value::Object(members.collect())
    };
    let changed = change(&world, &owner, &key, &all(|value| value)).await.success();
    for (_, _, member, shown) in settings() {
        assert_eq!(changed[member], shown);
    }
    let mut clear = all(|_| Value::Null);
    clear["name"] = json!("made");
    clear["scopes"] = fresh["scopes"].clone();
    assert_eq!(change(&world, &owner, &key, &clear).await.success(), fresh);
}

#[tokio::test]
async fn what_cannot_be_changed_is_refused() {
    let world = World::start().await;
    let owner = world.account(0).await;
    let (key, _) = make(&world, &owner, json!({})).await;
    let before = show(&world, &owner, &key).await;
    change(&world, &owner, &key, &json!({})).await.refused(400, "invalid_request");
    for body in
        [json!({"environment": "test"}), json!({"is_primary": true}), json!({"spent": 0}), json!({"revoked_at": null})]
    {
        change(&world, &owner, &key, &body).await.refused(400, "unknown_field");
    }
    let above =
        change(&world, &owner, &key, &json!({"name": "x", "rate_limits": {"tokens_per_day": 100_000_001}})).await;
    assert_eq!(above.refused(400, "invalid_request")["param"], "tokens_per_day");
    assert_eq!(show(&world, &owner, &key).await, before);
}

#[tokio::test]
async fn a_key_that_is_over_is_changed_by_nothing_but_its_revocation() {
    let world = World::start().await;
    let owner = world.account(0).await;
    for over in ["revoked_at = gateway.now()", "expires_at = gateway.now()"] {
        let (key, _) = make(&world, &owner, json!({})).await;
        world.change_key(&key, over).await;
        let before = show(&world, &owner, &key).await;
        for (method, path, body) in [
            (Method::PATCH, path(&key, ""), json!({"expires_in_days": 5})),
            (Method::PATCH, path(&key, ""), json!({"expires_in_days": null})),
            (Method::POST, path(&key, "/rotate"), json!({})),
            (Method::PUT, format!("/user/rate-limits/{}", key.key_id), json!({})),
        ] {
            ask(&world, method, &path, &owner.key, &body).await.refused(409, "api_key_inactive");
        }
        assert_eq!(show(&world, &owner, &key).await, before, "{over}");
        assert_eq!(revoke(&world, &owner, &key).await.success()["status"], "revoked");
    }
}

#[tokio::test]
async fn a_revoked_key_stays_revoked_and_a_repetition_is_told_the_same() {
    let world = World::start().await;
    let owner = world.account(CREDIT).await;
    let (key, _) = make(&world, &owner, json!({})).await;
    world.set_clock("2090-03-15 12:00Z").await;
    let revoked = revoke(&world, &owner, &key).await.success();
    assert_eq!((&revoked["status"], &revoked["revoked_at"]), (&json!("revoked"), &json!("2090-03-15T12:00:00+00:00")));
    for request in [chat(&world, &key.key).await, balance(&world, &key.key).await] {
        assert_eq!(request, told(401, "api_key_revoked"));
    }
    world.set_clock("2090-03-16 12:00Z").await;
    assert_eq!(revoke(&world, &owner, &key).await.success(), revoked);
    assert_eq!(show(&world, &owner, &key).await, revoked);
    // The owner's own key can end itself, and then nothing more.
    assert_eq!(revoke(&world, &owner, &owner).await.success()["status"], "revoked");
    ask(&world, Method::GET, PATH, &owner.key, &Value::Null).await.refused(401, "api_key_revoked");
}

#[tokio::test]
async fn a_spend_limit_counts_from_when_it_was_set() {
    let world = World::start().await;
    let owner = world.account(CREDIT).await;
    let (key, _) = make(&world, &owner, json!({})).await;
    world.set_clock("2090-03-15 12:00Z").await;
    let spent = async |key: &Value| key["spend_limit"]["spent"].clone();
    world.completion(&key.key, &super::short()).await;
    world.settled().await;
    let limit = |amount: f64, period: Value| json!({"spend_limit": {"amount": amount, "period": period}});
    let set = change(&world, &owner, &key, &limit(1.0, Value::Null)).await.success();
    assert_eq!((spent(&set).await, &set["spend_limit"]["resets_at"]), (json!(0), &Value::Null));
    world.completion(&key.key, &super::short()).await;
    world.settled().await;
    let before = spent(&show(&world, &owner, &key).await).await;
    assert_ne!(before, json!(0));
    // Another amount goes on counting, another period does not.
    let raised = change(&world, &owner, &key, &limit(2.0, Value::Null)).await.success();
    assert_eq!(spent(&raised).await, before);
    let daily = change(&world, &owner, &key, &limit(2.0, json!("day"))).await.success();
    assert_eq!(spent(&daily).await, json!(0));
    world.assert_ledger_clean().await;
}
