//! The same at the same time: one credit.

use futures_util::future::join_all;
use serde_json::json;
use tests::world::World;

use super::facts::{Bought, applied};
use super::shop::{DOLLAR, come_back, intent, pay, post};

/// How often an event is replayed, and how many at a time.
const REPLAYS: usize = 1_000;
const AT_ONCE: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_comes_a_thousand_times_credits_once() {
    let Some(world) = World::concurrent("an event that comes a thousand times").await else { return };
    let account = world.account(0).await;
    pay(&world, &account, 10).await;
    let events = world.platform.stripe.take_events();
    let event = events.iter().find(|event| event.kind == "payment_intent.succeeded").expect("an event");
    let signed = world.platform.stripe.sign(&event.body);
    let mut applied = 0;
    for _ in 0..REPLAYS / AT_ONCE {
        let answers = join_all((0..AT_ONCE).map(|_| post(&world, &event.body, Some(&signed)))).await;
        for answer in answers {
            match answer.success()["outcome"].as_str() {
                Some("applied") => applied += 1,
                other => assert_eq!(other, Some("duplicate")),
            }
        }
    }
    assert_eq!((applied, world.money(account.id).await.0), (1, 10 * DOLLAR));
    // The same fact under other names is no other fact.
    for _ in 0..100 {
        let mut event: serde_json::Value = serde_json::from_str(&event.body).expect("JSON");
        event["id"] = json!(format!("evt_{}", uuid::Uuid::new_v4().simple()));
        let body = event.to_string();
        let again = post(&world, &body, Some(&world.platform.stripe.sign(&body))).await.success();
        assert_eq!(again["outcome"], "repeated");
    }
    assert_eq!(world.money(account.id).await.0, 10 * DOLLAR);
    world.assert_ledger_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_buyers_return_and_all_events_at_once_are_one_credit() {
    let Some(world) = World::concurrent("the buyer's return and all events at once").await else { return };
    for _ in 0..50 {
        let account = world.account(0).await;
        world.sql("delete from gateway.attempts").await;
        let (session, _) = pay(&world, &account, 10).await;
        let events = world.platform.stripe.take_events();
        let signed: Vec<_> = events.iter().map(|event| world.platform.stripe.sign(&event.body)).collect();
        let told = events.iter().zip(&signed).map(|(event, signed)| post(&world, &event.body, Some(signed)));
        let (told, back, again) =
            tokio::join!(join_all(told), come_back(&world, &account, &session), come_back(&world, &account, &session));
        assert!(told.iter().all(|answer| answer.status == 200), "{told:?}");
        assert_eq!(
            (&back["payment"]["status"], &again["payment"]["status"]),
            (&json!("succeeded"), &json!("succeeded"))
        );
        assert_eq!(world.money(account.id).await.0, 10 * DOLLAR);
    }
    world.assert_ledger_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn payments_of_one_account_at_once_are_each_credited() {
    let Some(world) = World::concurrent("payments of one account at once").await else { return };
    let account = world.account(0).await;
    let mut told = Vec::new();
    for _ in 0..20 {
        let bought = Bought::new(&world, &account, 1_000, 1_000, 0).await;
        told.push(format!("select {}", applied(&bought.completed())));
        told.push(format!("select {}", applied(&bought.refund("a", 400, "succeeded"))));
    }
    join_all(told.iter().map(|sql| world.value(sql))).await;
    assert_eq!(world.money(account.id).await, (20 * 6 * DOLLAR, 0, 0));
    world.assert_ledger_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_among_calls_in_flight_leaves_the_books_balanced() {
    let Some(world) = World::concurrent("a refund among calls in flight").await else { return };
    let account = world.account(0).await;
    let (session, _) = pay(&world, &account, 10).await;
    come_back(&world, &account, &session).await;
    world.platform.stripe.act("refund", &intent(&world, &session), &[]).expect("a refund");
    let events = world.platform.stripe.take_events();
    let body = tests::world::hello(&json!({"max_tokens": 10}));
    let calls = join_all((0..50).map(|_| tests::answer::Answer::to(world.chat(&account.key, &body))));
    let told = async {
        for event in &events {
            post(&world, &event.body, Some(&world.platform.stripe.sign(&event.body))).await.success();
        }
    };
    let (calls, ()) = tokio::join!(calls, told);
    assert!(calls.iter().all(|answer| [200, 402].contains(&answer.status)), "{calls:?}");
    world.settled().await;
    // What calls had spent of it is owed.
    let (balance, held, debt) = world.money(account.id).await;
    assert!(held == 0 && balance == -debt, "{balance} {debt}");
    world.assert_ledger_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_that_comes_with_its_payment_is_not_missed() {
    let Some(world) = World::concurrent("a refund that comes with its payment").await else { return };
    for _ in 0..50 {
        let account = world.account(0).await;
        let bought = Bought::new(&world, &account, 1_000, 1_000, 0).await;
        let seen = [
            bought.completed(),
            bought.charged(),
            bought.refund("a", 400, "succeeded"),
            bought.dispute(1, "needs_response", "general"),
        ];
        let told: Vec<String> = seen.iter().map(|seen| format!("select {}", applied(seen))).collect();
        join_all(told.iter().map(|sql| world.value(sql))).await;
        let stands = bought.stands(&world).await;
        assert_eq!(stands, json!(["succeeded", 10 * DOLLAR, 0, 0, true, false, true]));
    }
    world.assert_ledger_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refunds_of_one_payment_at_once_return_it_once() {
    let Some(world) = World::concurrent("refunds of one payment at once").await else { return };
    let (admin, account) = (world.administrator().await, world.account(0).await);
    let (session, begun) = pay(&world, &account, 10).await;
    come_back(&world, &account, &session).await;
    let payment = super::shop::payment_id(&begun);
    let own = format!("/user/payments/{payment}/refund");
    let body = json!({"payment_id": payment, "amount": 10});
    let asked = (0..10).map(|i| {
        let request = if i % 2 == 0 {
            world.post("/api/stripe/refund", &admin.key, &body)
        } else {
            world.post(&own, &account.key, &json!({}))
        };
        tests::answer::Answer::to(request)
    });
    let made = join_all(asked).await.into_iter().filter(|answer| answer.status == 200).count();
    assert_eq!(made, 1);
    assert_eq!(world.money(account.id).await, (0, 0, 0));
    let charge = world.platform.stripe.object(&intent(&world, &session)).expect("an intent")["latest_charge"].clone();
    let charge = world.platform.stripe.object(charge.as_str().expect("an id")).expect("a charge");
    assert_eq!(charge["amount_refunded"], 1_000);
    world.assert_ledger_clean().await;
}
