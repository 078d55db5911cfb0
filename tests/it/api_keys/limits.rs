//! The limits that callers see, and lower.

use std::time::Duration;

use local::upstash::Fault;
use reqwest::Method;
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::certain;
use tests::watch::Watch;
use tests::world::{Account, World, hello, send};

use super::{CREDIT, ask, chat, make, short, told};

const NAMES: [&str; 7] = [
    "requests_per_minute",
    "burst",
    "requests_per_hour",
    "requests_per_day",
    "tokens_per_minute",
    "tokens_per_day",
    "concurrency",
];

async fn limits(world: &World, key: &Account) -> Answer {
    ask(world, Method::GET, "/user/limits", &key.key, &Value::Null).await
}

/// An account on a plan with its own figures, and Redis's clock at the beginning of a day.
async fn on_dev(world: &World) -> Account {
    world.platform.upstash.stop_clock(Duration::from_secs(86_400 * 23_148)).expect("the in-process Redis");
    world.set_clock("2090-03-15 12:00Z").await;
    let account = world.account(CREDIT).await;
    world
        .change_account(
            &account,
            r#"plan = 'dev', rate_limits = '{"burst": 50, "requests_per_month": 17}', month = '2090-03-01',
               month_requests = 5, month_tokens = 1000, trial_ends_at = '2090-03-16Z', trial_requests_left = 12"#,
        )
        .await;
    account
}

#[tokio::test]
async fn every_limit_is_shown_with_what_is_left_of_it() {
    let world = World::start().await;
    let owner = on_dev(&world).await;
    let settings = json!({"environment": "test", "rate_limits": {"requests_per_hour": 20}, "max_requests": 3,
                          "spend_limit": {"amount": 0.5, "period": "day"}});
    let (key, _) = make(&world, &owner, settings).await;
    let mut tokens = 0;
    for caller in [&owner, &key] {
        let answer = world.completion(&caller.key, &short()).await;
        tokens = answer["usage"]["total_tokens"].as_u64().expect("a count");
        world.settled().await;
    }
    let gate = world.platform.providers.control().gate();
    let running = tokio::spawn(send(world.chat(&owner.key, &hello(&json!({"max_tokens": 100})))));
    certain("the call at the provider", gate.wait_for(1)).await;
    let told = limits(&world, &key).await;
    assert!(!told.headers.contains_key("x-ratelimit-degraded"));
    gate.release();
    running.await.expect("no panic");

    let told = told.success();
    let window = |limit: u64, used: u64| json!({"limit": limit, "remaining": limit - used});
    // What runs counts with what it reserves: 5 for the prompt, 100 for the answer.
    let all = 2 * tokens + 105;
    let account = [(300, 3), (50, 3), (3_000, 3), (10_000, 3), (200_000, all), (1_000_000, all), (15, 1)];
    let own = [(150, 1), (25, 1), (20, 1), (5_000, 1), (100_000, tokens), (500_000, tokens), (8, 0)];
    for (subject, figures) in [("account", account), ("key", own)] {
        for (name, (limit, used)) in NAMES.iter().zip(figures) {
            assert_eq!(told[subject][name], window(limit, used), "{subject} {name}");
        }
        assert_eq!(told[subject].as_object().map(serde_json::Map::len), Some(7));
    }
    assert_eq!(told["object"], "limits");
    assert_eq!(told["plan"], json!({"id": "dev", "name": "Developer"}));
    assert_eq!(told["key_requests"], json!({"limit": 3, "used": 1}));
    let spend = &told["key_spend_limit"];
    assert_eq!((&spend["amount"], &spend["resets_at"]), (&json!(0.5), &json!("2090-03-16T00:00:00+00:00")));
    let used = 1_000 + 2 * tokens;
    assert_eq!(
        told["month"],
        json!({"requests": {"limit": 17, "used": 8, "remaining": 9},
               "tokens": {"limit": 10_000_000, "used": used, "remaining": 10_000_000 - used},
               "resets_at": "2090-04-01T00:00:00+00:00"})
    );
    let trial = json!({"active": true, "ends_at": "2090-03-16T00:00:00+00:00", "requests_left": 12});
    assert_eq!(told["trial"], trial);
    assert!(told.get("account_id").is_none() && told.get("key_id").is_none());
    world.settled().await;
}

#[tokio::test]
async fn windows_slide_and_looking_counts_nothing() {
    let world = World::start().await;
    let owner = on_dev(&world).await;
    let advance = |seconds: u64| world.platform.upstash.advance_clock(Duration::from_secs(seconds)).expect("a clock");
    for call in 0..4 {
        if call == 2 {
            advance(40);
        }
        world.completion(&owner.key, &short()).await;
        world.settled().await;
    }
    let left = async |name: &str| limits(&world, &owner).await.success()["account"][name]["remaining"].clone();
    let watch = Watch::new(&world);
    for _ in 0..3 {
        assert_eq!(left("requests_per_minute").await, 296);
    }
    assert_eq!((watch.functions().len(), watch.evals()), (3, 3));
    assert_eq!(left("concurrency").await, 15);
    // A call whose function has died runs no longer than its time.
    let lease = format!("lease:account:{}", owner.id);
    world.platform.upstash.execute(&["ZADD", &lease, "1", "of a function that died"]).await.expect("ZADD");
    assert_eq!(left("concurrency").await, 15);
    // A quarter of the four has slid out of the minute that began when theirs ended; of a part, the whole counts. The last
    // of them have left it after 40 seconds.
    advance(35);
    assert_eq!((left("requests_per_minute").await, left("burst").await), (json!(297), json!(50)));
    advance(1);
    assert_eq!(left("requests_per_minute").await, 297);
    advance(23);
    assert_eq!(left("requests_per_minute").await, 298);
    advance(1);
    assert_eq!((left("requests_per_minute").await, left("requests_per_hour").await), (json!(300), json!(2_996)));
    // A month that is over counts nothing, nor does a limit that was overdrawn give less than nothing.
    world.set_clock("2090-04-01 00:00Z").await;
    let month = limits(&world, &owner).await.success()["month"].clone();
    assert_eq!(month["requests"], json!({"limit": 17, "used": 0, "remaining": 17}));
    world.limit(owner.id, &json!({"requests_per_hour": 1})).await;
    assert_eq!(left("requests_per_hour").await, 0);
}

