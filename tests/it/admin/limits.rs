//! Limits and plans that administrators set hold on the very next call, at every instance.

use std::time::Duration;

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, World, hello};

use super::post;

/// A world in which no window passes.
async fn world() -> World {
    let world = World::start().await;
    world.platform.upstash.stop_clock(Duration::from_secs(23_148 * 86_400)).expect("the in-process Redis");
    world
}

/// An account that has nothing but credit, so that the plan `free` is in force.
async fn free_account(world: &World) -> Account {
    let account = world.account(1_000_000_000).await;
    world.change_account(&account, "plan = null, rate_limits = '{}', has_purchased = false").await;
    account
}

async fn call_at(world: &World, gateway: &str, account: &Account) -> Answer {
    let request = world.http.post(format!("{gateway}/v1/chat/completions")).bearer_auth(&account.key);
    Answer::to(request.header("content-type", "application/json").body(hello(&json!({})).to_string())).await
}

/// The requests a minute that a served call was told of.
fn allowance(answer: &Answer) -> &str {
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.headers["x-ratelimit-limit-requests"].to_str().expect("text")
}

async fn limit(world: &World, admin: &Account, account: &Account, limits: Value) -> Value {
    let body = json!({"account_id": account.id, "limits": limits});
    post(world, admin, "/admin/limit", &body, None).await.success()
}

#[tokio::test]
async fn a_limit_holds_on_the_very_next_call_at_another_instance() {
    let world = world().await;
    let (admin, account) = (world.administrator().await, free_account(&world).await);
    let other = world.another_gateway().await;
    for gateway in [&world.base_url, &other, &world.base_url] {
        assert_eq!(allowance(&call_at(&world, gateway, &account).await), "60");
    }
    let set = limit(&world, &admin, &account, json!({"requests_per_minute": 1000, "burst": 500})).await;
    assert_eq!((&set["object"], &set["account_id"]), (&json!("account_limits"), &json!(account.id)));
    assert_eq!(set["plan_in_force"], "free");
    assert_eq!((&set["rate_limits"]["burst"], &set["rate_limits"]["concurrency"]), (&json!(500), &Value::Null));
    assert_eq!(allowance(&call_at(&world, &other, &account).await), "1000");
    limit(&world, &admin, &account, json!({"requests_per_minute": 4})).await;
    for gateway in [&world.base_url, &other] {
        call_at(&world, gateway, &account).await.refused(429, "rate_limit_exceeded");
    }
    // Null goes back to the plan's; what is not named stays.
    let set = limit(&world, &admin, &account, json!({"requests_per_minute": null})).await;
    assert_eq!((&set["rate_limits"]["requests_per_minute"], &set["rate_limits"]["burst"]), (&Value::Null, &json!(500)));
    let fresh = world.another_gateway().await;
    assert_eq!(allowance(&call_at(&world, &fresh, &account).await), "60");
    world.settled().await;
}

