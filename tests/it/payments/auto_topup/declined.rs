//! A decline pauses it, and repeated ones turn it off.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::certain;
use tests::world::{World, hello};

use super::super::shop::{DOLLAR, deliver, reconcile};
use super::{agreed, attempts, call, charges, later, state, turned_on};

#[tokio::test(flavor = "multi_thread")]
async fn of_two_hundred_settles_at_once_none_tries_again_what_was_declined_to_the_first() {
    let Some(world) = World::concurrent("two hundred settles at once, and a decline").await else { return };
    let account = world.account(6 * DOLLAR).await;
    turned_on(&world, &account, &agreed(&json!({})), "fails_later").await;
    world.sql(&format!("update gateway.accounts set topup_below = 6000000000 where id = '{}'", account.id)).await;
    // Each has found that one is due before the first attempt is begun.
    let gate = world.platform.postgrest.control().gate(Some("begin_auto_topup"));
    let body = hello(&json!({"max_tokens": 5}));
    let calls = join_all((0..200).map(|_| Answer::to(world.chat(&account.key, &body)))).await;
    assert!(calls.iter().all(|answer| answer.status == 200));
    certain("the settles", gate.waiting(200)).await;
    drop(gate);
    attempts(&world, &account, &["failed"]).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!((charges(&world), state(&world, &account).await.0), (1, "paused".to_owned()));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_decline_pauses_for_six_hours_and_the_third_in_a_row_is_the_last() {
    let world = World::start().await;
    let account = world.account(DOLLAR).await;
    turned_on(&world, &account, &agreed(&json!({})), "fails_later").await;
    let mut expected = Vec::new();
    for round in 1..=3 {
        call(&world, &account).await;
        expected.push("failed");
        attempts(&world, &account, &expected).await;
        // Its event counts no second time.
        deliver(&world).await;
        let told = state(&world, &account).await;
        if round < 3 {
            assert_eq!(told, ("paused".to_owned(), json!("card_declined")));
            // Whoever has found that one is due before the decline was known begins none either.
            let request = json!({"id": uuid::Uuid::now_v7(), "livemode": false, "taxed": false});
            let begun = format!("select public.begin_auto_topup('{}', '{request}')", account.id);
            assert_eq!(world.value(&begun).await, Value::Null);
            for _ in 0..3 {
                call(&world, &account).await;
            }
            assert_eq!(charges(&world), round);
            later(&world, &account, "6 hours").await;
        } else {
            assert_eq!(told, ("off".to_owned(), json!("declined_repeatedly")));
        }
    }
    later(&world, &account, "1 day").await;
    call(&world, &account).await;
    reconcile(&world).await;
    assert_eq!((charges(&world), world.value("select version from gateway.auto_topups").await), (3, json!(7)));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_success_forgets_the_declines_before_it() {
    let world = World::start().await;
    let account = world.account(DOLLAR).await;
    turned_on(&world, &account, &agreed(&json!({})), "fails_later").await;
    call(&world, &account).await;
    attempts(&world, &account, &["failed"]).await;
    let method = world.value("select payment_method from gateway.auto_topups").await;
    let stripe = &world.platform.stripe;
    stripe.act("become", method.as_str().expect("an id"), &[("card", "good")]).expect("another");
    later(&world, &account, "6 hours").await;
    call(&world, &account).await;
    attempts(&world, &account, &["failed", "succeeded"]).await;
    assert_eq!(state(&world, &account).await, ("active".to_owned(), Value::Null));
    assert_eq!(world.value("select failures from gateway.auto_topups").await, json!(0));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_bank_that_wants_its_customers_word_and_a_card_that_is_gone_turn_it_off() {
    let world = World::start().await;
    for (card, reason) in
        [("authenticates", "authentication_required"), ("lost", "card_declined"), ("expired", "card_declined")]
    {
        let account = world.account(DOLLAR).await;
        turned_on(&world, &account, &agreed(&json!({})), card).await;
        let before = charges(&world);
        call(&world, &account).await;
        attempts(&world, &account, &["failed"]).await;
        deliver(&world).await;
        assert_eq!(state(&world, &account).await, ("off".to_owned(), json!(reason)), "{card}");
        later(&world, &account, "1 day").await;
        call(&world, &account).await;
        reconcile(&world).await;
        assert_eq!(charges(&world), before + 1, "{card}");
    }
    world.assert_ledger_clean().await;
}
