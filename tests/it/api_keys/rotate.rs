//! New secrets, and how long the old ones go on.

use reqwest::Method;
use serde_json::json;
use tests::world::World;

use super::{CREDIT, PATH, ask, balance, change, chat, make, path, rotate, show, told};

#[tokio::test]
async fn a_rotated_key_is_the_same_key_with_another_secret() {
    let world = World::start().await;
    let owner = world.account(CREDIT).await;
    world.set_clock("2090-03-15 12:00Z").await;
    let settings = json!({"environment": "development", "max_requests": 9, "allowed_models": ["test/*"],
        "spend_limit": {"amount": 1, "period": "day"}, "rate_limits": {"burst": 8}, "rotate_after_days": 1});
    let (key, _) = make(&world, &owner, settings).await;
    assert_eq!(chat(&world, &key.key).await, told(200, ""));
    world.settled().await;
    world.change_key(&key, "is_primary = true").await;
    let before = show(&world, &owner, &key).await;
    world.set_clock("2090-03-15 13:00Z").await;
    let mut rotated = ask(&world, Method::POST, &path(&key, "/rotate"), &owner.key, &json!({"grace_period_hours": 2}))
        .await
        .success();
    let new = rotated["api_key"].as_str().expect("a key").to_owned();
    assert!(new.starts_with("gw_dev_") && new != key.key);
    let mut wanted = before;
    wanted["last_four"] = json!(new[new.len() - 4..]);
    wanted["rotated_at"] = json!("2090-03-15T13:00:00+00:00");
    wanted["rotation_due_at"] = json!("2090-03-16T13:00:00+00:00");
    wanted["former_secrets"] = json!([{"expires_at": "2090-03-15T15:00:00+00:00"}]);
    rotated.as_object_mut().expect("an object").remove("api_key");
    assert_eq!(rotated, wanted);
    assert_eq!(show(&world, &owner, &key).await, wanted);
    // Its counters go on.
    assert_eq!(chat(&world, &new).await, told(200, ""));
    world.settled().await;
    assert_eq!(show(&world, &owner, &key).await["requests_used"], 2);
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_former_secret_is_the_key_until_its_grace_is_over() {
    let world = World::start().await;
    let owner = world.account(CREDIT).await;
    for (hours, last, end) in [
        (json!({}), "2090-03-16 11:59:59.999999Z", "2090-03-16 12:00Z"),
        (json!({"grace_period_hours": null}), "2090-03-16 11:59:59.999999Z", "2090-03-16 12:00Z"),
        (json!({"grace_period_hours": 1}), "2090-03-15 12:59:59.999999Z", "2090-03-15 13:00Z"),
        (json!({"grace_period_hours": 168}), "2090-03-22 11:59:59.999999Z", "2090-03-22 12:00Z"),
    ] {
        world.set_clock("2090-03-15 12:00Z").await;
        let (key, _) = make(&world, &owner, json!({})).await;
        let rotated = ask(&world, Method::POST, &path(&key, "/rotate"), &owner.key, &hours).await.success();
        let new = rotated["api_key"].as_str().expect("a key");
        world.set_clock(last).await;
        assert_eq!((balance(&world, &key.key).await, balance(&world, new).await), (told(200, ""), told(200, "")));
        // The same settings bind it.
        change(&world, &owner, &key, &json!({"ip_allowlist": ["192.0.2.1"]})).await.success();
        for secret in [&key.key, new] {
            assert_eq!(balance(&world, secret).await, told(403, "ip_not_allowed"));
        }
        change(&world, &owner, &key, &json!({"ip_allowlist": null})).await.success();
        world.set_clock(end).await;
        assert_eq!(balance(&world, &key.key).await, told(401, "api_key_expired"), "{hours}");
        assert_eq!(balance(&world, new).await, told(200, ""));
        assert_eq!(show(&world, &owner, &key).await["former_secrets"], json!([]));
    }
}

#[tokio::test]
async fn without_grace_the_old_secret_ends_at_once() {
    let world = World::start().await;
    let owner = world.account(CREDIT).await;
    let (key, _) = make(&world, &owner, json!({})).await;
    let new = rotate(&world, &owner, &key, 0).await;
    assert_eq!(balance(&world, &key.key).await, told(401, "api_key_expired"));
    assert_eq!(chat(&world, &new.key).await, told(200, ""));
    assert_eq!(show(&world, &owner, &key).await["former_secrets"], json!([]));
    world.settled().await;
    // The owner's own key, by itself: what it was shown is the way on.
    let own = rotate(&world, &owner, &owner, 0).await;
    assert_eq!(balance(&world, &owner.key).await, told(401, "api_key_expired"));
    assert_eq!(balance(&world, &own.key).await, told(200, ""));
}

#[tokio::test]
async fn a_former_secret_never_outlives_its_key() {
    let world = World::start().await;
    let owner = world.account(0).await;
    world.set_clock("2090-03-15 12:00Z").await;
    let (key, _) = make(&world, &owner, json!({"expires_in_days": 1})).await;
    rotate(&world, &owner, &key, 168).await;
    let former = show(&world, &owner, &key).await["former_secrets"].clone();
    assert_eq!(former, json!([{"expires_at": "2090-03-16T12:00:00+00:00"}]));
    world.set_clock("2090-03-16 12:00Z").await;
    assert_eq!(balance(&world, &key.key).await, told(401, "api_key_expired"));
}

#[tokio::test]
async fn twenty_former_secrets_go_on_and_the_oldest_end_first() {
    let world = World::start().await;
    let owner = world.account(0).await;
    let (mut key, _) = make(&world, &owner, json!({"scopes": ["billing:read"]})).await;
    let mut secrets = vec![key.key.clone()];
    for turn in 0..23 {
        // The oldest have the longest time left, and end all the same.
        key = rotate(&world, &owner, &key, 168 - turn).await;
        secrets.push(key.key.clone());
    }
    for (age, secret) in secrets.iter().rev().enumerate() {
        let wanted = if age <= 20 { told(200, "") } else { told(401, "api_key_expired") };
        assert_eq!(balance(&world, secret).await, wanted, "{age} rotations ago");
    }
    assert_eq!(show(&world, &owner, &key).await["former_secrets"].as_array().map(Vec::len), Some(20));
    // What is over is remembered for a while, and that too has an end.
    for _ in 0..100 {
        key = rotate(&world, &owner, &key, 0).await;
    }
    let rows = format!("select count(*) from gateway.former_secrets where key_id = '{}'", key.key_id);
    assert_eq!(world.value(&rows).await, json!(100));
    assert_eq!(balance(&world, &secrets[0]).await, told(401, "invalid_api_key"));
    assert_eq!(balance(&world, &key.key).await, told(200, ""));
}

#[tokio::test]
async fn a_rotation_opens_no_fresh_window() {
    let world = World::start().await;
    world.platform.upstash.stop_clock(std::time::Duration::from_secs(86_400 * 23_148)).expect("the in-process Redis");
    let owner = world.account(CREDIT).await;
    let (key, _) = make(&world, &owner, json!({"rate_limits": {"requests_per_minute": 2}})).await;
    for _ in 0..2 {
        assert_eq!(chat(&world, &key.key).await, told(200, ""));
    }
    let new = rotate(&world, &owner, &key, 24).await;
    assert_eq!(chat(&world, &new.key).await, told(429, "rate_limit_exceeded"));
    world.settled().await;
}

#[tokio::test]
async fn all_keys_of_an_environment_are_rotated_together_and_no_others() {
    let world = World::start().await;
    let owner = world.account(CREDIT).await;
    let mut keys = Vec::new();
    for (environment, over) in
        [("test", ""), ("test", ""), ("test", "revoked_at"), ("test", "expires_at"), ("staging", "")]
    {
        let (key, _) = make(&world, &owner, json!({ "environment": environment })).await;
        if !over.is_empty() {
            world.change_key(&key, &format!("{over} = gateway.now()")).await;
        }
        keys.push(key);
    }
    let stranger = world.account(0).await;
    let (foreign, _) = make(&world, &stranger, json!({"environment": "test"})).await;
    let body = json!({"environment": "test", "grace_period_hours": 0});
    let rotated = ask(&world, Method::POST, &format!("{PATH}/rotate"), &owner.key, &body).await.success();
    assert_eq!((&rotated["object"], &rotated["skipped"]), (&json!("list"), &json!(0)));
    let data = rotated["data"].as_array().expect("keys");
    assert_eq!(data.len(), 2);
    for (entry, old) in data.iter().zip(&keys) {
        let new = entry["api_key"].as_str().expect("a key");
        assert_eq!(entry["key"], show(&world, &owner, old).await);
        assert!(new.starts_with("gw_test_") && new.ends_with(entry["key"]["last_four"].as_str().expect("text")));
        assert_eq!(balance(&world, &old.key).await, told(401, "api_key_expired"));
        assert_eq!(chat(&world, new).await, told(200, ""));
    }
    world.settled().await;
    assert_eq!(balance(&world, &keys[2].key).await, told(401, "api_key_revoked"));
    for untouched in [&keys[4], &foreign, &owner] {
        assert_eq!(balance(&world, &untouched.key).await, told(200, ""));
    }
    let none = json!({"environment": "development"});
    let rotated = ask(&world, Method::POST, &format!("{PATH}/rotate"), &owner.key, &none).await.success();
    assert_eq!(rotated, json!({"object": "list", "data": [], "skipped": 0}));
}

#[tokio::test]
async fn a_grace_beyond_a_week_or_no_environment_is_refused() {
    let world = World::start().await;
    let owner = world.account(0).await;
    let (one, all) = (path(&owner, "/rotate"), format!("{PATH}/rotate"));
    for (path, body, param) in [
        (&one, json!({"grace_period_hours": 169}), json!("grace_period_hours")),
        (&one, json!({"grace_period_hours": -1}), json!("grace_period_hours")),
        (&one, json!({"grace_period_hours": 1.5}), json!("grace_period_hours")),
        (&all, json!({"environment": "test", "grace_period_hours": 169}), json!("grace_period_hours")),
        (&all, json!({}), json!("environment")),
        (&all, json!({"environment": "production"}), json!("environment")),
    ] {
        let refused = ask(&world, Method::POST, path, &owner.key, &body).await.refused(400, "invalid_request");
        assert_eq!(refused["param"], param, "{body}");
    }
    assert_eq!(balance(&world, &owner.key).await, told(200, ""));
}
