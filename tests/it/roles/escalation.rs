//! Nobody hands out, takes away or stands in the way of more than they may do themselves.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, World};

use super::{assign, holder, role, role_of, send};

/// Everything that could have been gained: roles, and who has which.
async fn powers(world: &World) -> Value {
    let sql = "select jsonb_build_array((select jsonb_agg(r order by name) from gateway.roles r),
                 (select jsonb_agg(jsonb_build_array(id, role, disabled_at) order by id) from gateway.accounts))";
    world.value(sql).await
}

/// Roles, and callers that may administer roles and accounts but not everything: by their role, or by their key.
async fn callers(world: &World) -> Vec<(&'static str, Account)> {
    role(world, "manager", "admin:roles,admin:users,keys:read").await;
    role(world, "areas", "admin:roles,admin:users,admin:credits,inference,keys:read").await;
    vec![
        ("a narrow role", holder(world, "manager", "*").await),
        ("a narrow role and a key of all scopes by name", holder(world, "manager", "*,admin,inference").await),
        ("a narrow key of an administrator", holder(world, "admin", "admin:roles,admin:users,keys:read").await),
        ("a role of more areas with a narrow key", holder(world, "areas", "admin:roles,admin:users,keys:read").await),
    ]
}

#[tokio::test]
async fn a_role_beyond_ones_own_permissions_is_neither_made_nor_changed_nor_deleted() {
    let world = World::start().await;
    let _other = world.administrator().await;
    let callers = callers(&world).await;
    role(&world, "strong", "admin:ledger").await;
    role(&world, "weak", "admin:users").await;
    for (who, caller) in callers {
        let before = powers(&world).await;
        for permission in ["*", "admin", "admin:ledger", "inference", "keys:write"] {
            let permissions = json!(["admin:users", permission]);
            let body = json!({"name": "gained", "permissions": permissions});
            let told = Answer::to(world.post("/admin/roles", &caller.key, &body)).await;
            assert_eq!(told.refused(403, "insufficient_scope")["required_scope"], permission, "{who}");
            let body = json!({"permissions": permissions});
            for name in ["weak", "manager"] {
                let told = send(&world, "PUT", &format!("/admin/roles/{name}"), &caller.key, &body).await;
                assert_eq!(told.refused(403, "insufficient_scope")["required_scope"], permission, "{who} {name}");
            }
        }
        // Nor is a stronger role weakened.
        let nothing = json!({"permissions": []});
        send(&world, "PUT", "/admin/roles/strong", &caller.key, &nothing).await.refused(403, "insufficient_scope");
        send(&world, "DELETE", "/admin/roles/strong", &caller.key, &Value::Null)
            .await
            .refused(403, "insufficient_scope");
        assert_eq!(powers(&world).await, before, "{who}");
    }
}

#[tokio::test]
async fn what_is_within_ones_own_permissions_is_ones_to_give() {
    let world = World::start().await;
    let _other = world.administrator().await;
    for (i, (who, caller)) in callers(&world).await.into_iter().enumerate() {
        let (name, someone) = (format!("helper-{i}"), world.account(0).await);
        let body = json!({"name": name, "permissions": ["admin:users"]});
        assert_eq!(Answer::to(world.post("/admin/roles", &caller.key, &body)).await.outcome().0, 200, "{who}");
        let wider = json!({"permissions": ["admin:users", "keys:read"]});
        let path = format!("/admin/roles/{name}");
        assert_eq!(send(&world, "PUT", &path, &caller.key, &wider).await.outcome().0, 200, "{who}");
        // To a user and back: anyone can become a user by signing up.
        assert_eq!(assign(&world, &caller.key, &someone, &name).await.outcome().0, 200, "{who}");
        assert_eq!(assign(&world, &caller.key, &someone, "user").await.outcome().0, 200, "{who}");
        assert_eq!(send(&world, "DELETE", &path, &caller.key, &Value::Null).await.outcome().0, 200, "{who}");
        let made = json!({"email": format!("{name}@test.example")});
        assert_eq!(Answer::to(world.post("/admin/create", &caller.key, &made)).await.outcome().0, 200, "{who}");
        let disable = json!({"disabled": true});
        let path = format!("/admin/users/{}", someone.id);
        assert_eq!(send(&world, "PATCH", &path, &caller.key, &disable).await.outcome().0, 200, "{who}");
    }
}

