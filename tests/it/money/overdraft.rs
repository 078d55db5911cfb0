//! No overdraft: what is reserved at the same time never exceeds what is there.

use futures_util::future::join_all;
use serde_json::json;
use tests::answer::Answer;
use tests::certain;
use tests::wire::{WIRES, Wire};
use tests::world::{Account, MODEL, Route, World, hello, read, send};
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

#[tokio::test]
async fn nothing_is_lent_not_even_a_nano_dollar() {
    // Only its output costs something: a prompt is counted anew before a call is refused.
    const OUTPUT: i64 = 100 * 2_000;
    const PLENTY: i64 = 10 * OUTPUT;
    let world = World::start().await;
    world.model(MODEL, &[Route { prompt: 0, cached: 0, ..Route::new("openrouter", "standin/normal") }]).await;
    // The balance, what the key may spend, what calls in flight reserve of both, and what becomes of the next call.
    for (balance, limit, in_flight, refusal) in [
        (OUTPUT, PLENTY, 0, None),
        (OUTPUT - 1, PLENTY, 0, Some("insufficient_credits")),
        (PLENTY, OUTPUT, 0, None),
        (PLENTY, OUTPUT - 1, 0, Some("spend_limit_reached")),
        (3 * OUTPUT, PLENTY, 2 * OUTPUT, None),
        (3 * OUTPUT - 1, PLENTY, 2 * OUTPUT, Some("credits_in_flight")),
        (PLENTY, 3 * OUTPUT, 2 * OUTPUT, None),
        (PLENTY, 3 * OUTPUT - 1, 2 * OUTPUT, Some("credits_in_flight")),
    ] {
        let account = world.account(balance).await;
        world.change_key(&account, &format!("spend_limit = {limit}")).await;
        if in_flight > 0 {
            world.reserve(&account, in_flight).await;
        }
        let answer = Answer::to(world.chat(&account.key, &hello(&json!({"max_tokens": 100})))).await;
        let expected = refusal.map_or((200, ""), |code| (402, code));
        let case = format!("{balance} {limit} {in_flight}");
        assert_eq!(answer.outcome(), (expected.0, expected.1.to_owned()), "{case}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_call_without_a_limit_is_given_what_calls_in_flight_leave_of_what_its_key_may_spend() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    let (limit, in_flight) = (30_000_000, 25_000_000);
    world.change_key(&account, &format!("spend_limit = {limit}")).await;
    let open = world.reserve(&account, in_flight).await;
    world.completion(&account.key, &hello(&json!({}))).await;
    let call = format!("select to_jsonb(r) from gateway.requests r where account_id = '{}'", account.id);
    tests::watch::poll("the settle", || async { world.money(account.id).await.1 == in_flight }).await;
    let held = world.value(&call).await["held"].as_i64().expect("an amount");
    assert!(held > 0 && held <= limit - in_flight, "{held}, beside {open}");
}