#[tokio::test]
async fn without_redis_the_limits_are_shown_and_what_is_left_is_not() {
    let world = World::start().await;
    let owner = on_dev(&world).await;
    for fault in [
        Fault::Refuse,
        Fault::Answer { status: 500, body: "<html>".to_owned() },
        Fault::Answer { status: 200, body: r#"{"result":[1,2,3]}"#.to_owned() },
    ] {
        world.platform.upstash.control().fault_always(fault.clone());
        let degraded = limits(&world, &owner).await;
        assert_eq!(degraded.headers["x-ratelimit-degraded"], "true", "{fault:?}");
        let told = degraded.success();
        for subject in ["account", "key"] {
            for name in NAMES {
                assert_eq!(told[subject][name]["remaining"], Value::Null, "{name}");
            }
            assert_eq!(told[subject]["burst"]["limit"], 50);
        }
        world.platform.upstash.control().faults_clear();
        assert!(!limits(&world, &owner).await.headers.contains_key("x-ratelimit-degraded"));
    }
}

#[tokio::test]
async fn a_former_secret_sees_and_counts_what_its_key_does() {
    let world = World::start().await;
    let owner = on_dev(&world).await;
    let (key, _) = make(&world, &owner, json!({})).await;
    assert_eq!(chat(&world, &key.key).await, told(200, ""));
    world.settled().await;
    let new = super::rotate(&world, &owner, &key, 24).await;
    for secret in [&key, &new] {
        let told = limits(&world, secret).await.success();
        assert_eq!(told["key"]["requests_per_minute"], json!({"limit": 300, "remaining": 299}));
    }
}

#[tokio::test]
async fn the_limits_of_every_active_key_are_listed() {
    let world = World::start().await;
    let owner = on_dev(&world).await;
    for (hour, environment) in [(13, "live"), (14, "test"), (15, "live")] {
        world.set_clock(&format!("2090-03-15 {hour}:00Z")).await;
        make(&world, &owner, json!({"environment": environment, "rate_limits": {"burst": hour * 2}})).await;
    }
    let (over, _) = make(&world, &owner, json!({})).await;
    super::revoke(&world, &owner, &over).await.success();
    let page = async |query: &str| {
        ask(&world, Method::GET, &format!("/user/rate-limits{query}"), &owner.key, &Value::Null).await.success()
    };
    let all = page("").await;
    let figures: Vec<Value> = all["data"]
        .as_array()
        .expect("keys")
        .iter()
        .map(|key| json!([key["rate_limits"], key["in_force"]["burst"], key["in_force"]["tokens_per_day"]]))
        .collect();
    let wanted = [
        json!([{"burst": 30}, 30, 1_000_000]),
        // Half of the account's 50, so its own 28 has no effect.
        json!([{"burst": 28}, 25, 500_000]),
        json!([{"burst": 26}, 26, 1_000_000]),
        json!([{}, 50, 1_000_000]),
    ];
    assert_eq!(figures, wanted);
    let first = page("?limit=3").await;
    let rest = page(&format!("?cursor={}", first["next_cursor"].as_str().expect("a cursor"))).await;
    assert_eq!(rest["data"], json!([all["data"][3]]));
    assert_eq!((&rest["has_more"], &all["next_cursor"]), (&json!(false), &Value::Null));
}

#[tokio::test]
async fn a_keys_limits_are_lowered_never_raised_above_the_accounts_and_cleared() {
    let world = World::start().await;
    let owner = on_dev(&world).await;
    let (key, _) = make(&world, &owner, json!({"rate_limits": {"burst": 9, "concurrency": 2}})).await;
    let path = format!("/user/rate-limits/{}", key.key_id);
    let put = async |body: Value| ask(&world, Method::PUT, &path, &owner.key, &body).await;
    let lower = put(json!({"burst": 8, "requests_per_day": null})).await.success();
    assert_eq!(
        (&lower["object"], &lower["key_id"], &lower["rate_limits"]),
        (&json!("rate_limits"), &json!(key.key_id), &json!({"burst": 8}))
    );
    assert_eq!((&lower["in_force"]["burst"], &lower["in_force"]["concurrency"]), (&json!(8), &json!(15)));
    for (name, in_force) in NAMES.iter().zip([300, 50, 3_000, 10_000, 200_000, 1_000_000, 15]) {
        let refused = put(json!({ *name: in_force + 1 })).await.refused(400, "invalid_request");
        assert_eq!(refused["param"], *name);
        assert_eq!(put(json!({ *name: 0 })).await.refused(400, "invalid_request")["param"], *name);
        assert_eq!(put(json!({ *name: in_force })).await.success()["in_force"][name], in_force);
    }
    put(json!({"requests_per_month": 5})).await.refused(400, "unknown_field");
    assert_eq!(put(json!({})).await.success()["rate_limits"], json!({}));
    // When the account's own limit falls, the key's falls with it.
    put(json!({"burst": 50})).await.success();
    world.limit(owner.id, &json!({"burst": 4})).await;
    assert_eq!(limits(&world, &key).await.success()["key"]["burst"]["limit"], 4);
}
