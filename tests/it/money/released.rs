//! What a call leaves that was never sent, and what one that is settled late may take.

use serde_json::{Value, json};
use shared::error::Code;
use shared::supabase::RpcError;
use tests::facts::facts;
use tests::world::World;
use uuid::Uuid;

use super::twice::{begin, finish};

/// What a call of these tests may cost, and what it costs.
const HOLD: i64 = 50 * 1_000 + 100 * 2_000;
const COST: i64 = 10 * 1_000 + 20 * 2_000;

#[tokio::test]
async fn a_call_that_was_never_sent_leaves_no_count_behind() {
    let world = World::start().await;
    let (app, account) = (world.platform.gateway().expect("an app"), world.account(1_000_000_000).await);
    let trial =
        "has_purchased = false, plan = null, trial_ends_at = gateway.now() + interval '1 day', trial_requests_left = 5";
    world.change_account(&account, trial).await;
    let counts = async || {
        let sql = "select jsonb_build_array(month_requests, trial_requests_left, held) from gateway.accounts where id";
        world.value(&format!("{sql} = '{}'", account.id)).await
    };
    let never = counts().await;
    let call = Uuid::now_v7();
    let begun = begin(&app, &world, &account, call).await;
    assert_eq!(counts().await, json!([never[0].as_i64().expect("a count") + 1, 4, HOLD]));
    let settlement = json!({"call_id": call, "outcome": "refused", "hold": facts(&begun, "openrouter")});
    for _ in 0..2 {
        let ended: Value =
            app.supabase().expect("configured").rpc("finish_request", &settlement).await.expect("an answer");
        assert_eq!((&ended["cost"], counts().await), (&json!(0), never.clone()));
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_settle_that_names_another_account_charges_nobody() {
    let world = World::start().await;
    let (app, account, other) =
        (world.platform.gateway().expect("an app"), world.account(HOLD).await, world.account(HOLD).await);
    let call = Uuid::now_v7();
    let begun = begin(&app, &world, &account, call).await;
    let mut wrong = facts(&begun, "openrouter");
    wrong["account_id"] = json!(other.id);
    let settlement = json!({"call_id": call, "outcome": "completed", "provider": "openrouter",
                            "usage": {"prompt": 10, "completion": 20}, "hold": wrong});
    let refused = app.supabase().expect("configured").rpc::<Value>("finish_request", &settlement).await;
    assert!(matches!(&refused, Err(RpcError::Refused(error)) if error.code == Code::CallFinished), "{refused:?}");
    assert_eq!((world.money(account.id).await, world.money(other.id).await), ((HOLD, HOLD, 0), (HOLD, 0, 0)));
    // Its own settle finds it as it was.
    assert_eq!(finish(&app, call, Some(&begun)).await["cost"], COST);
    assert_eq!((world.money(account.id).await, world.money(other.id).await), ((HOLD - COST, 0, 0), (HOLD, 0, 0)));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_late_settle_takes_nothing_that_another_call_has_reserved() {
    let world = World::start().await;
    let free = 10_000;
    let (app, account) = (world.platform.gateway().expect("an app"), world.account(HOLD + free).await);
    let (late, next) = (Uuid::now_v7(), Uuid::now_v7());
    let begun = begin(&app, &world, &account, late).await;
    world
        .sql(&format!(
            "update gateway.holds set expires_at = gateway.now() where call_id = '{late}';
             update gateway.accounts set next_overdue = gateway.now() where id = '{}'",
            account.id
        ))
        .await;
    let further = begin(&app, &world, &account, next).await;
    assert_eq!(world.money(account.id).await, (HOLD + free, HOLD, 0));
    assert_eq!(finish(&app, late, Some(&begun)).await["cost"], COST);
    assert_eq!(world.money(account.id).await, (HOLD + free - COST, HOLD, COST - free));
    world.assert_ledger_clean().await;
    // What the other one has not used pays it.
    assert_eq!(finish(&app, next, Some(&further)).await["cost"], COST);
    assert_eq!(world.money(account.id).await, (HOLD + free - 2 * COST, 0, 0));
    world.assert_ledger_clean().await;
}
