//! Keys as their owner manages them: made, listed, changed, revoked, rotated; and what each of that brings about.

mod at_once;
mod audit;
mod change;
mod create;
mod enforced;
mod escalation;
mod former_secrets;
mod idempotency;
mod limits;
mod list;
mod parallel;
mod rotate;
mod secrecy;

use reqwest::Method;
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, CREDIT, World, hello};

const PATH: &str = "/user/api-keys";
/// A request to the world's gateway, with a body unless it is null.
async fn ask(world: &World, method: Method, path: &str, key: &str, body: &Value) -> Answer {
    ask_at(world, &world.base_url, method, path, key, body).await
}

/// The same at another gateway.
async fn ask_at(world: &World, base_url: &str, method: Method, path: &str, key: &str, body: &Value) -> Answer {
    let request = world.http.request(method, format!("{base_url}{path}")).bearer_auth(key);
    Answer::to(if body.is_null() {
        request
    } else {
        request.header("content-type", "application/json").body(body.to_string())
    })
    .await
}

/// Makes a live key of an account with these settings; it may do what a new key usually may.
async fn make(world: &World, owner: &Account, settings: Value) -> (Account, Value) {
    let mut body = json!({"name": "made", "environment": "live"});
    body.as_object_mut().expect("an object").extend(settings.as_object().expect("settings").clone());
    let made = ask(world, Method::POST, PATH, &owner.key, &body).await.success();
    let key = Account {
        id: owner.id,
        key_id: made["id"].as_str().expect("an id").parse().expect("an id"),
        key: made["api_key"].as_str().expect("a key").to_owned(),
    };
    (key, made)
}

/// The path of a key, with what follows it.
fn path(key: &Account, rest: &str) -> String {
    format!("{PATH}/{}{rest}", key.key_id)
}

async fn change(world: &World, owner: &Account, key: &Account, settings: &Value) -> Answer {
    ask(world, Method::PATCH, &path(key, ""), &owner.key, settings).await
}

async fn revoke(world: &World, owner: &Account, key: &Account) -> Answer {
    ask(world, Method::DELETE, &path(key, ""), &owner.key, &Value::Null).await
}

async fn show(world: &World, owner: &Account, key: &Account) -> Value {
    ask(world, Method::GET, &path(key, ""), &owner.key, &Value::Null).await.success()
}

/// Rotates a key; the answer's key is the new one.
async fn rotate(world: &World, owner: &Account, key: &Account, hours: u32) -> Account {
    let body = json!({ "grace_period_hours": hours });
    let rotated = ask(world, Method::POST, &path(key, "/rotate"), &owner.key, &body).await.success();
    Account { key: rotated["api_key"].as_str().expect("a key").to_owned(), ..key.clone() }
}

/// Status and code of a management request with this key.
async fn balance(world: &World, key: &str) -> (u16, String) {
    Answer::to(world.get("/user/balance", key)).await.outcome()
}

/// Status and code of a short completion with this key.
async fn chat(world: &World, key: &str) -> (u16, String) {
    Answer::to(world.chat(key, &short())).await.outcome()
}

/// A completion that reserves 21 prompt tokens and 100 more: 221 000 nano-dollars.
fn short() -> Value {
    hello(&json!({"max_tokens": 100}))
}

fn told(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}
