//! Rate limits: every window, over all keys and instances, and what a refusal leaves behind.

mod apart;
mod changes;
mod instances;
mod keys;
mod lapse;
mod names;
mod newcomer;
mod real_redis;
mod refusals;
mod tokens;
mod windows;

use std::time::Duration;

use local::upstash::Reply;
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::wire::{WIRES, Wire};
use tests::world::{Account, CREDIT, World, hello};

/// The beginning of a day, and so of every window; Redis's clock stands there until a test moves it.
const START: Duration = Duration::from_secs(23_148 * 86_400);

/// What is counted by the call, whatever its format, is tested with chat.
const fn chat() -> &'static Wire {
    &WIRES[0]
}

/// A world whose limits do not depend on how fast the test runs.
async fn world() -> World {
    let world = World::start().await;
    world.platform.upstash.stop_clock(START).expect("the in-process Redis");
    world
}

fn advance(world: &World, by: Duration) {
    world.platform.upstash.advance_clock(by).expect("the in-process Redis");
}

/// An account with these limits.
async fn limited(world: &World, limits: Value) -> Account {
    let account = world.account(CREDIT).await;
    world.limit(account.id, &limits).await;
    account
}

/// Makes a short call at a gateway and reads its answer.
async fn call_at(wire: &Wire, world: &World, base_url: &str, key: &str, body: &Value) -> Answer {
    let url = format!("{base_url}{}", wire.path());
    let request = world.http.post(url).bearer_auth(key).header("content-type", "application/json");
    Answer::to(request.body(body.to_string())).await
}

/// Makes a short call at the world's gateway and waits until it has ended everywhere.
async fn call(world: &World, account: &Account) -> Answer {
    let answer = call_at(chat(), world, &world.base_url, &account.key, &hello(&json!({}))).await;
    world.settled().await;
    answer
}

/// The same at an instance that remembers nothing.
async fn call_elsewhere(world: &World, account: &Account) -> Answer {
    let gateway = world.another_gateway().await;
    let answer = call_at(chat(), world, &gateway, &account.key, &hello(&json!({}))).await;
    world.settled().await;
    answer
}

/// What the current bucket of a window has counted: `rm`, `rb`, `rh`, `rd` requests, `tm`, `td` tokens. The subject is
/// `key:ID` or `account:ID`.
async fn counted(world: &World, subject: &str, window: &str) -> i64 {
    match world.platform.upstash.execute(&["HGET", &format!("rate:{subject}"), window]).await.expect("HGET") {
        Reply::Nil => 0,
        Reply::Bulk(text) => {
            let text = String::from_utf8(text.to_vec()).expect("text");
            text.split(' ').nth(1).and_then(|count| count.parse().ok()).unwrap_or_else(|| panic!("{text}"))
        }
        other => panic!("{other:?}"),
    }
}

/// The subjects that a call of this account's key is counted for.
fn subjects(account: &Account) -> [String; 2] {
    [format!("key:{}", account.key_id), format!("account:{}", account.id)]
}

/// A second key of an account.
async fn second_key(world: &World, account: &Account) -> Account {
    world.another_key(account, "*").await
}
