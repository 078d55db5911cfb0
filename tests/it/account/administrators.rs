//! Somebody can always administer.

use futures_util::future::join_all;
use serde_json::json;
use tests::answer::Answer;
use tests::world::World;

use super::{audited, leave};

#[tokio::test]
async fn the_last_administrator_cannot_leave() {
    let world = World::start().await;
    let (admin, other) = (world.administrator().await, world.administrator().await);
    let before = world.evidence(admin.id).await;
    // Who cannot act does not count: disabled, or gone.
    for (set, unset) in [
        ("disabled_at = gateway.now()", "disabled_at = null"),
        ("deleted_at = gateway.now()", "deleted_at = null"),
        ("role = 'developer'", "role = 'admin'"),
    ] {
        world.change_account(&other, set).await;
        leave(&world, &admin).await.refused(409, "last_admin");
        assert_eq!(world.evidence(admin.id).await, before, "{set}");
        world.change_account(&other, unset).await;
    }
    // Who is no administrator leaves without further ado.
    let user = world.account(0).await;
    leave(&world, &user).await.success();
    leave(&world, &admin).await.success();
    leave(&world, &other).await.refused(409, "last_admin");
    assert_eq!(audited(&world, "account.delete").await.len(), 2);
    let entry = &audited(&world, "account.delete").await[1];
    assert_eq!((&entry["details"]["role"], &entry["target_account_id"]), (&json!("admin"), &json!(admin.id)));
    Answer::to(world.get("/admin/ledger/check", &other.key)).await.success();
}

#[tokio::test(flavor = "multi_thread")]
async fn of_administrators_who_leave_at_once_one_stays() {
    let Some(world) = World::concurrent("administrators who leave at once").await else { return };
    let mut stays = world.administrator().await;
    for round in 0..12 {
        // Two of them, later more.
        let mut leaving = vec![stays.clone()];
        for _ in 0..=round / 4 {
            leaving.push(world.administrator().await);
        }
        let answers = join_all(leaving.iter().map(|admin| leave(&world, admin))).await;
        let outcomes: Vec<_> = answers.iter().map(Answer::outcome).collect();
        let refused: Vec<usize> = (0..outcomes.len()).filter(|at| outcomes[*at].0 != 200).collect();
        let [last] = refused[..] else { panic!("{outcomes:?}") };
        assert_eq!(outcomes[last], (409, "last_admin".to_owned()));
        stays = leaving[last].clone();
        let left = "select count(*) from gateway.accounts where role = 'admin' and deleted_at is null";
        assert_eq!(world.value(left).await, 1);
    }
    Answer::to(world.get("/admin/ledger/check", &stays.key)).await.success();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_made_an_administrators_while_it_is_deleted_is_gone() {
    let Some(world) = World::concurrent("a promotion beside a deletion").await else { return };
    let admin = world.administrator().await;
    let account = world.account(0).await;
    let client = world.locked(&account).await;
    let (left, ()) = tokio::join!(leave(&world, &account), async {
        world.until_waiting(1).await;
        // Whoever has the account's row can make it an administrator's: the two do not wait for each other.
        let promote = format!("update gateway.accounts set role = 'admin' where id = '{}'; commit", account.id);
        client.batch_execute(&promote).await.expect("the promotion");
    });
    left.success();
    leave(&world, &admin).await.refused(409, "last_admin");
}
