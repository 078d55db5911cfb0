//! A role is given by id or by e-mail, to whoever is there to have it.

use serde_json::json;
use tests::answer::Answer;
use tests::world::World;

use super::{assign, role_of};

#[tokio::test]
async fn an_account_is_named_by_id_or_by_email_and_by_one_of_them() {
    let world = World::start().await;
    let (admin, account) = (world.administrator().await, world.account(0).await);
    let post = async |body| Answer::to(world.post("/admin/roles/assign", &admin.key, &body)).await;
    let email = format!("{}@TEST.example", account.id);
    post(json!({"email": email, "role": "developer"})).await.success();
    assert_eq!(role_of(&world, &account).await, "developer");
    for body in [
        json!({"role": "user"}),
        json!({"account_id": account.id, "email": email, "role": "user"}),
        json!({"account_id": null, "role": "user"}),
    ] {
        assert_eq!(post(body).await.refused(400, "invalid_request")["param"], "account_id");
    }
    post(json!({"email": "nobody@test.example", "role": "user"})).await.refused(404, "account_not_found");
    post(json!({"account_id": uuid::Uuid::new_v4(), "role": "user"})).await.refused(404, "account_not_found");
    post(json!({"account_id": account.id, "role": "king"})).await.refused(404, "role_not_found");
    assert_eq!(role_of(&world, &account).await, "developer");
}

#[tokio::test]
async fn a_deleted_account_gets_no_role_and_the_same_role_again_is_no_act() {
    let world = World::start().await;
    let (admin, account) = (world.administrator().await, world.account(0).await);
    let again = assign(&world, &admin.key, &account, "user").await.success();
    assert_eq!((&again["role"], &again["former_role"]), (&json!("user"), &json!("user")));
    world.change_account(&account, "deleted_at = gateway.now(), disabled_at = gateway.now(), email = null").await;
    assign(&world, &admin.key, &account, "developer").await.refused(409, "account_deleted");
    assert_eq!(world.value("select count(*) from gateway.audit_logs").await, json!(0));
}
