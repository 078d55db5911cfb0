//! Every setting that was made through the API binds the next call.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, World};

use super::{CREDIT, ask, balance, change, chat, make, short, told};

/// A key with this setting, made with it or given it later.
async fn with(world: &World, owner: &Account, settings: &Value, from_the_start: bool) -> Account {
    if from_the_start {
        return make(world, owner, settings.clone()).await.0;
    }
    let (key, _) = make(world, owner, json!({})).await;
    assert_eq!(chat(world, &key.key).await, told(200, ""));
    world.settled().await;
    change(world, owner, &key, settings).await.success();
    key
}

#[tokio::test]
async fn where_a_key_may_be_used_and_for_what_holds_on_the_next_call() {
    let world = World::start().await;
    let owner = world.account(CREDIT).await;
    let cases = [
        (json!({"ip_allowlist": ["192.0.2.0/24", "2001:db8::1"]}), told(403, "ip_not_allowed"), true),
        (json!({"ip_allowlist": ["192.0.2.0/24", "127.0.0.0/8"]}), told(200, ""), true),
        (json!({"domain_allowlist": ["other.example"]}), told(403, "domain_not_allowed"), true),
        (json!({"domain_allowlist": ["*.example.com"]}), told(200, ""), true),
        (json!({"allowed_models": ["other/*"]}), told(403, "model_not_allowed"), false),
        (json!({"allowed_models": ["other/*", "test/model"]}), told(200, ""), false),
        (json!({"scopes": ["models:read"]}), told(403, "insufficient_scope"), true),
        (json!({"scopes": ["inference", "billing:read"]}), told(200, ""), true),
    ];
    for from_the_start in [true, false] {
        for (settings, wanted, always) in &cases {
            let key = with(&world, &owner, settings, from_the_start).await;
            let origin = |request: reqwest::RequestBuilder| request.header("origin", "https://app.example.com");
            let called = Answer::to(origin(world.chat(&key.key, &short()))).await.outcome();
            assert_eq!(called, *wanted, "{settings}, {from_the_start}");
            // Which models it may use concerns inference alone.
            let managed = Answer::to(origin(world.get("/user/balance", &key.key))).await.outcome();
            assert_eq!(managed, if *always { wanted.clone() } else { told(200, "") }, "{settings}");
            // Lifted again, it is lifted at once.
            let lifted = json!({"ip_allowlist": null, "domain_allowlist": null, "allowed_models": null,
                                "scopes": ["inference"]});
            change(&world, &owner, &key, &lifted).await.success();
            assert_eq!(chat(&world, &key.key).await, told(200, ""), "{settings}");
            world.settled().await;
        }
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_key_serves_no_more_requests_than_it_may() {
    let world = World::start().await;
    let owner = world.account(CREDIT).await;
    for (from_the_start, most) in [(true, 2), (false, 3)] {
        let key = with(&world, &owner, &json!({ "max_requests": most }), from_the_start).await;
        for _ in 0..2 {
            assert_eq!(chat(&world, &key.key).await, told(200, ""));
            world.settled().await;
        }
        assert_eq!(chat(&world, &key.key).await, told(429, "request_limit_reached"), "{from_the_start}");
        change(&world, &owner, &key, &json!({ "max_requests": most + 1 })).await.success();
        assert_eq!(chat(&world, &key.key).await, told(200, ""));
        world.settled().await;
        assert_eq!(chat(&world, &key.key).await, told(429, "request_limit_reached"));
        change(&world, &owner, &key, &json!({"max_requests": null})).await.success();
        assert_eq!(chat(&world, &key.key).await, told(200, ""));
        world.settled().await;
    }
}

#[tokio::test]
async fn a_spend_limit_holds_until_its_day_week_or_month_is_over() {
    let world = World::start().await;
    let owner = world.account(CREDIT).await;
    // A Wednesday; what a call reserves fits once.
    let periods = [
        ("day", "2090-03-15 23:59:59.999999Z", "2090-03-16 00:00Z"),
        ("week", "2090-03-19 23:59:59.999999Z", "2090-03-20 00:00Z"),
        ("month", "2090-03-31 23:59:59.999999Z", "2090-04-01 00:00Z"),
    ];
    for (period, last, next) in periods {
        for from_the_start in [true, false] {
            world.set_clock("2090-03-15 12:00Z").await;
            let settings = json!({"spend_limit": {"amount": 0.000221, "period": period}});
            let key = with(&world, &owner, &settings, from_the_start).await;
            for begins in [None, Some(next)] {
                if let Some(begins) = begins {
                    world.set_clock(last).await;
                    assert_eq!(chat(&world, &key.key).await, told(402, "spend_limit_reached"), "{period}");
                    world.set_clock(begins).await;
                    let shown = super::show(&world, &owner, &key).await;
                    assert_eq!(shown["spend_limit"]["spent"], 0, "{period}");
                }
                assert_eq!(chat(&world, &key.key).await, told(200, ""), "{period}");
                world.settled().await;
                assert_eq!(chat(&world, &key.key).await, told(402, "spend_limit_reached"), "{period}");
                assert_eq!(balance(&world, &key.key).await, told(200, ""));
            }
            change(&world, &owner, &key, &json!({"spend_limit": null})).await.success();
            assert_eq!(chat(&world, &key.key).await, told(200, ""));
            world.settled().await;
        }
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_spend_limit_without_a_period_holds_for_ever() {
    let world = World::start().await;
    let owner = world.account(CREDIT).await;
    let key = with(&world, &owner, &json!({"spend_limit": {"amount": 0.000221}}), true).await;
    assert_eq!(chat(&world, &key.key).await, told(200, ""));
    world.settled().await;
    for at in ["2090-03-15 12:00Z", "2099-03-15 12:00Z"] {
        world.set_clock(at).await;
        assert_eq!(chat(&world, &key.key).await, told(402, "spend_limit_reached"));
    }
}

#[tokio::test]
async fn a_key_expires_when_it_should() {
    let world = World::start().await;
    let owner = world.account(CREDIT).await;
    for from_the_start in [true, false] {
        world.set_clock("2090-03-15 12:00Z").await;
        let key = with(&world, &owner, &json!({"expires_in_days": 10}), from_the_start).await;
        // Within it the clocks of half the world change; ten days are 240 hours all the same.
        world.set_clock("2090-03-25 11:59:59.999999Z").await;
        assert_eq!((chat(&world, &key.key).await, balance(&world, &key.key).await), (told(200, ""), told(200, "")));
        world.settled().await;
        world.set_clock("2090-03-25 12:00Z").await;
        for outcome in [chat(&world, &key.key).await, balance(&world, &key.key).await] {
            assert_eq!(outcome, told(401, "api_key_expired"));
        }
        assert_eq!(super::show(&world, &owner, &key).await["status"], "expired");
    }
}

#[tokio::test]
async fn a_keys_own_rate_limits_hold_on_the_next_call_however_they_were_set() {
    let world = World::start().await;
    world.platform.upstash.stop_clock(Duration::from_secs(86_400 * 23_148)).expect("the in-process Redis");
    let owner = world.account(CREDIT).await;
    for limit in ["requests_per_minute", "burst", "requests_per_hour", "requests_per_day"] {
        let own = json!({ limit: 1 });
        let made = with(&world, &owner, &json!({ "rate_limits": own }), true).await;
        assert_eq!(chat(&world, &made.key).await, told(200, ""));
        let changed = with(&world, &owner, &json!({ "rate_limits": own }), false).await;
        let put = make(&world, &owner, json!({})).await.0;
        assert_eq!(chat(&world, &put.key).await, told(200, ""));
        world.settled().await;
        let path = format!("/user/rate-limits/{}", put.key_id);
        ask(&world, Method::PUT, &path, &owner.key, &own).await.success();
        for key in [&made, &changed, &put] {
            let refused = Answer::to(world.chat(&key.key, &short())).await;
            assert_eq!(refused.refused(429, "rate_limit_exceeded")["limit"], limit);
        }
        // The account's other keys are as free as before.
        assert_eq!(chat(&world, &owner.key).await, told(200, ""));
        world.settled().await;
    }
}
