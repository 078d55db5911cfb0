//! Roles that are given, changed and deleted at the same time.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, World};
use tokio_postgres::Client;

use super::{assign, request, role, send};

/// Deletes a role while it is given to an account and to a new one. `turns` says how many requests wait for the role's row before
/// the deletion, the assignment and the creation are sent: they get the row in that order. Gives whether the role is gone.
async fn deleted_and_given(world: &World, admin: &Account, name: &str, turns: [i64; 3]) -> bool {
    role(world, name, "inference").await;
    let someone = world.account(0).await;
    let path = format!("/admin/roles/{name}");
    let new = json!({"email": format!("{name}@test.example"), "role": name});
    let holder = world.locked_rows(&format!("select from gateway.roles where name = '{name}'")).await;
    let deleting = async {
        world.until_waiting(turns[0]).await;
        send(world, "DELETE", &path, &admin.key, &Value::Null).await
    };
    let assigning = async {
        world.until_waiting(turns[1]).await;
        assign(world, &admin.key, &someone, name).await
    };
    let creating = async {
        world.until_waiting(turns[2]).await;
        Answer::to(world.post("/admin/create", &admin.key, &new)).await
    };
    let letting_go = async {
        world.until_waiting(3).await;
        run(&holder, "commit").await;
    };
    let (deleted, assigned, created, ()) = tokio::join!(deleting, assigning, creating, letting_go);
    let holders = world.value(&format!("select count(*) from gateway.accounts where role = '{name}'")).await;
    if deleted.status == 200 {
        assigned.refused(404, "role_not_found");
        assert_eq!(created.refused(400, "invalid_request")["param"], "role");
        assert_eq!(holders, json!(0));
        return true;
    }
    deleted.refused(409, "role_in_use");
    assert_eq!((assigned.status, created.status, holders), (200, 200, json!(2)));
    false
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_is_deleted_while_it_is_given_is_gone_if_that_came_first_and_had_otherwise() {
    let Some(world) = World::concurrent("a role deleted while it is given").await else { return };
    let admin = world.administrator().await;
    for (name, turns, gone) in [
        ("deleted-first", [0, 1, 2], true),
        ("given-first", [1, 0, 2], false),
        ("created-first", [1, 2, 0], false),
        ("deleted-last", [2, 0, 1], false),
    ] {
        assert_eq!(deleted_and_given(&world, &admin, name, turns).await, gone, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_creations_of_one_role_at_once_make_one() {
    let Some(world) = World::concurrent("creations of a role at the same time").await else { return };
    let admin = world.administrator().await;
    let body = json!({"name": "one-role", "permissions": ["inference"]});
    let creations = (0..20).map(|_| Answer::to(world.post("/admin/roles", &admin.key, &body)));
    let answers = futures_util::future::join_all(creations).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        answer.refused(409, "role_exists");
    }
    assert_eq!(world.value("select count(*) from gateway.audit_logs").await, json!(1));
}

const ADMIN_ROLE: &str = "select from gateway.roles where name = 'admin'";

async fn run(client: &Client, sql: &str) {
    client.batch_execute(sql).await.expect(sql);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_loses_their_power_while_they_use_it_has_lost_it() {
    let Some(world) = World::concurrent("a demotion beside an assignment").await else { return };
    let (one, two, someone) = (world.administrator().await, world.administrator().await, world.account(0).await);
    let demotion = world.locked_rows(ADMIN_ROLE).await;
    run(&demotion, &format!("update gateway.accounts set role = 'user' where id = '{}'", two.id)).await;
    // The assignment has been authenticated before the demotion is committed.
    let committing = async {
        world.until_waiting(1).await;
        run(&demotion, "commit").await;
    };
    let (assigned, ()) = tokio::join!(assign(&world, &two.key, &someone, "developer"), committing);
    assigned.refused(403, "insufficient_scope");
    assign(&world, &one.key, &someone, "developer").await.success();
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_for_a_role_holds_no_account_that_its_holder_may_want() {
    let Some(world) = World::concurrent("an account made beside a demotion").await else { return };
    let (admin, someone) = (world.administrator().await, world.account(0).await);
    let new = json!({"email": "new@test.example", "role": "admin"});
    let path = format!("/admin/users/{}", someone.id);
    let requests = [
        world.post("/admin/create", &admin.key, &new).header("idempotency-key", "k"),
        world.post("/admin/roles/assign", &admin.key, &json!({"account_id": someone.id, "role": "developer"})),
        request(&world, "PATCH", &path, &admin.key, &json!({"disabled": true})),
    ];
    for request in requests {
        let holder = world.locked_rows(ADMIN_ROLE).await;
        let taking = async {
            world.until_waiting(1).await;
            run(&holder, "select from gateway.accounts for update nowait; commit").await;
        };
        let (answer, ()) = tokio::join!(Answer::to(request), taking);
        answer.success();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_is_about_to_be_given_is_not_deleted() {
    let Some(world) = World::concurrent("a role deleted while it is given").await else { return };
    let (admin, someone) = (world.administrator().await, world.account(0).await);
    role(&world, "helper", "inference").await;
    let account = format!("select from gateway.accounts where id = '{}'", someone.id);
    let holder = world.locked_rows(&account).await;
    let deleting = async {
        // The assignment has found the role and waits for the account.
        world.until_waiting(1).await;
        let deletion = send(&world, "DELETE", "/admin/roles/helper", &admin.key, &Value::Null);
        let letting_go = async {
            world.until_waiting(2).await;
            run(&holder, "commit").await;
        };
        tokio::join!(deletion, letting_go).0
    };
    let (assigned, deleted) = tokio::join!(assign(&world, &admin.key, &someone, "helper"), deleting);
    assigned.success();
    deleted.refused(409, "role_in_use");
}