#[tokio::test]
async fn a_months_limit_holds_on_the_very_next_call_at_another_instance() {
    let world = world().await;
    let (admin, account) = (world.administrator().await, free_account(&world).await);
    let other = world.another_gateway().await;
    for name in ["requests_per_month", "tokens_per_month"] {
        assert_eq!(call_at(&world, &other, &account).await.status, 200);
        world.settled().await;
        limit(&world, &admin, &account, json!({name: 1})).await;
        call_at(&world, &other, &account).await.refused(429, "quota_exceeded");
        limit(&world, &admin, &account, json!({name: null})).await;
    }
    assert_eq!(call_at(&world, &other, &account).await.status, 200);
    world.settled().await;
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_plan_holds_on_the_very_next_call_at_another_instance_and_until_its_end() {
    let world = world().await;
    let (admin, account) = (world.administrator().await, free_account(&world).await);
    let other = world.another_gateway().await;
    for gateway in [&world.base_url, &other] {
        assert_eq!(allowance(&call_at(&world, gateway, &account).await), "60");
    }
    let assign = async |plan: Value, ends_at: Value| {
        let body = json!({"email": format!("{}@test.example", account.id), "plan": plan, "ends_at": ends_at});
        post(&world, &admin, "/admin/assign-plan", &body, None).await.success()
    };
    let given = assign(json!("team"), Value::Null).await;
    let wanted = json!({"object": "plan_assignment", "account_id": account.id, "plan": "team", "ends_at": null,
                        "plan_in_force": "team"});
    assert_eq!(given, wanted);
    assert_eq!(allowance(&call_at(&world, &other, &account).await), "1000");
    let given = assign(json!("dev"), json!("2100-01-01T00:00:00Z")).await;
    assert_eq!((&given["ends_at"], &given["plan_in_force"]), (&json!("2100-01-01T00:00:00+00:00"), &json!("dev")));
    assert_eq!(allowance(&call_at(&world, &other, &account).await), "300");
    world.settled().await;
    world.set_clock("2100-01-01 00:00Z").await;
    assert_eq!(allowance(&call_at(&world, &world.base_url, &account).await), "60");
    let taken = assign(Value::Null, Value::Null).await;
    assert_eq!(
        (&taken["plan"], &taken["ends_at"], &taken["plan_in_force"]),
        (&Value::Null, &Value::Null, &json!("free"))
    );
    assert_eq!(world.money(account.id).await.2, 0);
    world.settled().await;
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn what_is_no_limit_or_no_plan_is_refused_and_named() {
    let world = World::start().await;
    let (admin, account) = (world.administrator().await, world.account(0).await);
    let before = world.evidence(account.id).await;
    let of = |member: &str, value: Value| json!({"account_id": account.id, member: value});
    let with = |mut body: Value, member: &str, value: Value| {
        body[member] = value;
        body
    };
    let (limit, plan) = ("/admin/limit", "/admin/assign-plan");
    let cases = [
        (limit, of("limits", json!({"burst": 0})), "invalid_request", json!("limits.burst")),
        (
            limit,
            of("limits", json!({"concurrency": 1_000_000_000_001_u64})),
            "invalid_request",
            json!("limits.concurrency"),
        ),
        (limit, of("limits", json!({"burst": -1})), "invalid_request", json!("limits.burst")),
        (limit, of("limits", json!({"burst": 1.5})), "invalid_request", json!("limits")),
        (limit, of("limits", json!({"burst": u64::MAX})), "invalid_request", json!("limits")),
        (limit, of("limits", json!({"requests": 1})), "unknown_field", json!("requests")),
        (limit, of("limits", Value::Null), "invalid_request", json!("limits")),
        (limit, json!({"account_id": account.id}), "invalid_request", json!("limits")),
        (limit, json!({"limits": {}}), "invalid_request", json!("account_id")),
        (limit, with(of("limits", json!({})), "email", json!("a@b.example")), "invalid_request", json!("account_id")),
        (plan, json!({"account_id": account.id}), "invalid_request", json!("plan")),
        (plan, json!({"plan": "dev"}), "invalid_request", json!("account_id")),
        (plan, of("plan", json!(1)), "invalid_request", json!("plan")),
        (
            plan,
            with(of("plan", json!("dev")), "ends_at", json!("2020-01-01T00:00:00Z")),
            "invalid_request",
            json!("ends_at"),
        ),
        (
            plan,
            with(of("plan", Value::Null), "ends_at", json!("2100-01-01T00:00:00Z")),
            "invalid_request",
            json!("ends_at"),
        ),
        (plan, with(of("plan", json!("dev")), "price", json!(1)), "unknown_field", json!("price")),
    ];
    for (path, body, code, param) in cases {
        let told = post(&world, &admin, path, &body, None).await.refused(400, code);
        assert_eq!(told["param"], param, "{path} {body}");
    }
    let told = post(&world, &admin, plan, &of("plan", json!("gold")), None).await.refused(404, "plan_not_found");
    assert_eq!(told["param"], "plan");
    for (path, member, value) in [(limit, "limits", json!({})), (plan, "plan", json!("dev"))] {
        let body = json!({"email": "nobody@test.example", member: value});
        post(&world, &admin, path, &body, None).await.refused(404, "account_not_found");
    }
    assert_eq!(world.evidence(account.id).await, before);
    // The highest and the lowest, and nothing at all.
    for limits in [json!({"burst": 1_000_000_000_000_u64}), json!({"burst": 1}), json!({})] {
        post(&world, &admin, limit, &of("limits", limits), None).await.success();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_set_at_the_same_time_are_all_set() {
    let Some(world) = World::concurrent("limits at the same time").await else { return };
    let (admin, account) = (world.administrator().await, free_account(&world).await);
    let (world, admin, account) = (&world, &admin, &account);
    let names = [
        "requests_per_minute",
        "burst",
        "requests_per_hour",
        "requests_per_day",
        "requests_per_month",
        "tokens_per_minute",
        "tokens_per_day",
        "tokens_per_month",
        "concurrency",
    ];
    let all = names.map(|name| async move { limit(world, admin, account, json!({name: 7})).await });
    futures_util::future::join_all(all).await;
    let stored = world.value(&format!("select rate_limits from gateway.accounts where id = '{}'", account.id)).await;
    assert_eq!(stored.as_object().map(serde_json::Map::len), Some(names.len()), "{stored}");
}
