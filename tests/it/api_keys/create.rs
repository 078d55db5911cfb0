//! New keys.

use reqwest::Method;
use serde_json::{Value, json};
use tests::world::World;

use super::{CREDIT, PATH, ask, balance, chat, make, show, told};

#[tokio::test]
async fn a_new_key_has_what_was_asked_for_and_works() {
    let world = World::start().await;
    let owner = world.account(CREDIT).await;
    world.set_clock("2090-03-15 12:00Z").await;
    let settings = json!({
        "name": "Büro ✓", "environment": "staging", "scopes": ["inference", "billing:read", "inference"],
        "expires_in_days": 30, "max_requests": 5, "spend_limit": {"amount": 1.25, "period": "week"},
        "ip_allowlist": ["127.0.0.1", "2001:DB8::/32"], "domain_allowlist": ["App.Example", "*.app.example"],
        "allowed_models": ["test/*", "openai/gpt-4o"], "rate_limits": {"burst": 7, "concurrency": null},
        "rotate_after_days": 90, "cache_ttl": 60});
    let (key, mut made) = make(&world, &owner, settings).await;
    assert!(key.key.starts_with("gw_staging_") && key.key.len() == "gw_staging_".len() + 43, "not a key");
    let last_four = &key.key[key.key.len() - 4..];
    let wanted = json!({
        "object": "api_key", "id": key.key_id, "name": "Büro ✓", "environment": "staging", "prefix": "gw_staging_",
        "last_four": last_four, "scopes": ["inference", "billing:read"], "is_primary": false, "status": "active",
        "created_at": "2090-03-15T12:00:00+00:00", "last_used_at": null, "expires_at": "2090-04-14T12:00:00+00:00",
        "revoked_at": null, "max_requests": 5, "requests_used": 0,
        "spend_limit": {"amount": 1.25, "period": "week", "spent": 0, "resets_at": "2090-03-20T00:00:00+00:00"},
        "ip_allowlist": ["127.0.0.1", "2001:db8::/32"], "domain_allowlist": ["app.example", "*.app.example"],
        "allowed_models": ["test/*", "openai/gpt-4o"], "rate_limits": {"burst": 7}, "trace_content": false, "cache_ttl": 60, "rotate_after_days": 90,
        "rotated_at": null, "rotation_due_at": "2090-06-13T12:00:00+00:00", "rotation_due": false,
        "former_secrets": []});
    let answer = made.as_object_mut().expect("an object");
    answer.remove("api_key");
    assert_eq!(answer.remove("replayed"), Some(json!(false)));
    assert_eq!(made, wanted);
    assert_eq!(show(&world, &owner, &key).await, wanted);
    let origin = |request: reqwest::RequestBuilder| request.header("origin", "https://app.example");
    let call = origin(world.chat(&key.key, &super::short()));
    assert_eq!(tests::answer::Answer::to(call).await.outcome(), told(200, ""));
    world.settled().await;
    let used = show(&world, &owner, &key).await;
    assert_eq!((&used["requests_used"], &used["last_used_at"]), (&json!(1), &wanted["created_at"]));
    assert!(used["spend_limit"]["spent"].as_f64() > Some(0.0), "{used}");
    world.set_clock("2090-06-13 12:00Z").await;
    world.change_key(&key, "expires_at = null").await;
    assert_eq!(show(&world, &owner, &key).await["rotation_due"], true);
}

#[tokio::test]
async fn only_the_name_is_needed_and_a_new_key_may_do_what_is_usual() {
    let world = World::start().await;
    let owner = world.account(CREDIT).await;
    let production = world.another_gateway_with(&[("VERCEL_ENV", "production")]).await;
    for (gateway, environment) in [(&world.base_url, "test"), (&production, "live")] {
        let made =
            super::ask_at(&world, gateway, Method::POST, PATH, &owner.key, &json!({"name": "x"})).await.success();
        assert_eq!((&made["name"], &made["environment"]), (&json!("x"), &json!(environment)));
    }
    let (key, made) = make(&world, &owner, json!({})).await;
    let scopes = json!(["inference", "models:read", "chat:read", "chat:write", "usage:read", "billing:read"]);
    assert_eq!(made["scopes"], scopes);
    for unlimited in ["cache_ttl", "expires_at", "max_requests", "spend_limit", "rotate_after_days", "rotation_due_at"]
    {
        assert_eq!(made[unlimited], Value::Null, "{unlimited}");
    }
    for empty in ["ip_allowlist", "domain_allowlist", "allowed_models", "former_secrets"] {
        assert_eq!(made[empty], json!([]), "{empty}");
    }
    assert_eq!((chat(&world, &key.key).await, balance(&world, &key.key).await), (told(200, ""), told(200, "")));
    ask(&world, Method::GET, PATH, &key.key, &Value::Null).await.refused(403, "insufficient_scope");
    for body in [json!({}), json!({"name": null}), json!({"scopes": ["inference"]})] {
        let refused = ask(&world, Method::POST, PATH, &owner.key, &body).await;
        assert_eq!(refused.status, 400, "{body}");
    }
}

