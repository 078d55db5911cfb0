//! Roles that are given, changed and deleted at the same time.

use local::database::pool::Lease;
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::watch::poll;
use tests::world::World;

use super::{assign, request, role, send};

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_is_deleted_while_it_is_given_is_either_gone_or_had() {
    let Some(world) = World::concurrent("a role deleted while it is given").await else { return };
    let admin = world.administrator().await;
    let (mut gone, mut had) = (0, 0);
    for round in 0..20 {
        let name = format!("role-{round}");
        role(&world, &name, "inference").await;
        let someone = world.account(0).await;
        let path = format!("/admin/roles/{name}");
        let new = json!({"email": format!("{name}@test.example"), "role": name});
        let assigning = assign(&world, &admin.key, &someone, &name);
        let creating = Answer::to(world.post("/admin/create", &admin.key, &new));
        let deleting = send(&world, "DELETE", &path, &admin.key, &Value::Null);
        let (assigned, created, deleted) = tokio::join!(assigning, creating, deleting);
        let holders = world.value(&format!("select count(*) from gateway.accounts where role = '{name}'")).await;
        if deleted.status == 200 {
            gone += 1;
            assigned.refused(404, "role_not_found");
            assert_eq!(created.refused(400, "invalid_request")["param"], "role");
            assert_eq!(holders, json!(0));
        } else {
            had += 1;
            deleted.refused(409, "role_in_use");
            // Whichever came before the deletion; a later one is served as well.
            assert_eq!((assigned.status, created.status, holders), (200, 200, json!(2)));
        }
    }
    assert_eq!(gone + had, 20);
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

/// A transaction of the database's owner that holds rows: what a `select` gives.
async fn holding(world: &World, rows: &str) -> Lease {
    let mut lease = world.platform.database.pool().acquire().await.expect("a connection");
    lease.connection.act_as_owner().await.expect("the owner");
    run(&lease, &format!("begin; {rows} for update")).await;
    lease
}

const ADMIN_ROLE: &str = "select from gateway.roles where name = 'admin'";

async fn run(lease: &Lease, sql: &str) {
    lease.connection.client.batch_execute(sql).await.expect(sql);
}

/// Until this many requests wait for rows.
async fn until_waiting(world: &World, requests: i64) {
    let waiting =
        "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()";
    poll("requests that wait", || async { world.value(waiting).await == json!(requests) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_loses_their_power_while_they_use_it_has_lost_it() {
    let Some(world) = World::concurrent("a demotion beside an assignment").await else { return };
    let (one, two, someone) = (world.administrator().await, world.administrator().await, world.account(0).await);
    let demotion = holding(&world, ADMIN_ROLE).await;
    run(&demotion, &format!("update gateway.accounts set role = 'user' where id = '{}'", two.id)).await;
    // The assignment has been authenticated before the demotion is committed.
    let committing = async {
        until_waiting(&world, 1).await;
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
        let holder = holding(&world, ADMIN_ROLE).await;
        let taking = async {
            until_waiting(&world, 1).await;
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
    let holder = holding(&world, &account).await;
    let deleting = async {
        // The assignment has found the role and waits for the account.
        until_waiting(&world, 1).await;
        let deletion = send(&world, "DELETE", "/admin/roles/helper", &admin.key, &Value::Null);
        let letting_go = async {
            until_waiting(&world, 2).await;
            run(&holder, "commit").await;
        };
        tokio::join!(deletion, letting_go).0
    };
    let (assigned, deleted) = tokio::join!(assign(&world, &admin.key, &someone, "helper"), deleting);
    assigned.success();
    deleted.refused(409, "role_in_use");
}
