//! The record of what administrators did.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, World};

use crate::admin::post;

/// An act: method, path, body, and the entry that it leaves: action, target's id, details.
struct Act {
    request: (&'static str, String, Value),
    action: &'static str,
    target: Option<Value>,
    target_id: Value,
    details: Value,
}

fn act(request: (&'static str, &str, Value), action: &'static str, target_id: Value, details: Value) -> Act {
    Act { request: (request.0, request.1.to_owned(), request.2), action, target: None, target_id, details }
}

/// Every act of an administrator but making an account, whose target does not exist yet. They are done in this order.
fn acts(account: &Account) -> Vec<Act> {
    let id = account.id;
    let user = format!("/admin/users/{id}");
    let limit = |limits: Value| ("POST", "/admin/limit", json!({"account_id": id, "limits": limits}));
    let plan = |body: Value| ("POST", "/admin/assign-plan", body);
    let assign = |role: &str| ("POST", "/admin/roles/assign", json!({"account_id": id, "role": role}));
    let credit = |body: Value| ("POST", "/admin/add_credits", body);
    // Of a name the trail does not say into what it was changed, since it outlives the account's deletion.
    let update = |renamed: bool, disabled: bool| json!({"renamed": renamed, "before": {"disabled": !disabled}, "after": {"disabled": disabled}});
    let mut acts = vec![
        act(
            credit(json!({"account_id": id, "amount": 2, "reason": "a gift"})),
            "credits.change",
            Value::Null,
            json!({"amount": 2, "reason": "a gift", "before": {"balance": 0, "debt": 0}, "after": {"balance": 2, "debt": 0}}),
        ),
        act(
            credit(json!({"account_id": id, "amount": -0.5})),
            "credits.change",
            Value::Null,
            json!({"amount": -0.5, "reason": null, "before": {"balance": 2, "debt": 0}, "after": {"balance": 1.5, "debt": 0}}),
        ),
        act(
            limit(json!({"burst": 7, "tokens_per_month": 9})),
            "limits.change",
            Value::Null,
            json!({"before": {}, "after": {"burst": 7, "tokens_per_month": 9}}),
        ),
        act(
            limit(json!({"burst": null, "concurrency": 3})),
            "limits.change",
            Value::Null,
            json!({"before": {"burst": 7, "tokens_per_month": 9}, "after": {"concurrency": 3, "tokens_per_month": 9}}),
        ),
        act(
            plan(json!({"account_id": id, "plan": "dev", "ends_at": "2100-01-01T00:00:00Z"})),
            "plan.assign",
            json!("dev"),
            json!({"before": {"plan": "customize", "ends_at": null},
                   "after": {"plan": "dev", "ends_at": "2100-01-01T00:00:00+00:00"}}),
        ),
        act(
            plan(json!({"account_id": id, "plan": null})),
            "plan.assign",
            Value::Null,
            json!({"before": {"plan": "dev", "ends_at": "2100-01-01T00:00:00+00:00"},
                   "after": {"plan": null, "ends_at": null}}),
        ),
        act(
            ("PATCH", &user, json!({"username": "Ann", "disabled": true})),
            "user.update",
            Value::Null,
            update(true, true),
        ),
        act(("PATCH", &user, json!({"disabled": false})), "user.update", Value::Null, update(false, false)),
        act(
            assign("developer"),
            "role.assign",
            json!("developer"),
            json!({"before": {"role": "user"}, "after": {"role": "developer"}}),
        ),
    ];
    for act in &mut acts {
        act.target = Some(json!(id));
    }
    let role = "/admin/roles/helper";
    acts.extend([
        act(
            ("POST", "/admin/roles", json!({"name": "helper", "permissions": ["keys:read"]})),
            "role.create",
            json!("helper"),
            json!({"before": null, "after": {"permissions": ["keys:read"]}}),
        ),
        act(
            ("PUT", role, json!({"permissions": ["admin:users"]})),
            "role.update",
            json!("helper"),
            json!({"before": {"permissions": ["keys:read"]}, "after": {"permissions": ["admin:users"]}}),
        ),
        act(
            ("DELETE", role, Value::Null),
            "role.delete",
            json!("helper"),
            json!({"before": {"permissions": ["admin:users"]}, "after": null}),
        ),
    ]);
    acts
}

/// Does an act as this administrator, from the console `console/i` in the request `request-i`.
async fn perform(world: &World, admin: &Account, i: usize, (method, path, body): &(&str, String, Value)) -> Answer {
    let request = world
        .http
        .request(method.parse().expect("a method"), format!("{}{path}", world.base_url))
        .bearer_auth(&admin.key)
        .header("content-type", "application/json")
        .header("user-agent", format!("console/{i}"))
        .header("x-request-id", format!("request-{i}"));
    Answer::to(request.body(body.to_string())).await
}

async fn trail(world: &World) -> Vec<Value> {
    let rows = world.value("select jsonb_agg(l order by id) from gateway.audit_logs l").await;
    rows.as_array().expect("rows").clone()
}

/// An account without anything of its own.
async fn plain_account(world: &World) -> Account {
    let account = world.account(0).await;
    world.change_account(&account, "rate_limits = '{}'").await;
    account
}

#[tokio::test]
async fn every_act_is_recorded_with_who_did_it_from_where_to_whom_and_what_was_before() {
    let world = World::start().await;
    let (admin, account) = (world.administrator().await, plain_account(&world).await);
    let mut acts = acts(&account);
    let body = json!({"email": "new@test.example", "credits": 1.5, "plan": "dev", "role": "developer"});
    let made = json!({"role": "developer", "plan": "dev", "balance": 1.5});
    let details = json!({"before": null, "after": made});
    acts.push(act(("POST", "/admin/create", body), "account.create", Value::Null, details));
    for (i, act) in acts.iter().enumerate() {
        let told = perform(&world, &admin, i, &act.request).await;
        assert_eq!(told.outcome().0, 200, "{:?}: {}", act.request, told.text);
    }
    let made = world
        .value(
            "select jsonb_build_array(a.id, k.id) from gateway.accounts a join gateway.api_keys k on k.account_id = a.id
             where email = 'new@test.example'",
        )
        .await;
    let last = acts.last_mut().expect("an act");
    (last.target, last.target_id) = (Some(made[0].clone()), made[1].clone());
    let rows = trail(&world).await;
    assert_eq!(rows.len(), acts.len());
    for (i, (row, act)) in rows.iter().zip(&acts).enumerate() {
        assert_eq!(row["action"], act.action);
        assert_eq!((&row["actor_account_id"], &row["actor_key_id"]), (&json!(admin.id), &json!(admin.key_id)));
        assert_eq!((&row["ip"], &row["user_agent"]), (&json!("127.0.0.1"), &json!(format!("console/{i}"))));
        assert_eq!(row["request_id"], json!(format!("request-{i}")));
        assert_eq!(row["target_account_id"], act.target.clone().unwrap_or_default(), "{}", act.action);
        assert_eq!(row["target_id"], act.target_id, "{}", act.action);
        assert_eq!(row["details"], act.details, "{}", act.action);
        assert!(row["created_at"].is_string());
    }
    // As they are read by whoever may.
    let page = Answer::to(world.get("/admin/audit-logs", &admin.key)).await.success();
    let mut read = super::entries(&page);
    read.reverse();
    for (entry, row) in read.iter_mut().zip(&rows) {
        assert_eq!(entry.as_object_mut().expect("an entry").remove("object"), Some(json!("audit_log")));
        assert_eq!(entry, row);
    }
}

#[tokio::test]
async fn what_changes_nothing_is_no_act() {
    let world = World::start().await;
    let (admin, account) = (world.administrator().await, plain_account(&world).await);
    let acts = acts(&account);
    // Once more what was just done, but for credit and for a role that is there already, or no more.
    for (i, act) in acts.iter().enumerate() {
        perform(&world, &admin, i, &act.request).await.success();
        let before = trail(&world).await.len();
        if !matches!(act.action, "credits.change" | "role.create" | "role.delete") {
            perform(&world, &admin, i, &act.request).await.success();
            assert_eq!(trail(&world).await.len(), before, "{}", act.action);
        }
    }
}

#[tokio::test]
async fn what_was_refused_or_repeated_is_not_recorded_as_done() {
    let world = World::start().await;
    let (admin, account) = (world.administrator().await, world.account(0).await);
    let give = json!({"account_id": account.id, "amount": 1});
    for _ in 0..3 {
        post(&world, &admin, "/admin/add_credits", &give, Some("k")).await.success();
    }
    post(&world, &admin, "/admin/add_credits", &json!({"account_id": account.id, "amount": -5}), None)
        .await
        .refused(402, "insufficient_credits");
    for act in acts(&account) {
        let refused = perform(&world, &account, 0, &act.request).await;
        refused.refused(403, "insufficient_scope");
    }
    let done = "select count(*) from gateway.audit_logs where action <> 'key.refused'";
    assert_eq!(world.value(done).await, json!(1));
}

#[tokio::test]
async fn no_entry_holds_a_secret() {
    let world = World::start().await;
    let (admin, account) = (world.administrator().await, plain_account(&world).await);
    let made = post(&world, &admin, "/admin/create", &json!({"email": "new@test.example"}), Some("k")).await.success();
    let key = made["api_key"].as_str().expect("a key").to_owned();
    for (i, act) in acts(&account).iter().enumerate() {
        perform(&world, &admin, i, &act.request).await.success();
    }
    Answer::to(world.get("/admin/ledger/check", &key)).await.refused(403, "insufficient_scope");
    let logs = json!(trail(&world).await).to_string();
    let kept: Value = world.value("select jsonb_agg(i) from gateway.idempotency_keys i").await;
    assert!(logs.contains("key.refused") && logs.contains("role.create"), "this test looks at nothing");
    for key in [&key, &admin.key, &account.key] {
        for secret in [key.as_str(), &world.hash(key), key.splitn(3, '_').nth(2).expect("a part")] {
            assert!(!logs.contains(secret) && !kept.to_string().contains(secret));
        }
        assert!(!world.is_stored(key).await);
    }
    for secret in
        ["CRON_SECRET", "API_KEY_PEPPER", "SUPABASE_SECRET_KEY", "UPSTASH_REDIS_REST_TOKEN", "OPENROUTER_API_KEY"]
    {
        assert!(!world.is_stored(&world.platform.variables()[secret]).await, "{secret}");
    }
}
