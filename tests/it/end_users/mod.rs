//! End users: whom a call is for is on record, and what each may spend is hard.

mod alerts;
mod budgets;
mod management;
mod race;
mod recorded;

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, World, hello};

/// What a call of `call()` reserves: the 5 bytes of Hello and 16 for the message, and its output.
const HOLD: i64 = 21 * 1_000 + 100 * 2_000;

/// A call for this end user.
fn call(user: &str) -> Value {
    hello(&json!({"max_tokens": 100, "user": user}))
}

/// Nano-dollars as the API takes them.
fn dollars(nanos: i64) -> Value {
    serde_json::from_str(&shared::money::Nanos(nanos).to_string()).expect("a number")
}

/// Sets a budget; of no user: the default.
async fn set(world: &World, account: &Account, user: Option<&str>, budget: Value) -> Answer {
    let mut body = json!({ "budget": budget });
    if let Some(user) = user {
        body["user"] = json!(user);
    }
    let request = world.http.put(format!("{}/user/end-users", world.base_url)).bearer_auth(&account.key);
    Answer::to(request.header("content-type", "application/json").body(body.to_string())).await
}

async fn forget(world: &World, account: &Account, user: &str) -> Answer {
    let url = reqwest::Url::parse_with_params(&format!("{}/user/end-users", world.base_url), [("user", user)]);
    Answer::to(world.http.delete(url.expect("an address")).bearer_auth(&account.key)).await
}

async fn list(world: &World, account: &Account, query: &str) -> Value {
    Answer::to(world.get(&format!("/user/end-users{query}"), &account.key)).await.success()
}

/// The one end user of this name.
async fn seen(world: &World, account: &Account, user: &str) -> Value {
    list(world, account, &format!("?user={user}")).await["data"][0].clone()
}
