//! What is promised of a call, of those that ask for something other than text: money, failures, endings, limits, input.

mod endings;
mod failures;
mod input;
mod length;
mod limits;
mod money;
mod pictures;
mod streams;

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::whole::Whole;
use tests::world::{Account, Deployment, Route, World};

const CREDIT: i64 = 1_000_000_000;

/// A world of this deployment whose model is served by the format's provider, which behaves so.
async fn serving(deployment: &Deployment, whole: &Whole, behaviour: &str) -> (World, Account) {
    let world = World::of(deployment, &[]).await;
    serve(&world, whole, behaviour).await;
    let account = world.account(CREDIT).await;
    (world, account)
}

async fn serve(world: &World, whole: &Whole, behaviour: &str) {
    world.offers(whole, &[Route::new(whole.provider, &format!("standin/{behaviour}"))]).await;
    forget(world).await;
}

/// Forgets breakers and recorded requests: the next case starts anew.
async fn forget(world: &World) {
    world.platform.upstash.execute(&["DEL", "breaker"]).await.expect("DEL");
    let control = world.platform.providers.control();
    control.record(true);
    control.clear();
}

/// Sends the format's short request and waits until it is settled.
async fn ask(world: &World, whole: &Whole, account: &Account) -> Answer {
    let answer = Answer::to(world.request(whole, &account.key, &whole.hello(&json!({})))).await;
    world.settled().await;
    answer
}

/// The columns of the newest call's record, as JSON.
async fn newest(world: &World) -> Value {
    world.newest_call().await
}

/// Nothing is held or charged, and no provider was asked.
async fn assert_untouched(world: &World, account: &Account, what: &str) {
    assert_eq!(world.money(account.id).await, (CREDIT, 0, 0), "{what}");
    assert!(world.platform.providers.control().requests().is_empty(), "{what}");
    assert_eq!(world.recorded_calls().await, 0, "{what}");
}
