//! The sweep looks after many accounts, a few at a time, and after each of them by itself.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, World};
use uuid::Uuid;

/// An account with a hold whose function has died.
async fn overdue(world: &World) -> Account {
    let account = world.account(1_000).await;
    let (id, key, call) = (account.id, account.key_id, Uuid::now_v7());
    world
        .sql(&format!(
            "insert into gateway.holds (call_id, account_id, key_id, state, amount, created_at, expires_at)
               select '{call}', '{id}', '{key}', 'open', 100, at, at from (select gateway.now() - interval '1 hour') t (at);
             update gateway.accounts set held = 100, next_overdue = gateway.now() - interval '1 hour' where id = '{id}'"
        ))
        .await;
    account
}

async fn sweep(world: &World) -> Value {
    let secret = &world.platform.variables()["CRON_SECRET"];
    Answer::to(world.get("/api/cron/sweep-holds", secret)).await.success()["holds"].clone()
}

#[tokio::test]
async fn a_sweep_has_few_accounts_locked_at_a_time() {
    let world = World::start().await;
    for _ in 0..60 {
        overdue(&world).await;
    }
    let control = world.platform.postgrest.control();
    control.record(true);
    assert_eq!(sweep(&world).await, json!({"accounts": 60, "forgotten": 0}));
    let steps = control.calls().iter().filter(|call| call.function == "sweep_holds").count();
    assert_eq!(steps, 3, "steps of 25 accounts");
    assert_eq!(world.value("select sum(held) from gateway.accounts").await, json!(0));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn an_account_that_cannot_be_swept_keeps_no_other_from_it() {
    let Some(world) = World::catching("an account that cannot be swept").await else { return };
    let (broken, others) = (overdue(&world).await, [overdue(&world).await, overdue(&world).await]);
    world.change_account(&broken, "held = 0").await;
    assert_eq!(sweep(&world).await, json!({"accounts": 2, "forgotten": 0}));
    for account in &others {
        assert_eq!(world.money(account.id).await, (1_000, 0, 0));
    }
    let open = "select jsonb_agg(account_id) from gateway.holds where state = 'open'";
    assert_eq!(world.value(open).await, json!([broken.id]));
}
