//! An account whose row stays locked, or is slow to come by, has nobody wait but itself.

use futures_util::future::join_all;
use serde_json::json;
use tests::answer::Answer;
use tests::certain;
use tests::watch::{Watch, poll};
use tests::world::{World, hello};

use super::CREDIT;

/// As impatient as the functions are where no test has made them wait.
const IMPATIENT: &str = "alter function public.begin_request set lock_timeout = '400ms';
                         alter function public.finish_request set lock_timeout = '1s'";

#[tokio::test(flavor = "multi_thread")]
async fn calls_of_a_locked_account_wait_and_others_are_served_meanwhile() {
    let Some(world) = World::concurrent("another account beside a locked one").await else { return };
    let (account, other) = (world.account(CREDIT).await, world.account(CREDIT).await);
    // Keys that have called are known for whose they are: an account has its places once, and not once a key.
    let keys = [account.key.clone(), world.another_key(&account, "inference").await.key];
    for key in &keys {
        world.completion(key, &hello(&json!({}))).await;
    }
    world.settled().await;
    let lock = world.locked(&account).await;
    // More than there are connections. They wait until the lock ends, which it does when the others have been served.
    let calls = join_all((0..24).map(|number| Answer::to(world.chat(&keys[number % 2], &hello(&json!({}))))));
    let meanwhile = async {
        world.until_waiting(2).await;
        for _ in 0..10 {
            world.completion(&other.key, &hello(&json!({}))).await;
        }
        world.until_waiting(2).await;
        certain("the end of the lock", lock.batch_execute("rollback")).await.expect("a rollback");
    };
    let (served, ()) = tokio::join!(calls, meanwhile);
    assert!(served.iter().all(|answer| answer.status == 200));
    world.settled().await;
    world.assert_ledger_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_of_an_account_that_stays_locked_are_told_to_come_back() {
    let Some(world) = World::concurrent("a locked account").await else { return };
    world.sql(IMPATIENT).await;
    let account = world.account(CREDIT).await;
    world.completion(&account.key, &hello(&json!({}))).await;
    world.settled().await;
    let lock = world.locked(&account).await;
    for answer in join_all((0..24).map(|_| Answer::to(world.chat(&account.key, &hello(&json!({})))))).await {
        assert_eq!(answer.header("retry-after"), "1");
        answer.refused(503, "account_busy");
    }
    certain("the end of the lock", lock.batch_execute("rollback")).await.expect("a rollback");
    poll("the account's next call", || async {
        Answer::to(world.chat(&account.key, &hello(&json!({})))).await.status == 200
    })
    .await;
    world.settled().await;
    let held = "select count(*) from gateway.holds";
    assert_eq!(world.value(held).await, json!(0), "a call that was refused leaves nothing to be undone");
    world.assert_ledger_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settles_of_a_locked_account_wait_here_and_not_at_the_database() {
    let Some(world) = World::concurrent("settles of a locked account").await else { return };
    let (account, other) = (world.account(CREDIT).await, world.account(CREDIT).await);
    let gate = world.platform.providers.control().gate();
    let calls = join_all((0..12).map(|_| Answer::to(world.chat(&account.key, &hello(&json!({}))))));
    let meanwhile = async {
        certain("calls at the provider", gate.wait_for(12)).await;
        let lock = world.locked(&account).await;
        gate.release();
        world.until_waiting(2).await;
        // The lock does not end before it is served.
        world.completion(&other.key, &hello(&json!({}))).await;
        certain("the end of the lock", lock.batch_execute("rollback")).await.expect("a rollback");
    };
    let (answers, ()) = tokio::join!(calls, meanwhile);
    assert!(answers.iter().all(|answer| answer.status == 200));
    world.settled().await;
    assert_eq!(world.value("select count(*) from gateway.requests").await, json!(13));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn how_long_a_function_waits_for_a_lock_ends_with_it() {
    let world = World::start().await;
    world.sql(IMPATIENT).await;
    let after = world
        .value(
            "select current_setting('lock_timeout') from (
               select public.finish_request('{\"call_id\": \"00000000-0000-4000-8000-000000000001\", \"outcome\": \"failed\"}')
               offset 0) as called",
        )
        .await;
    assert_eq!(after, json!("0"), "of the session, as it was before");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_hundred_calls_of_one_account_at_once_none_is_refused_for_being_busy() {
    let Some(world) = World::concurrent("an account with many calls at once").await else { return };
    // More impatient than elsewhere, so that calls soon find the row locked again and again.
    world.sql("alter function public.begin_request set lock_timeout = '20ms'").await;
    let account = world.account(200 * CREDIT).await;
    let gateways = [world.base_url.clone(), world.another_gateway().await];
    let (watch, lock) = (Watch::new(&world), world.locked(&account).await);
    let calls = join_all((0..200).map(|i| {
        let address = format!("{}/v1/chat/completions", gateways[i % 2]);
        Answer::to(world.http.post(address).bearer_auth(&account.key).json(&hello(&json!({}))))
    }));
    let meanwhile = async {
        poll("calls that found the row locked", || async {
            watch.rpcs().iter().filter(|call| call.status == Some(500)).count() >= 8
        })
        .await;
        // From here on they would wait for each other longer than that on a busy machine, and pause until their patience ends.
        world.sql("alter function public.begin_request set lock_timeout = '60s'").await;
        certain("the end of the lock", lock.batch_execute("rollback")).await.expect("a rollback");
    };
    let (answers, ()) = tokio::join!(calls, meanwhile);
    for answer in &answers {
        answer.success();
    }
    world.settled().await;
    assert_eq!(world.value("select count(*) from gateway.requests").await, json!(200));
    world.assert_ledger_clean().await;
}
