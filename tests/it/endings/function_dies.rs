//! A function that is killed between hold and settle leaves nothing that time and the account's next call do not mend.

use std::time::Duration;

use serde_json::{Value, json};
use tests::certain;
use tests::plain::PlainServer;
use tests::wire::{Wire, each_form_of_translations, each_format};
use tests::world::{Account, World, read, send};

use super::{CREDIT, call_at, variables, world_with};
use crate::platforms::function;

/// What a call reserves: its prompt bound, the 5 bytes of Hello and 16 for the message, and its output.
const HOLD: i64 = 21 * 1_000 + 100 * 2_000;

fn body(wire: &Wire, stream: bool) -> Value {
    wire.hello(&json!({"max_tokens": 100, "stream": stream}))
}

/// Kills a function while the provider has its call.
async fn killed(wire: &Wire, world: &World, account: &Account, stream: bool) {
    let mut server = PlainServer::start(function(), &variables(world)).await;
    let gate = world.platform.providers.control().gate();
    let client = tokio::spawn(call_at(wire, world, &server.base_url, account, &body(wire, stream)).send());
    certain("the call at the provider", gate.wait_for(1)).await;
    server.function.kill().await;
    certain("the client's end", client).await.expect("no panic").expect_err("the connection broke");
    let open = "select jsonb_agg(amount) from gateway.holds where state = 'open' and account_id";
    assert_eq!(world.value(&format!("{open} = '{}'", account.id)).await, json!([HOLD]));
}

/// The account's next call: its status and its error's code.
async fn next_call(wire: &Wire, world: &World, account: &Account) -> (u16, Value) {
    let (status, answer) = read(send(world.call(wire, &account.key, &body(wire, false))).await).await;
    (status, answer["error"]["code"].clone())
}

async fn let_the_hold_lapse(world: &World, account: &Account) {
    world
        .sql(&format!(
            "update gateway.accounts set next_overdue = gateway.now() - interval '1 second' where id = '{0}';
             update gateway.holds set expires_at = gateway.now() - interval '1 second' where account_id = '{0}'",
            account.id
        ))
        .await;
}

/// Waits until so many calls of the account are recorded; gives what they cost together.
async fn recorded(world: &World, account: &Account, calls: usize) -> i64 {
    let sql = format!("select jsonb_agg(cost) from gateway.requests where account_id = '{}'", account.id);
    let costs = async {
        loop {
            let costs = world.value(&sql).await;
            if let Some(costs) = costs.as_array().filter(|costs| costs.len() == calls) {
                return costs.iter().map(|cost| cost.as_i64().expect("a cost")).sum();
            }
            tokio::task::yield_now().await;
        }
    };
    certain("the records", costs).await
}

#[tokio::test]
async fn its_hold_is_released_by_the_accounts_next_call_once_its_time_is_over() {
    each_form_of_translations(async |wire, stream, deployment| {
        let (world, _) = world_with(deployment, wire, "standin/normal").await;
        // Enough for one hold at a time.
        let credit = HOLD * 3 / 2;
        let account = world.account(credit).await;
        killed(wire, &world, &account, stream).await;
        assert_eq!(next_call(wire, &world, &account).await, (402, json!("credits_in_flight")));
        let_the_hold_lapse(&world, &account).await;
        assert_eq!(next_call(wire, &world, &account).await, (200, Value::Null));
        let cost = recorded(&world, &account, 1).await;
        assert!(cost > 0);
        assert_eq!(world.money(account.id).await, (credit - cost, 0, 0));
        world.assert_ledger_clean().await;
    })
    .await;
}

#[tokio::test]
async fn its_call_is_charged_once_when_its_settle_comes_after_all() {
    each_format(async |wire, deployment| {
        let (world, account) = world_with(deployment, wire, "standin/normal").await;
        killed(wire, &world, &account, false).await;
        let call_id = format!("select call_id from gateway.holds where account_id = '{}'", account.id);
        let call_id = world.value(&call_id).await;
        let facts = world
            .value(&format!(
                "select jsonb_build_object('account_id', account_id, 'key_id', key_id, 'model', '{}', 'held', amount,
                          'markup', 10000, 'placed_at', created_at, 'own_key', null, 'price',
                          '{{\"prompt\": 1000000000, \"cached\": 0, \"written\": 0, \"completion\": 2000000000, \"request\": 0}}'::jsonb)
                 from gateway.holds where account_id = '{}'",
                wire.model, account.id
            ))
            .await;
        let_the_hold_lapse(&world, &account).await;
        assert_eq!(next_call(wire, &world, &account).await, (200, Value::Null));
        let cost = recorded(&world, &account, 1).await;
        let late = json!({"call_id": call_id, "outcome": "completed", "provider": wire.provider,
                                     "usage": {"prompt": 10, "completion": 20}, "hold": facts});
        let late_cost = 10 * 1_000 + 20 * 2_000;
        let other = world.platform.gateway().expect("another gateway");
        for repeated in [Value::Null, json!(true)] {
            let settled: Value =
                other.supabase().expect("configured").rpc("finish_request", &late).await.expect("an answer");
            assert_eq!((&settled["cost"], &settled["repeated"]), (&json!(late_cost), &repeated));
        }
        assert_eq!(recorded(&world, &account, 2).await, cost + late_cost);
        assert_eq!(world.money(account.id).await, (CREDIT - cost - late_cost, 0, 0));
        world.assert_ledger_clean().await;
    })
    .await;
}

#[tokio::test]
async fn its_place_among_the_concurrent_calls_is_free_again_after_its_deadline() {
    each_format(async |wire, deployment| {
        let (world, account) = world_with(deployment, wire, "standin/normal").await;
        let one = r#"{"requests_per_minute": 1000, "burst": 1000, "concurrency": 1}"#;
        world.sql(&format!("update gateway.accounts set rate_limits = '{one}' where id = '{}'", account.id)).await;
        killed(wire, &world, &account, false).await;
        assert_eq!(next_call(wire, &world, &account).await, (429, json!("concurrency_exceeded")));
        // The deadline of a call on a plain server, and what is kept for its settle.
        world.platform.upstash.advance_clock(Duration::from_secs(600 + 11)).expect("the clock of the stand-in");
        assert_eq!(next_call(wire, &world, &account).await, (200, Value::Null));
    })
    .await;
}
