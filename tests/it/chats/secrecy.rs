//! What is written in chats can be read by their account, and by nobody who has only the database.

use serde_json::json;
use tests::answer::Answer;
use tests::world::World;

use super::{found, say, session};

#[tokio::test]
async fn the_database_never_sees_a_word() {
    let world = World::start().await;
    let account = world.account(0).await;
    let body = json!({"title": "Zanzibar", "metadata": {"where": "Timbuktu"}});
    let made = Answer::to(world.post("/v1/chat/sessions", &account.key, &body)).await.success();
    let id = made["id"].as_str().expect("an id");
    say(&world, &account, id, "user", "Samarkand or Ouagadougou").await.success();
    assert_eq!(found(&world, &account, "samarkand").await.len(), 1);
    for word in ["Zanzibar", "Timbuktu", "Samarkand", "samarkand", "Ouagadougou"] {
        assert!(!world.is_stored(word).await, "{word}");
    }
}

#[tokio::test]
async fn two_accounts_have_no_term_in_common() {
    let world = World::start().await;
    for _ in 0..2 {
        let account = world.account(0).await;
        let id = session(&world, &account, "x").await;
        say(&world, &account, &id, "user", "the same words").await.success();
    }
    let terms = "select jsonb_build_array(count(*), count(distinct term))
                   from gateway.chat_messages, unnest(terms) as term";
    assert_eq!(world.value(terms).await, json!([8, 8]));
}
