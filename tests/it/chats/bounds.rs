//! How much an account keeps at most.

use futures_util::future::join_all;
use tests::answer::Answer;
use tests::world::World;

use super::{kept, say, session};

#[tokio::test]
async fn what_is_beyond_the_bounds_is_refused_and_deleting_makes_room() {
    let world = World::start().await;
    let account = world.account(0).await;
    let id = session(&world, &account, "Full").await;
    let bound = |set: &str| format!("update gateway.chat_accounts set {set} where account_id = '{}'", account.id);
    world.sql(&bound("sessions = 10000")).await;
    let body = serde_json::json!({});
    Answer::to(world.post("/v1/chat/sessions", &account.key, &body)).await.refused(409, "too_many_chat_sessions");
    world.sql(&bound("sessions = 1, bytes = bytes + 536870912")).await;
    say(&world, &account, &id, "user", "More").await.refused(409, "chat_storage_full");
    world.sql(&bound("bytes = bytes - 536870912")).await;
    world.sql("update gateway.chat_sessions set messages = 100000").await;
    say(&world, &account, &id, "user", "More").await.refused(409, "chat_session_full");
    world.sql("update gateway.chat_sessions set messages = 0").await;
    say(&world, &account, &id, "user", "More").await.success();
    kept(&world, &account).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_come_at_once_have_a_place_each() {
    let Some(world) = World::concurrent("messages at once").await else { return };
    let account = world.account(0).await;
    let id = session(&world, &account, "Busy").await;
    let texts: Vec<String> = (0..12).map(|n| format!("message {n}")).collect();
    let answers = join_all(texts.iter().map(|text| say(&world, &account, &id, "user", text))).await;
    let mut positions: Vec<i64> =
        answers.iter().map(|answer| answer.success()["position"].as_i64().expect("a place")).collect();
    positions.sort_unstable();
    assert_eq!(positions, (0..12).collect::<Vec<_>>());
    assert_eq!(kept(&world, &account).await.1, 12);
}
