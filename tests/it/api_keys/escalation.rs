//! No key finds a way to more than it has.

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, World};

use super::{PATH, ask, balance, change, make, path, revoke, told};

/// The scopes of every key of an account, and who has which secret.
async fn powers(world: &World, account: &Account) -> Value {
    let sql = format!(
        "select jsonb_object_agg(id, jsonb_build_array(scopes, key_hash)) from gateway.api_keys where account_id = '{}'",
        account.id
    );
    world.value(&sql).await
}

fn assert_refused(answer: &Answer, what: &Value) {
    let error = answer.refused(403, "insufficient_scope");
    assert_eq!(error["param"], "scopes", "{what}");
}

#[tokio::test]
async fn a_narrow_key_makes_and_widens_no_key_beyond_itself() {
    let world = World::start().await;
    let owner = world.account(0).await;
    world.change_account(&owner, "role = 'admin'").await;
    let narrow = world.another_key(&owner, "keys:write,keys:read,inference,admin:users").await;
    let target = world.another_key(&owner, "inference").await;
    let before = powers(&world, &owner).await;
    for scopes in [
        json!(["billing:read"]),
        json!(["inference", "account:write"]),
        json!(["*"]),
        json!(["admin"]),
        json!(["admin:credits"]),
    ] {
        let made = ask(&world, Method::POST, PATH, &narrow.key, &json!({"name": "x", "scopes": scopes})).await;
        assert_refused(&made, &scopes);
        for key in [&target, &narrow] {
            assert_refused(&change(&world, &narrow, key, &json!({ "scopes": scopes })).await, &scopes);
        }
    }
    // What is usual is not given smaller than it is.
    let usual = ask(&world, Method::POST, PATH, &narrow.key, &json!({"name": "x"})).await;
    assert_refused(&usual, &json!("the usual scopes"));
    assert_eq!(powers(&world, &owner).await, before);
    // What it has itself it hands on.
    make(&world, &narrow, json!({"scopes": ["admin:users", "keys:read"]})).await;
    let wider = change(&world, &narrow, &target, &json!({"scopes": ["keys:write", "inference"]})).await.success();
    assert_eq!(wider["scopes"], json!(["keys:write", "inference"]));
    // A key of more may keep what it has, or lose some of it.
    let all = world.another_key(&owner, "*").await;
    for scopes in [json!(["*"]), json!(["billing:read", "admin:credits"]), json!(["billing:read"])] {
        assert_eq!(change(&world, &narrow, &all, &json!({ "scopes": scopes })).await.success()["scopes"], scopes);
    }
    assert_refused(&change(&world, &narrow, &all, &json!({"scopes": ["account:read"]})).await, &json!("regained"));
}

#[tokio::test]
async fn a_narrow_key_rotates_no_key_that_may_do_more() {
    let world = World::start().await;
    let owner = world.account(0).await;
    let narrow = world.another_key(&owner, "keys:write,inference").await;
    let (less, more) = (world.another_key(&owner, "inference").await, world.another_key(&owner, "billing:read").await);
    let before = powers(&world, &owner).await;
    for key in [&owner, &more] {
        let refused = ask(&world, Method::POST, &path(key, "/rotate"), &narrow.key, &json!({})).await;
        assert_eq!(refused.refused(403, "insufficient_scope").get("api_key"), None);
    }
    assert_eq!(powers(&world, &owner).await, before);
    let body = json!({"environment": "live", "grace_period_hours": 0});
    let rotated = ask(&world, Method::POST, &format!("{PATH}/rotate"), &narrow.key, &body).await.success();
    let ids: Vec<&Value> = rotated["data"].as_array().expect("keys").iter().map(|entry| &entry["key"]["id"]).collect();
    assert_eq!(ids, [&json!(narrow.key_id), &json!(less.key_id)]);
    assert_eq!(rotated["skipped"], 2);
    let after = powers(&world, &owner).await;
    for key in [&owner, &more] {
        let id = key.key_id.to_string();
        assert_eq!(after[&id], before[&id]);
    }
    assert_eq!(balance(&world, &owner.key).await, told(200, ""));
}

#[tokio::test]
async fn a_role_bounds_what_its_people_hand_out() {
    let world = World::start().await;
    world
        .sql("insert into gateway.roles (name, permissions) values ('keeper', '{keys:read,keys:write,inference}')")
        .await;
    for (role, refused) in [
        ("keeper", vec!["admin", "admin:users", "billing:read", "account:write"]),
        ("user", vec!["admin", "admin:users", "admin:monitor"]),
        ("developer", vec!["admin", "admin:users", "admin:credits"]),
    ] {
        let owner = world.account(0).await;
        world.change_account(&owner, &format!("role = '{role}'")).await;
        let target = world.another_key(&owner, "inference").await;
        for scope in refused {
            let body = json!({"name": "x", "scopes": ["inference", scope]});
            assert_refused(&ask(&world, Method::POST, PATH, &owner.key, &body).await, &body);
            for key in [&target, &owner] {
                let changed = change(&world, &owner, key, &json!({"scopes": [scope]})).await;
                if key.key_id == owner.key_id {
                    // Its own key has it already, for the day when its role may.
                    changed.success();
                    world.change_key(&owner, "scopes = '{*}'").await;
                } else {
                    assert_refused(&changed, &body);
                }
            }
        }
    }
    // All that the role may is what the owner's own key has, and no more than that.
    let owner = world.account(0).await;
    world.change_account(&owner, "role = 'keeper'").await;
    let (all, _) = make(&world, &owner, json!({"scopes": ["*"]})).await;
    assert_eq!(balance(&world, &all.key).await, told(403, "insufficient_scope"));
    let admin = ask(&world, Method::POST, "/admin/create", &all.key, &json!({"email": "a@test.example"})).await;
    admin.refused(403, "insufficient_scope");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_revoked_leaves_no_key_behind_that_is_younger() {
    let Some(world) = World::concurrent("a revocation among creations").await else { return };
    let owner = world.account(0).await;
    let leaked = world.another_key(&owner, "*").await;
    let gates = ["create_api_key", "revoke_api_key"].map(|name| world.platform.postgrest.control().gate(Some(name)));
    let body = json!({"name": "x", "scopes": ["keys:write"]});
    let creations = join_all((0..30).map(|_| ask(&world, Method::POST, PATH, &leaked.key, &body)));
    let release = async {
        tests::certain("all creations", gates[0].waiting(30)).await;
        tests::certain("the revocation", gates[1].waiting(1)).await;
        drop(gates);
    };
    let (answers, revoked, ()) = tokio::join!(creations, revoke(&world, &owner, &leaked), release);
    revoked.success();
    let served = answers.iter().filter(|answer| answer.status == 200).count();
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        answer.refused(401, "api_key_revoked");
    }
    let sql = format!(
        "select jsonb_build_array(count(*), count(*) filter (where created_at >= (
           select revoked_at from gateway.api_keys where id = '{}'))) from gateway.api_keys where name = 'x'",
        leaked.key_id
    );
    assert_eq!(world.value(&sql).await, json!([served, 0]));
}
