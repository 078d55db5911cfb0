//! Plans as administrators change them: what holds from then on, what no seed undoes, and what cannot be.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, World, hello};

/// What the next migration would bring.
const SEEDS: &str = include_str!("../../../supabase/seeds/plans.sql");

async fn change(world: &World, admin: &Account, plan: &str, body: &Value) -> Answer {
    let request = world.http.patch(format!("{}/admin/plans/{plan}", world.base_url)).bearer_auth(&admin.key);
    Answer::to(request.header("content-type", "application/json").body(body.to_string())).await
}

async fn listed(world: &World, admin: &Account, plan: &str) -> Value {
    let plans = Answer::to(world.get("/admin/plans", &admin.key)).await.success();
    plans["data"].as_array().and_then(|plans| plans.iter().find(|row| row["id"] == plan).cloned()).expect(plan)
}

#[tokio::test]
async fn a_changed_plan_holds_on_the_next_call_is_on_the_trail_and_no_seed_undoes_it() {
    let world = World::start().await;
    let (admin, account) = (world.administrator().await, world.account(1_000_000_000).await);
    world.change_account(&account, "plan = 'team'").await;
    world.completion(&account.key, &hello(&json!({}))).await;
    let before = listed(&world, &admin, "team").await;
    assert_eq!((&before["pinned"], &before["price_per_month"]), (&json!(false), &json!(99)));
    // A factor is no seed's matter.
    change(&world, &admin, "team", &json!({"price_factor": 1})).await.success();
    assert_eq!(listed(&world, &admin, "team").await["pinned"], false);

    let body = json!({"name": "Crew", "price_per_month": 49.5, "price_per_year": null, "credits_per_month": 12.000000001,
        "limits": {"requests_per_month": 1, "burst": 77}});
    let changed = change(&world, &admin, "team", &body).await.success();
    for (member, value) in [
        ("name", json!("Crew")),
        ("price_per_month", json!(49.5)),
        ("price_per_year", Value::Null),
        ("credits_per_month", json!(12.000000001)),
        ("pinned", json!(true)),
    ] {
        assert_eq!(changed[member], value, "{member}");
    }
    let limits = &changed["limits"];
    assert_eq!((&limits["requests_per_month"], &limits["burst"]), (&json!(1), &json!(77)));
    assert_eq!(limits["concurrency"], before["limits"]["concurrency"]);
    assert_eq!(listed(&world, &admin, "team").await, changed);
    // Its accounts' next call goes by it, and everybody sees it.
    Answer::to(world.chat(&account.key, &hello(&json!({})))).await.refused(429, "quota_exceeded");
    let shown = Answer::to(world.http.get(format!("{}/plans/team", world.base_url))).await.success();
    assert_eq!((&shown["price_per_month"], &shown["limits"]), (&changed["price_per_month"], limits));

    world.sql(SEEDS).await;
    assert_eq!(listed(&world, &admin, "team").await, changed);
    // A change that changes nothing leaves no trace; each other has what was before and after.
    change(&world, &admin, "team", &body).await.success();
    let trail =
        world.value("select jsonb_agg(details order by id) from gateway.audit_logs where action = 'plan.update'").await;
    assert_eq!(trail.as_array().map(Vec::len), Some(1), "{trail}");
    assert_eq!((&trail[0]["before"]["name"], &trail[0]["after"]["name"]), (&json!("Team"), &json!("Crew")));
    // Handed back, it is as the seeds have it.
    change(&world, &admin, "team", &json!({"pinned": false})).await.success();
    world.sql(SEEDS).await;
    assert_eq!(listed(&world, &admin, "team").await, before);
}

#[tokio::test]
async fn what_a_plan_cannot_be_is_refused_by_its_name_and_changes_nothing() {
    let world = World::start().await;
    let admin = world.administrator().await;
    let before = listed(&world, &admin, "dev").await;
    for (body, param) in [
        (json!({"name": ""}), "name"),
        (json!({"price_per_month": -1}), "price_per_month"),
        (json!({"price_per_month": 0.001}), "price_per_month"),
        (json!({"price_per_month": 1_000_000.01}), "price_per_month"),
        (json!({"price_per_month": 0}), "price_per_year"),
        (json!({"price_per_year": 0}), "price_per_year"),
        (json!({"credits_per_month": -0.01}), "credits_per_month"),
        (json!({"limits": {}}), "limits"),
        (json!({"limits": {"burst": 0}}), "limits.burst"),
        (json!({"limits": {"burst": 1_000_000_000_001i64}}), "limits.burst"),
    ] {
        let answer = change(&world, &admin, "dev", &body).await;
        assert_eq!(answer.refused(400, "invalid_request")["param"], param, "{body}");
    }
    for (body, code) in [
        (json!({}), "invalid_request"),
        (json!({"name": null}), "invalid_request"),
        (json!({"limits": [1, 2]}), "invalid_request"),
        (json!({"limits": {"burst": null}}), "invalid_request"),
        (json!({"id": "other"}), "unknown_field"),
        (json!({"limits": {"requests": 1}}), "unknown_field"),
    ] {
        assert_eq!(change(&world, &admin, "dev", &body).await.outcome(), (400, code.to_owned()), "{body}");
    }
    change(&world, &admin, "none", &json!({"pinned": true})).await.refused(404, "plan_not_found");
    assert_eq!(listed(&world, &admin, "dev").await, before);
}
