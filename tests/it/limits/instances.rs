//! Several instances together admit no more than the limit.

use std::path::Path;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tests::certain;
use tests::plain::PlainServer;
use tests::watch::poll;
use tests::world::{Account, World, hello};

use super::{call_at, chat, limited, world};
use crate::platforms::function;

const CALLS: usize = 80;
/// How many of them are admitted.
pub const LIMIT: usize = 10;

/// A call whose hold is small enough for all of them at once.
fn short() -> Value {
    hello(&json!({ "max_tokens": 100 }))
}

/// Makes all calls at once, in turn at each gateway. The provider answers none before all have been admitted or
/// refused; exactly [`LIMIT`] are admitted.
pub async fn assert_limit(world: &World, gateways: &[String], account: &Account, body: &Value, limit: &str) {
    let gate = world.platform.providers.control().gate();
    let (decided, mut refused) = tokio::sync::watch::channel(0);
    let calls = join_all((0..CALLS).map(|turn| {
        let (gateway, decided) = (&gateways[turn % gateways.len()], &decided);
        async move {
            let answer = call_at(chat(), world, gateway, &account.key, body).await;
            if answer.status != 200 {
                assert_eq!((answer.status, &answer.error()["limit"]), (429, &json!(limit)), "{}", answer.text);
                decided.send_modify(|refused| *refused += 1);
            }
            answer.status
        }
    }));
    let release = async {
        let all = async { tokio::join!(gate.wait_for(LIMIT), refused.wait_for(|refused| *refused == CALLS - LIMIT)) };
        certain("the verdict on every call", all).await.1.expect("the sender lives");
        gate.release();
    };
    let (statuses, ()) = tokio::join!(calls, release);
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), LIMIT);
    world.settled().await;
    assert_eq!(world.value("select count(*) from gateway.requests").await, json!(LIMIT));
    world.assert_ledger_clean().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_gateways_together_admit_no_more_requests_than_the_limit() {
    let world = world().await;
    let gateways = [world.base_url.clone(), world.another_gateway().await];
    let account = limited(&world, json!({ "requests_per_minute": LIMIT })).await;
    assert_limit(&world, &gateways, &account, &short(), "requests_per_minute").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_gateways_together_admit_no_more_calls_at_a_time_than_the_limit() {
    let world = world().await;
    let gateways = [world.base_url.clone(), world.another_gateway().await];
    let account = limited(&world, json!({ "concurrency": LIMIT })).await;
    assert_limit(&world, &gateways, &account, &short(), "concurrency").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_gateways_together_reserve_no_more_tokens_than_the_limit() {
    let world = world().await;
    let gateways = [world.base_url.clone(), world.another_gateway().await];
    // 5 for the prompt and 100 for the output each, and not enough for one more.
    let account = limited(&world, json!({ "tokens_per_minute": LIMIT * 105 + 104 })).await;
    assert_limit(&world, &gateways, &account, &short(), "tokens_per_minute").await;
}

/// A process of the compiled function.
async fn process(world: &World, program: &Path) -> PlainServer {
    let own = world.platform.variables().iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let patient = [("DATABASE_TIMEOUT_MS", "30000"), ("REDIS_TIMEOUT_MS", "30000")];
    PlainServer::start(program, &own.chain(patient).collect::<Vec<_>>()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_function_processes_together_admit_no_more_than_the_limit() {
    let world = world().await;
    let (one, other) = tokio::join!(process(&world, function()), process(&world, function()));
    let gateways = [one.base_url.clone(), other.base_url.clone()];
    let account = limited(&world, json!({ "requests_per_minute": LIMIT })).await;
    assert_limit(&world, &gateways, &account, &short(), "requests_per_minute").await;

    // A change holds in processes that have the old limit cached, on the very next call.
    world.limit(account.id, &json!({ "requests_per_minute": LIMIT + 2 })).await;
    for gateway in &gateways {
        let body = short();
        poll("a served call", || async { call_at(chat(), &world, gateway, &account.key, &body).await.status == 200 })
            .await;
    }
    world.limit(account.id, &json!({ "requests_per_minute": LIMIT })).await;
    for gateway in &gateways {
        assert_eq!(call_at(chat(), &world, gateway, &account.key, &short()).await.status, 429);
    }
}
