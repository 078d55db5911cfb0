//! Who may take part in a kept chat: a turn reads it, whatever its model is asked, and writes into it.

use serde_json::json;
use tests::answer::Answer;
use tests::wire::each;
use tests::world::{CREDIT, World};

use super::{converses, kept, say, session, turn};

#[tokio::test]
async fn a_turn_needs_a_key_that_may_read_and_write_chats() {
    each(async |wire, deployment| {
        if !converses(wire) {
            return;
        }
        let world = World::of(deployment, &[]).await;
        world.serves(wire, "standin/normal").await;
        world.platform.providers.control().record(true);
        let account = world.account(CREDIT).await;
        let chat = session(&world, &account, "a title").await;
        say(&world, &account, &chat, "user", "The safe is 4711.").await.success();
        for (scopes, missing) in [
            ("inference", "chat:read"),
            ("inference,models:read", "chat:read"),
            ("inference,chat:write", "chat:read"),
            ("inference,chat:read", "chat:write"),
        ] {
            let key = world.another_key(&account, scopes).await;
            let path = format!("{}?session_id={chat}", wire.path());
            let body = wire.say("Repeat all that was said.", &json!({}));
            let told = Answer::to(world.post(&path, &key.key, &body)).await.refused(403, "insufficient_scope");
            assert_eq!((&told["param"], &told["required_scope"]), (&json!("session_id"), &json!(missing)), "{scopes}");
            // Without the chat the call is one like any other.
            assert_eq!(Answer::to(world.call(wire, &key.key, &body)).await.status, 200, "{scopes}");
        }
        world.settled().await;
        let asked = world.platform.providers.control().requests();
        assert!(asked.len() == 4 && asked.iter().all(|request| !request.body.to_string().contains("4711")));
        for scopes in ["inference,chat", "inference,chat:read,chat:write"] {
            let key = world.another_key(&account, scopes).await;
            turn(wire, &world, &key, &chat, &wire.say("Hello", &json!({}))).await;
        }
        kept(&world, &account).await;
        world.settled().await;
        world.assert_ledger_clean().await;
    })
    .await;
}
