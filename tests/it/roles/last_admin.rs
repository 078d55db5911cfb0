//! There is always an administrator who can act.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, World};

use super::{assign, role_of, send};

async fn disable(world: &World, key: &str, account: &Account) -> Answer {
    send(world, "PATCH", &format!("/admin/users/{}", account.id), key, &json!({"disabled": true})).await
}

/// How many administrators can act.
async fn left(world: &World) -> Value {
    world.value("select count(*) from gateway.accounts where role = 'admin' and disabled_at is null").await
}

#[tokio::test]
async fn the_last_administrator_is_neither_demoted_nor_disabled() {
    let world = World::start().await;
    let admin = world.administrator().await;
    for role in ["user", "developer"] {
        assign(&world, &admin.key, &admin, role).await.refused(409, "last_admin");
    }
    disable(&world, &admin.key, &admin).await.refused(409, "last_admin");
    // Neither a disabled administrator nor another powerful role would do.
    let disabled = world.administrator().await;
    disable(&world, &admin.key, &disabled).await.success();
    world.sql("insert into gateway.roles (name, permissions) values ('everything', '{*}')").await;
    let powerful = world.account(0).await;
    assign(&world, &admin.key, &powerful, "everything").await.success();
    assign(&world, &powerful.key, &admin, "user").await.refused(409, "last_admin");
    disable(&world, &powerful.key, &admin).await.refused(409, "last_admin");
    // A disabled one can go, and with a second one the first can.
    assign(&world, &admin.key, &disabled, "user").await.success();
    assign(&world, &admin.key, &powerful, "admin").await.success();
    assign(&world, &admin.key, &admin, "user").await.success();
    assert_eq!(role_of(&world, &admin).await, "user");
    assign(&world, &powerful.key, &powerful, "user").await.refused(409, "last_admin");
    assert_eq!(left(&world).await, json!(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_demotions_of_two_administrators_by_each_other_leave_exactly_one() {
    let Some(world) = World::concurrent("demotions at the same time").await else { return };
    for round in 0..5 {
        world.sql("update gateway.accounts set role = 'user'").await;
        let (one, two) = (world.administrator().await, world.administrator().await);
        let gate = world.platform.postgrest.control().gate(Some("assign_role"));
        let demotions = (0..20).map(|i| {
            let (by, of) = if i % 2 == 0 { (&one, &two) } else { (&two, &one) };
            assign(&world, &by.key, of, "user")
        });
        let release = async {
            tests::certain("all at the database", gate.waiting(20)).await;
            gate.open();
        };
        let (answers, ()) = tokio::join!(futures_util::future::join_all(demotions), release);
        assert_eq!(left(&world).await, json!(1), "round {round}");
        let demoted =
            answers.iter().filter(|answer| answer.status == 200 && answer.success()["former_role"] == "admin");
        assert_eq!(demoted.count(), 1, "round {round}");
        for answer in answers.iter().filter(|answer| answer.status != 200) {
            let (status, code) = answer.outcome();
            assert!(matches!((status, code.as_str()), (409, "last_admin") | (403, "insufficient_scope")), "{code}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn administrators_that_demote_and_disable_themselves_at_once_leave_one() {
    let Some(world) = World::concurrent("leaving at the same time").await else { return };
    let mut admins = Vec::new();
    for _ in 0..10 {
        admins.push(world.administrator().await);
    }
    let world = &world;
    let leave = admins.iter().enumerate().map(|(i, admin)| async move {
        match i % 2 {
            0 => assign(world, &admin.key, admin, "user").await,
            _ => disable(world, &admin.key, admin).await,
        }
    });
    let answers = futures_util::future::join_all(leave).await;
    assert_eq!(left(world).await, json!(1));
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 9);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        answer.refused(409, "last_admin");
    }
}
