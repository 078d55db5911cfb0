//! Chats that are kept.

use serde_json::{Value, json};
use tests::world::{Account, World};
use uuid::Uuid;

use super::Sample;

/// The sample, if the operation is one of these.
pub async fn sample(world: &World, (method, name): (&str, &str), owner: &Account) -> Option<Sample> {
    Some(match (method, name) {
        ("POST", "v1_chat_sessions") => Sample::body(json!({"title": "Oslo", "metadata": {"folder": "travel"}})),
        ("GET", "v1_chat_sessions") => Sample::plain().with_query("?limit=5"),
        ("GET" | "DELETE", "v1_chat_session") => about_a_session(world, owner, None).await,
        ("PATCH", "v1_chat_session") => about_a_session(world, owner, Some(json!({"title": "Bergen"}))).await,
        ("POST", "v1_chat_session_messages") => {
            about_a_session(world, owner, Some(json!({"role": "user", "content": "Hello"}))).await
        }
        ("GET", "v1_chat_session_export") => about_a_session(world, owner, None).await,
        ("POST", "v1_chat_search") => Sample::body(json!({"query": "museum"})),
        ("GET", "v1_chat_stats") => Sample::plain(),
        _ => return None,
    })
}

/// A session of this account that is kept; its id.
pub async fn kept_chat(world: &World, owner: &Account) -> Uuid {
    let id = Uuid::now_v7();
    world
        .sql(&format!(
            "insert into gateway.chat_accounts (account_id, sessions) values ('{0}', 1)
               on conflict (account_id) do update set sessions = chat_accounts.sessions + 1;
             insert into gateway.chat_sessions (id, account_id, created_at, updated_at)
               values ('{id}', '{0}', gateway.now(), gateway.now())",
            owner.id
        ))
        .await;
    id
}

async fn about_a_session(world: &World, owner: &Account, body: Option<Value>) -> Sample {
    let id = kept_chat(world, owner).await;
    let sample = Sample { body, foreign: Some((404, "chat_session_not_found")), ..Sample::plain() };
    sample.with("id", id.to_string())
}
