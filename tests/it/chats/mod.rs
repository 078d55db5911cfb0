//! Chats that an account keeps.

mod bounds;
mod conversation;
mod endings;
mod forgotten;
mod keyring;
mod length;
mod messages;
mod scopes;
mod secrecy;
mod sessions;
mod turns;

use serde_json::{Value, json};
use shared::formats::Format;
use tests::answer::Answer;
use tests::wire::Wire;
use tests::world::{Account, World};

/// A new session of this title; its id.
async fn session(world: &World, account: &Account, title: &str) -> String {
    let made = Answer::to(world.post("/v1/chat/sessions", &account.key, &json!({ "title": title }))).await.success();
    made["id"].as_str().expect("an id").to_owned()
}

/// Puts a message into a session.
async fn say(world: &World, account: &Account, session: &str, role: &str, content: &str) -> Answer {
    let body = json!({ "role": role, "content": content });
    Answer::to(world.post(&format!("/v1/chat/sessions/{session}/messages"), &account.key, &body)).await
}

/// A page of what is kept of a session.
async fn read(world: &World, account: &Account, session: &str, query: &str) -> Answer {
    Answer::to(world.get(&format!("/v1/chat/sessions/{session}{query}"), &account.key)).await
}

/// The messages that hold these words, by what they say.
async fn found(world: &World, account: &Account, query: &str) -> Vec<String> {
    let answer = Answer::to(world.post("/v1/chat/search", &account.key, &json!({ "query": query }))).await.success();
    said(&answer)
}

/// A call as a turn of a session, which must be served.
async fn turn(wire: &Wire, world: &World, account: &Account, session: &str, body: &Value) -> Answer {
    let path = format!("{}?session_id={session}", wire.path());
    let answer = Answer::to(world.post(&path, &account.key, body)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer
}

/// Whether the wire's format knows conversations.
fn converses(wire: &Wire) -> bool {
    wire.format != Format::Completions
}

/// Who says what.
type Said = (String, String);

/// What a page of messages says.
fn said(page: &Value) -> Vec<String> {
    let messages = page["data"].as_array().expect("a page");
    messages.iter().map(|one| one["message"]["content"].as_str().unwrap_or_default().to_owned()).collect()
}

/// What the account keeps, as it is told and as it really is: sessions, messages, bytes.
async fn kept(world: &World, account: &Account) -> (i64, i64, i64) {
    let stats = Answer::to(world.get("/v1/chat/stats", &account.key)).await.success();
    let told = ["sessions", "messages", "bytes"].map(|name| stats[name].as_i64().expect("a number"));
    let really = format!(
        "select jsonb_build_array(
           (select count(*) from gateway.chat_sessions where account_id = '{0}'),
           (select count(*) from gateway.chat_messages where account_id = '{0}'),
           (select coalesce(sum(gateway.sealed_size(title) + gateway.sealed_size(metadata)), 0)
              from gateway.chat_sessions where account_id = '{0}')
           + (select coalesce(sum(gateway.sealed_size(content)), 0)
                from gateway.chat_messages where account_id = '{0}'))",
        account.id
    );
    assert_eq!(world.value(&really).await, json!(told), "what is counted is what is there");
    (told[0], told[1], told[2])
}
