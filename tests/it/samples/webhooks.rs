//! What an account asks about its webhooks.

use serde_json::json;
use tests::world::{Account, World};
use uuid::Uuid;

use super::Sample;

/// Where nobody is: nothing is sent there.
const NOWHERE: &str = "https://192.0.2.1/webhooks";

/// The sample, if the operation is one of these.
pub async fn sample(world: &World, (method, name): (&str, &str), owner: &Account) -> Option<Sample> {
    let body = match (method, name) {
        ("GET", "user_webhooks" | "cron_webhooks") => return Some(Sample::plain()),
        ("POST", "user_webhooks") => {
            return Some(Sample::body(json!({"url": "https://hooks.example.com/x", "events": ["payment.succeeded"]})));
        }
        ("GET" | "DELETE", "user_webhook") | ("GET", "user_webhook_deliveries") => None,
        ("PATCH", "user_webhook") => Some(json!({"description": "changed"})),
        ("POST", "user_webhook_rotate") => Some(json!({"overlap_hours": 1})),
        ("POST", "user_webhook_test" | "user_webhook_replay") => Some(json!({})),
        _ => return None,
    };
    let sample = Sample { body, foreign: Some((404, "webhook_not_found")), ..Sample::plain() };
    let sample = sample.with("id", webhook(world, owner).await.to_string());
    Some(match name {
        "user_webhook_replay" => sample.with("delivery_id", delivery(world, owner).await.to_string()),
        _ => sample,
    })
}

/// A webhook of this account's at this address, past the gateway.
pub async fn webhook_at(world: &World, owner: &Account, url: &str) -> Uuid {
    let app = world.platform.gateway().expect("a gateway");
    let secret = shared::webhooks::secret::generate().expect("a secret");
    let sealed = shared::keyring::seal(&app, &secret).expect("a keyring");
    let id = Uuid::new_v4();
    world
        .sql(&format!(
            "insert into gateway.webhooks (id, account_id, url, events, usage_told_on, created_at)
               values ('{id}', '{}', '{url}', gateway.webhook_events(), '2100-01-01', gateway.now());
             insert into gateway.webhook_secrets (webhook_id, ciphertext, key_version) values ('{id}', '{}', {})",
            owner.id, sealed.ciphertext, sealed.version
        ))
        .await;
    id
}

/// The one webhook of this account's.
pub async fn webhook(world: &World, owner: &Account) -> Uuid {
    let there =
        world.value(&format!("select min(id::text) from gateway.webhooks where account_id = '{}'", owner.id)).await;
    match there.as_str() {
        Some(id) => id.parse().expect("an id"),
        None => webhook_at(world, owner, NOWHERE).await,
    }
}

/// Something that it was to be told, and was not.
pub async fn delivery(world: &World, owner: &Account) -> Uuid {
    let (hook, id) = (webhook(world, owner).await, Uuid::new_v4());
    world
        .sql(&format!(
            "insert into gateway.webhook_deliveries (id, webhook_id, event, dedupe_key, data, due_at, created_at, state, ended_at)
               values ('{id}', '{hook}', 'payment.succeeded', '{id}', '{{}}', gateway.now(), gateway.now(), 'failed', gateway.now())"
        ))
        .await;
    id
}
