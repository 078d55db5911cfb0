//! A change holds on the next request.

use serde_json::json;
use tests::answer::Answer;
use tests::world::{World, hello};

#[tokio::test]
async fn a_change_of_a_key_its_account_or_its_role_holds_on_the_next_request() {
    let world = World::start().await;
    world.sql("insert into gateway.roles (name, permissions) values ('worker', '{inference}')").await;
    let account = world.account(1_000_000_000).await;
    world.change_account(&account, "role = 'worker'").await;
    let id = account.id;
    let key = account.key_id;
    let changes = [
        (
            format!("update gateway.api_keys set revoked_at = gateway.now() where id = '{key}'"),
            (401, "api_key_revoked"),
        ),
        (format!("update gateway.api_keys set revoked_at = null where id = '{key}'"), (200, "")),
        (
            format!("update gateway.accounts set disabled_at = gateway.now() where id = '{id}'"),
            (403, "account_disabled"),
        ),
        (format!("update gateway.accounts set disabled_at = null where id = '{id}'"), (200, "")),
        (
            format!("update gateway.api_keys set scopes = '{{chat:read}}' where id = '{key}'"),
            (403, "insufficient_scope"),
        ),
        (format!("update gateway.api_keys set scopes = '{{inference}}' where id = '{key}'"), (200, "")),
        (
            "update gateway.roles set permissions = '{chat:read}' where name = 'worker'".to_owned(),
            (403, "insufficient_scope"),
        ),
        ("update gateway.roles set permissions = '{*}' where name = 'worker'".to_owned(), (200, "")),
        (
            format!("update gateway.api_keys set ip_allowlist = '{{192.0.2.1}}' where id = '{key}'"),
            (403, "ip_not_allowed"),
        ),
        (format!("delete from gateway.api_keys where id = '{key}'"), (401, "invalid_api_key")),
    ];
    world.completion(&account.key, &hello(&json!({}))).await;
    for (change, (status, code)) in changes {
        world.settled().await;
        world.sql(&change).await;
        let answer = Answer::to(world.chat(&account.key, &hello(&json!({})))).await;
        assert_eq!(answer.outcome(), (status, code.to_owned()), "{change}");
    }
}

#[tokio::test]
async fn a_key_that_will_be_revoked_or_expire_is_good_until_then() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    for (column, code) in [("revoked_at", "api_key_revoked"), ("expires_at", "api_key_expired")] {
        world.change_key(&account, "revoked_at = null, expires_at = null").await;
        world.change_key(&account, &format!("{column} = '2027-03-17 12:00Z'")).await;
        world.set_clock("2027-03-17 11:59:59.999999Z").await;
        world.completion(&account.key, &hello(&json!({}))).await;
        assert_eq!(Answer::to(world.get("/user/balance", &account.key)).await.status, 200);
        world.set_clock("2027-03-17 12:00Z").await;
        Answer::to(world.chat(&account.key, &hello(&json!({})))).await.refused(401, code);
        Answer::to(world.get("/user/balance", &account.key)).await.refused(401, code);
    }
}
