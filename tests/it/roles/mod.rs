//! Roles: who may make, change and hand them out, and when that holds.

mod assign;
mod at_once;
mod custom;
mod escalation;
mod last_admin;
mod parallel;

use reqwest::RequestBuilder;
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, World};

/// A JSON request with this key and another method than GET or POST.
fn request(world: &World, method: &str, path: &str, key: &str, body: &Value) -> RequestBuilder {
    let method = method.parse().expect("a method");
    let request = world.http.request(method, format!("{}{path}", world.base_url)).bearer_auth(key);
    request.header("content-type", "application/json").body(body.to_string())
}

async fn send(world: &World, method: &str, path: &str, key: &str, body: &Value) -> Answer {
    Answer::to(request(world, method, path, key, body)).await
}

async fn assign(world: &World, key: &str, account: &Account, role: &str) -> Answer {
    Answer::to(world.post("/admin/roles/assign", key, &json!({"account_id": account.id, "role": role}))).await
}

/// A role with these permissions, made past the gateway.
async fn role(world: &World, name: &str, permissions: &str) {
    world.sql(&format!("insert into gateway.roles (name, permissions) values ('{name}', '{{{permissions}}}')")).await;
}

/// An account with this role whose key has these scopes.
async fn holder(world: &World, role: &str, scopes: &str) -> Account {
    let account = world.account(0).await;
    world.change_account(&account, &format!("role = '{role}'")).await;
    world.change_key(&account, &format!("scopes = '{{{scopes}}}'")).await;
    account
}

/// The role of an account.
async fn role_of(world: &World, account: &Account) -> Value {
    world.value(&format!("select role from gateway.accounts where id = '{}'", account.id)).await
}
