//! Users' webhooks: told of what happens, once it has happened; signed; and nowhere but on the public internet.

mod delivery;
mod events;
mod management;
mod outside;
pub mod receiver;
mod secrets;

use local::upstash::Engine;
use receiver::Receiver;
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::watch::poll;
use tests::world::{Account, World};
use uuid::Uuid;

/// A world whose webhooks may go to this machine.
async fn world() -> World {
    World::with(Engine::InProcess, &[("WEBHOOK_LOCAL_HOSTS", "127.0.0.1")]).await
}

/// Makes a webhook; its id and its secret.
pub async fn make(world: &World, account: &Account, url: &str, events: &[&str]) -> (Uuid, String) {
    let body = json!({"url": url, "events": events});
    let made = Answer::to(world.post("/user/webhooks", &account.key, &body)).await.success();
    let id = made["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    (id, made["secret"].as_str().expect("a secret").to_owned())
}

/// A world, somebody with a webhook that is told these events, and what receives them.
async fn with_webhook(events: &[&str]) -> (World, Account, Receiver, Uuid, String) {
    let (world, receiver) = (world().await, Receiver::start().await);
    let account = world.account(0).await;
    let (id, secret) = make(&world, &account, &receiver.url("/hook?token=a-token-in-its-url"), events).await;
    (world, account, receiver, id, secret)
}

/// What the cron job did.
async fn cron(world: &World) -> Value {
    Answer::to(world.get("/api/cron/webhooks", world.platform.cron_secret())).await.success()
}

/// Waits until nothing waits to be told: an act's webhooks are told behind its answer.
pub async fn told_behind(world: &World) {
    let waiting = "select count(*) from gateway.webhook_deliveries where state = 'sending' or state = 'due' and due_at <= gateway.now()";
    poll("webhooks behind an act", || async { world.value(waiting).await == json!(0) }).await;
}

/// Something happens of which mail and webhooks are told: a receipt of so many dollars.
async fn happens(world: &World, account: &Account, dollars: u32) {
    let payload = json!({"paid": dollars, "credits": dollars, "bonus": 0, "payment_id": Uuid::new_v4(),
                         "receipt_url": "https://pay.example/receipt", "at": "2026-11-28T12:00:00Z"});
    world
        .sql(&format!(
            "select gateway.notify('{}', 'receipt', gen_random_uuid()::text, '{payload}', gateway.now())",
            account.id
        ))
        .await;
}

/// What is tried again is due.
async fn later(world: &World) {
    world.sql("update gateway.webhook_deliveries set due_at = gateway.now() where ended_at is null").await;
}

async fn shown(world: &World, account: &Account, id: Uuid) -> Value {
    Answer::to(world.get(&format!("/user/webhooks/{id}"), &account.key)).await.success()
}

async fn deliveries(world: &World, account: &Account, id: Uuid) -> Vec<Value> {
    let listed = Answer::to(world.get(&format!("/user/webhooks/{id}/deliveries"), &account.key)).await.success();
    listed["data"].as_array().expect("a list").clone()
}

async fn change(world: &World, account: &Account, id: Uuid, body: &Value) -> Answer {
    let request = world.http.patch(format!("{}/user/webhooks/{id}", world.base_url)).bearer_auth(&account.key);
    Answer::to(request.header("content-type", "application/json").body(body.to_string())).await
}