#[tokio::test]
async fn each_environment_has_its_prefix_and_a_preview_makes_test_keys_only() {
    let world = World::start().await;
    let owner = world.account(0).await;
    for (environment, prefix) in
        [("live", "gw_live_"), ("test", "gw_test_"), ("staging", "gw_staging_"), ("development", "gw_dev_")]
    {
        let (key, made) = make(&world, &owner, json!({ "environment": environment })).await;
        assert!(key.key.starts_with(prefix) && made["prefix"] == prefix, "{environment}");
        assert_eq!(balance(&world, &key.key).await, told(200, ""), "{environment}");
    }
    let preview = world.another_gateway_with(&[("VERCEL_ENV", "preview")]).await;
    let at_preview =
        async |path: &str, body: Value| super::ask_at(&world, &preview, Method::POST, path, &owner.key, &body).await;
    let usual = at_preview(PATH, json!({"name": "x"})).await.success();
    assert_eq!(usual["environment"], "test");
    at_preview(PATH, json!({"name": "x", "environment": "test"})).await.success();
    for environment in ["live", "staging", "development"] {
        for (path, body) in [
            (PATH.to_owned(), json!({"name": "x", "environment": environment})),
            (format!("{PATH}/rotate"), json!({ "environment": environment })),
        ] {
            let refused = at_preview(&path, body).await.refused(400, "invalid_request");
            assert_eq!(refused["param"], "environment", "{path}");
        }
    }
    // A rotation makes a key of the same environment, so there too.
    at_preview(&super::path(&owner, "/rotate"), json!({})).await.refused(400, "invalid_request");
    let test = format!("{PATH}/{}/rotate", usual["id"].as_str().expect("an id"));
    assert!(at_preview(&test, json!({})).await.success()["api_key"].as_str().expect("a key").starts_with("gw_test_"));
}

#[tokio::test]
async fn a_setting_that_cannot_be_is_refused_and_named() {
    let world = World::start().await;
    let owner = world.account(0).await;
    let limits = json!({"requests_per_minute": 100, "tokens_per_day": 1_000});
    world.limit(owner.id, &limits).await;
    let before = world.evidence(owner.id).await;
    for (body, param) in [
        (json!({"name": ""}), "name"),
        (json!({"name": "a\u{7}"}), "name"),
        (json!({"scopes": ["inference", "root"]}), "scopes"),
        (json!({"scopes": []}), "scopes"),
        (json!({"expires_in_days": 0}), "expires_in_days"),
        (json!({"max_requests": 0}), "max_requests"),
        (json!({"spend_limit": {"amount": 0, "period": "day"}}), "spend_limit"),
        (json!({"ip_allowlist": ["10.0.0.0/33"]}), "ip_allowlist"),
        (json!({"domain_allowlist": ["https://app.example"]}), "domain_allowlist"),
        (json!({"allowed_models": ["openrouter:test/model"]}), "allowed_models"),
        (json!({"rotate_after_days": 100_000}), "rotate_after_days"),
        (json!({"rate_limits": {"burst": 0}}), "burst"),
        // Above what the account has in force, by its own figures and by its plan's.
        (json!({"rate_limits": {"requests_per_minute": 101}}), "requests_per_minute"),
        (json!({"rate_limits": {"tokens_per_day": 1_001}}), "tokens_per_day"),
        (json!({"rate_limits": {"requests_per_hour": 100_001}}), "requests_per_hour"),
    ] {
        let mut whole = json!({"name": "x"});
        whole.as_object_mut().expect("an object").extend(body.as_object().expect("an object").clone());
        let refused = ask(&world, Method::POST, PATH, &owner.key, &whole).await.refused(400, "invalid_request");
        assert_eq!(refused["param"], param, "{body}");
    }
    for (body, code) in [
        (json!({"name": "x", "environment": "production"}), "invalid_request"),
        (json!({"name": "x", "spend_limit": {"amount": 1, "period": "year"}}), "invalid_request"),
        (json!({"name": "x", "spend_limit": {"amount": 0.0000000001}}), "invalid_request"),
        (json!({"name": "x", "rate_limits": {"requests_per_second": 1}}), "unknown_field"),
        (json!({"name": "x", "is_primary": true}), "unknown_field"),
        (json!({"name": "x", "key": "gw_live_mine"}), "unknown_field"),
    ] {
        ask(&world, Method::POST, PATH, &owner.key, &body).await.refused(400, code);
    }
    assert_eq!(world.evidence(owner.id).await, before);
    make(&world, &owner, json!({"rate_limits": limits})).await;
}

#[tokio::test]
async fn an_account_has_at_most_a_hundred_keys_alive() {
    let world = World::start().await;
    let owner = world.account(0).await;
    world
        .sql(&format!(
            "insert into gateway.api_keys (account_id, key_hash, prefix, last_four, name, environment, revoked_at, expires_at)
               select '{}', 'hash ' || i, 'gw_live_', 'test', 'k', 'live',
                      case when i > 99 and i % 2 = 0 then gateway.now() end,
                      case when i > 99 and i % 2 = 1 then gateway.now() end
               from generate_series(1, 150) as i",
            owner.id
        ))
        .await;
    let refused = ask(&world, Method::POST, PATH, &owner.key, &json!({"name": "one more"})).await;
    refused.refused(409, "too_many_api_keys");
    // Those that are over do not count, and one more is over.
    world.sql("update gateway.api_keys set revoked_at = gateway.now() where key_hash = 'hash 1'").await;
    make(&world, &owner, json!({})).await;
    ask(&world, Method::POST, PATH, &owner.key, &json!({"name": "one more"})).await.refused(409, "too_many_api_keys");
    // Nobody else is full.
    make(&world, &world.account(0).await, json!({})).await;
}