#[tokio::test]
async fn a_role_beyond_ones_own_is_given_to_nobody_oneself_included() {
    let world = World::start().await;
    let _other = world.administrator().await;
    role(&world, "strong", "admin:ledger").await;
    role(&world, "everything", "*").await;
    for (who, caller) in callers(&world).await {
        let someone = world.account(0).await;
        let before = powers(&world).await;
        for name in ["admin", "developer", "strong", "everything", "areas"] {
            for target in [&someone, &caller] {
                assign(&world, &caller.key, target, name).await.refused(403, "insufficient_scope");
            }
            let body = json!({"email": "gained@test.example", "role": name});
            Answer::to(world.post("/admin/create", &caller.key, &body)).await.refused(403, "insufficient_scope");
        }
        assert_eq!(powers(&world).await, before, "{who}");
    }
}

#[tokio::test]
async fn a_stronger_account_is_neither_demoted_nor_disabled_nor_enabled() {
    let world = World::start().await;
    let _other = world.administrator().await;
    role(&world, "strong", "admin:ledger").await;
    for (who, caller) in callers(&world).await {
        for name in ["admin", "developer", "strong"] {
            let stronger = holder(&world, name, "*").await;
            assign(&world, &caller.key, &stronger, "user").await.refused(403, "insufficient_scope");
            let path = format!("/admin/users/{}", stronger.id);
            let disable = json!({"disabled": true});
            send(&world, "PATCH", &path, &caller.key, &disable).await.refused(403, "insufficient_scope");
            assert_eq!(role_of(&world, &stronger).await, name, "{who}");
            let enabled = format!("select disabled_at is null from gateway.accounts where id = '{}'", stronger.id);
            assert_eq!(world.value(&enabled).await, json!(true), "{who}");
            world.change_account(&stronger, "disabled_at = gateway.now()").await;
            let enable = json!({"disabled": false});
            send(&world, "PATCH", &path, &caller.key, &enable).await.refused(403, "insufficient_scope");
            Answer::to(world.get("/user/balance", &stronger.key)).await.refused(403, "account_disabled");
            // Its name is no power.
            send(&world, "PATCH", &path, &caller.key, &json!({"username": "N"})).await.success();
        }
    }
}

#[tokio::test]
async fn an_account_with_credit_or_a_plan_is_made_by_whoever_may_give_these() {
    let world = World::start().await;
    let email = json!("new@test.example");
    let narrow = holder(&world, "admin", "admin:users").await;
    for (member, value, scope) in [("credits", json!(5), "admin:credits"), ("plan", json!("team"), "admin:plans")] {
        let body = json!({"email": email, member: value});
        let told = Answer::to(world.post("/admin/create", &narrow.key, &body)).await;
        assert_eq!(told.refused(403, "insufficient_scope")["required_scope"], scope);
    }
    assert_eq!(world.value("select count(*) from gateway.credit_grants").await, json!(0));
    let able = holder(&world, "admin", "admin:users,admin:credits,admin:plans").await;
    let body = json!({"email": email, "credits": 5, "plan": "team"});
    Answer::to(world.post("/admin/create", &able.key, &body)).await.success();
}

#[tokio::test]
async fn limits_plans_and_credit_need_their_scope_and_nothing_else() {
    let world = World::start().await;
    let admin = world.administrator().await;
    for (scope, path, member, value) in [
        ("admin:limits", "/admin/limit", "limits", json!({"burst": 5})),
        ("admin:plans", "/admin/assign-plan", "plan", json!("dev")),
        ("admin:credits", "/admin/add_credits", "amount", json!(1)),
    ] {
        role(&world, &scope.replace(':', "-"), scope).await;
        let caller = holder(&world, &scope.replace(':', "-"), "*").await;
        // One's own account included: it is on record.
        for target in [&admin, &caller] {
            let body = json!({"account_id": target.id, member: value});
            Answer::to(world.post(path, &caller.key, &body)).await.success();
        }
    }
}

#[tokio::test]
async fn a_refused_attempt_is_on_record() {
    let world = World::start().await;
    let caller = holder(&world, "admin", "admin:roles").await;
    assign(&world, &caller.key, &caller, "admin").await.refused(403, "insufficient_scope");
    let row = world.value("select jsonb_agg(l) from gateway.audit_logs l").await;
    assert_eq!(row.as_array().map(Vec::len), Some(1));
    assert_eq!(
        (&row[0]["action"], &row[0]["details"]),
        (&json!("key.refused"), &json!({"reason": "insufficient_scope"}))
    );
    assert_eq!(row[0]["actor_key_id"], json!(caller.key_id));
}
