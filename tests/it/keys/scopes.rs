//! What a key may do: what its role may and its scopes name.

use serde_json::json;
use tests::answer::Answer;
use tests::wire::formats;
use tests::world::{Account, World, hello};

/// Whether the account's key may infer, see its balance, and check the ledger as an administrator.
async fn may(world: &World, account: &Account) -> (bool, bool, bool) {
    let allowed = |answer: Answer| {
        if answer.status != 200 {
            answer.refused(403, "insufficient_scope");
        }
        answer.status == 200
    };
    // In every format, or in none.
    let mut inferred = Vec::new();
    for wire in formats() {
        inferred.push(allowed(Answer::to(world.call(wire, &account.key, &wire.hello(&json!({})))).await));
    }
    let infers = inferred[0];
    assert!(inferred.iter().all(|one| *one == infers), "{inferred:?}");
    (
        infers,
        allowed(Answer::to(world.get("/user/balance", &account.key)).await),
        allowed(Answer::to(world.get("/admin/ledger/check", &account.key)).await),
    )
}

#[tokio::test]
async fn a_key_may_do_what_both_its_role_and_its_scopes_cover() {
    let world = World::start().await;
    world
        .sql(
            "insert into gateway.roles (name, permissions) values
               ('reader', '{billing:read}'), ('auditor', '{billing:read,admin:ledger}'), ('nobody', '{}')",
        )
        .await;
    let account = world.account(1_000_000_000).await;
    let cases = [
        ("user", "*", (true, true, false)),
        ("user", "inference", (true, false, false)),
        ("user", "billing:read", (false, true, false)),
        ("user", "billing", (false, true, false)),
        ("user", "billing:write", (false, false, false)),
        ("user", "admin", (false, false, false)),
        ("user", "admin:ledger", (false, false, false)),
        ("user", "*,admin:ledger", (true, true, false)),
        ("developer", "*", (true, true, false)),
        ("admin", "*", (true, true, true)),
        ("admin", "admin", (false, false, true)),
        ("admin", "admin:ledger", (false, false, true)),
        ("admin", "admin:users", (false, false, false)),
        ("admin", "billing:read", (false, true, false)),
        ("reader", "*", (false, true, false)),
        ("reader", "inference,billing:read", (false, true, false)),
        ("auditor", "*", (false, true, true)),
        ("auditor", "admin", (false, false, true)),
        ("nobody", "*", (false, false, false)),
        ("admin", "", (false, false, false)),
    ];
    for (role, scopes, wanted) in cases {
        world.change_account(&account, &format!("role = '{role}'")).await;
        world.change_key(&account, &format!("scopes = '{{{scopes}}}'")).await;
        assert_eq!(may(&world, &account).await, wanted, "{role} with {scopes:?}");
    }
}

#[tokio::test]
async fn a_refusal_names_the_scope_that_is_missing() {
    let world = World::start().await;
    let account = world.account(0).await;
    world.change_key(&account, "scopes = '{chat:read}'").await;
    let error = Answer::to(world.get("/user/balance", &account.key)).await.refused(403, "insufficient_scope");
    assert_eq!(error["required_scope"], "billing:read");
    let error = Answer::to(world.chat(&account.key, &hello(&json!({})))).await.refused(403, "insufficient_scope");
    assert_eq!(error["required_scope"], "inference");
}
