//! No overdraft: what is reserved at the same time never exceeds what is there.

use futures_util::future::join_all;
use serde_json::json;
use tests::certain;
use tests::wire::{WIRES, Wire};
use tests::world::{Account, World, read, send};
use tokio::sync::watch;

/// Calls at the same time, and how many of them may be served.
const CALLS: usize = 200;
const SERVED: usize = 20;

/// What one call of `body()` reserves: its prompt bound, the 5 bytes of Hello and 16 for the message, and its output.
const HOLD: i64 = 21 * 1_000 + 100 * 2_000;

/// Sends all calls at once; the provider answers none before each has been admitted or refused.
async fn statuses(wire: &Wire, world: &World, account: &Account) -> Vec<(u16, String)> {
    let gate = world.platform.providers.control().gate();
    let answered = watch::Sender::new(0);
    let calls = (0..CALLS).map(|_| async {
        let (status, answer) =
            read(send(world.call(wire, &account.key, &wire.hello(&json!({"max_tokens": 100})))).await).await;
        answered.send_modify(|count| *count += 1);
        (status, answer["error"]["code"].as_str().unwrap_or_default().to_owned())
    });
    let all_decided = async {
        certain("20 calls at the provider", gate.wait_for(SERVED)).await;
        let refused = answered.subscribe().wait_for(|count| *count == CALLS - SERVED).await.map(|count| *count);
        assert_eq!(refused.ok(), Some(CALLS - SERVED));
        gate.release();
    };
    let (answers, ()) = tokio::join!(join_all(calls), certain("every call's admission or refusal", all_decided));
    world.settled().await;
    answers
}

async fn assert_twenty_served(wire: &Wire, world: &World, account: &Account, refusal: (u16, &[&str])) {
    let answers = statuses(wire, world, account).await;
    let served = answers.iter().filter(|(status, _)| *status == 200).count();
    assert_eq!(served, SERVED);
    for (status, code) in answers.iter().filter(|(status, _)| *status != 200) {
        assert_eq!(*status, refusal.0);
        assert!(refusal.1.contains(&code.as_str()), "{code}");
    }
    let (balance, held, debt) = world.money(account.id).await;
    assert!(balance >= 0 && held == 0 && debt == 0, "{balance} {held} {debt}");
    world.assert_ledger_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_calls_on_a_balance_for_twenty_serve_exactly_twenty() {
    let Some(world) = World::concurrent("the balance under 200 calls").await else { return };
    for wire in &WIRES {
        world.serves(wire, "standin/normal").await;
        let account = world.account(HOLD * 20 + HOLD / 2).await;
        assert_twenty_served(wire, &world, &account, (402, &["credits_in_flight", "insufficient_credits"])).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keys_spend_limit_holds_against_two_hundred_calls() {
    let Some(world) = World::concurrent("the spend limit under 200 calls").await else { return };
    let account = world.account(HOLD * 1000).await;
    let limit = HOLD * 20 + HOLD / 2;
    world.sql(&format!("update gateway.api_keys set spend_limit = {limit} where id = '{}'", account.key_id)).await;
    assert_twenty_served(&WIRES[0], &world, &account, (402, &["credits_in_flight", "spend_limit_reached"])).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn max_requests_holds_against_two_hundred_calls() {
    let Some(world) = World::concurrent("max_requests under 200 calls").await else { return };
    let account = world.account(HOLD * 1000).await;
    world.sql(&format!("update gateway.api_keys set max_requests = 20 where id = '{}'", account.key_id)).await;
    assert_twenty_served(&WIRES[0], &world, &account, (429, &["request_limit_reached"])).await;
}
