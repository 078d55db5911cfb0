//! A call as a turn of a kept chat, as begin_request and finish_request have it.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, CREDIT, MODEL, Route, World};
use uuid::Uuid;

use super::{kept, say, session};

async fn rpc(world: &World, function: &'static str, arguments: Value) -> Value {
    let app = world.platform.gateway().expect("an app");
    app.supabase().expect("configured").rpc(function, &arguments).await.expect("an answer")
}

/// A call of this account in a session; further members of the call win.
async fn begin(world: &World, account: &Account, id: Uuid, session: &str, further: Value) -> Value {
    let mut call = json!({
        "call_id": id, "model": MODEL, "providers": ["openrouter"], "allowed": ["openrouter"], "prompt_bound": 50, "images": 0,
        "tools": false, "modalities": [], "choices": 1, "output_limit": 100, "hold_seconds": 60, "markup": 10_000,
        "session_id": session,
    });
    for (name, value) in further.as_object().expect("members") {
        call[name] = value.clone();
    }
    let caller =
        json!({"key_hashes": [world.hash(&account.key)], "ip": "192.0.2.1", "user_agent": "t", "request_id": "r"});
    rpc(world, "begin_request", json!({ "caller": caller, "call": call })).await
}

/// Ends it with these messages, each a role and what the database is told of it.
async fn finish(world: &World, id: Uuid, session: &str, outcome: &str, messages: &[(&str, &str, i64)]) -> Value {
    let messages: Vec<Value> = messages
        .iter()
        .map(|(role, text, term)| {
            json!({"role": role, "content": {"ciphertext": text, "version": 1}, "terms": [term], "bound": 10, "tokens": 5,
                   "images": 0, "modalities": []})
        })
        .collect();
    let settlement = json!({
        "call_id": id, "outcome": outcome, "provider": null,
        "turn": {"session_id": session, "messages": messages, "title": {"ciphertext": "a title", "version": 1}},
    });
    rpc(world, "finish_request", settlement).await
}

/// What goes with the call of what was said before.
fn history(begun: &Value) -> Vec<&str> {
    let messages = begun["history"].as_array().unwrap_or_else(|| panic!("{begun}"));
    messages.iter().map(|message| message["ciphertext"].as_str().expect("a token")).collect()
}

async fn world_with_model() -> (World, Account) {
    let world = World::start().await;
    world.model(MODEL, &[Route::new("openrouter", "standin/normal")]).await;
    let account = world.account(CREDIT).await;
    (world, account)
}

#[tokio::test]
async fn a_turn_is_kept_with_its_settlement_once_and_goes_with_the_next() {
    let (world, account) = world_with_model().await;
    let made = Answer::to(world.post("/v1/chat/sessions", &account.key, &json!({}))).await.success();
    let chat = made["id"].as_str().expect("an id").to_owned();
    let first = Uuid::now_v7();
    assert_eq!(history(&begin(&world, &account, first, &chat, json!({})).await), Vec::<&str>::new());
    let said = [("system", "be brief", 1), ("user", "hello", 2), ("assistant", "hi", 3)];
    for _ in 0..3 {
        finish(&world, first, &chat, "failed", &said).await;
        assert_eq!(kept(&world, &account).await.1, 3);
    }
    let title = "select to_jsonb((title).ciphertext) from gateway.chat_sessions";
    assert_eq!(world.value(title).await, "a title", "one without a title gets it");
    // The same instructions again are kept once; others take their place at the head.
    let second = Uuid::now_v7();
    let begun = begin(&world, &account, second, &chat, json!({})).await;
    assert_eq!(history(&begun), ["be brief", "hello", "hi"]);
    finish(&world, second, &chat, "failed", &[("system", "be brief", 1), ("user", "more", 4)]).await;
    let third = Uuid::now_v7();
    assert_eq!(history(&begin(&world, &account, third, &chat, json!({})).await), ["be brief", "hello", "hi", "more"]);
    finish(&world, third, &chat, "failed", &[("system", "be long", 5)]).await;
    let fourth = Uuid::now_v7();
    assert_eq!(history(&begin(&world, &account, fourth, &chat, json!({})).await)[0], "be long");
    finish(&world, fourth, &chat, "refused", &[]).await;
    // A call with instructions of its own gets none.
    let instructed = begin(&world, &account, Uuid::now_v7(), &chat, json!({"instructed": true})).await;
    assert_eq!(history(&instructed), ["hello", "hi", "more"]);
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn two_turns_at_once_cannot_interleave_and_a_turn_that_never_ends_is_over_with_its_hold() {
    let (world, account) = world_with_model().await;
    world.set_clock("2027-03-17 12:00Z").await;
    let chat = session(&world, &account, "t").await;
    let first = Uuid::now_v7();
    begin(&world, &account, first, &chat, json!({})).await;
    let refused = begin(&world, &account, Uuid::now_v7(), &chat, json!({})).await;
    assert_eq!(refused["refused"]["code"], "chat_session_busy");
    finish(&world, first, &chat, "refused", &[]).await;
    let second = Uuid::now_v7();
    assert!(begin(&world, &account, second, &chat, json!({})).await["refused"].is_null());
    world.set_clock("2027-03-17 12:02Z").await;
    assert!(begin(&world, &account, Uuid::now_v7(), &chat, json!({})).await["refused"].is_null());
}

#[tokio::test]
async fn of_a_long_chat_the_newest_go_that_have_room_and_no_answer_of_a_tool_without_its_question() {
    let (world, account) = world_with_model().await;
    let chat = session(&world, &account, "t").await;
    let id = Uuid::now_v7();
    begin(&world, &account, id, &chat, json!({})).await;
    let texts: Vec<String> = (0..150).map(|n| format!("m{n}")).collect();
    let said: Vec<(&str, &str, i64)> = texts
        .iter()
        .enumerate()
        .map(|(n, text)| {
            (if n % 3 == 1 { "tool" } else { "assistant" }, text.as_str(), 100 + i64::try_from(n).expect("small"))
        })
        .collect();
    finish(&world, id, &chat, "failed", &said).await;
    // A hundred at most, of which the first was a tool's answer.
    let begun = begin(&world, &account, Uuid::now_v7(), &chat, json!({})).await;
    let all = history(&begun);
    assert_eq!((all.len(), all[0], all[98]), (100, "m50", "m148"));
    world.sql("update gateway.chat_sessions set turn_call = null, turn_until = null").await;
    // Room for eleven of five tokens each.
    let room = format!("update gateway.models set context_length = 50 + 256 + 58 where id = '{MODEL}'");
    world.sql(&room).await;
    let begun = begin(&world, &account, Uuid::now_v7(), &chat, json!({})).await;
    assert_eq!(history(&begun), ["m140", "m141", "m142", "m143", "m144", "m145", "m146", "m147", "m148", "m149"]);
    // Each is held for by its bytes.
    let held = world
        .value("select to_jsonb(amount) from gateway.holds where state = 'open' order by created_at desc limit 1")
        .await;
    assert_eq!(held, json!((50 + 10 * 10) * 1000 + 100 * 2000));
}

#[tokio::test]
async fn nobody_elses_session_opens_and_nothing_is_kept_of_one_that_was_deleted() {
    let (world, account) = world_with_model().await;
    let other = world.account(CREDIT).await;
    let chat = session(&world, &other, "t").await;
    say(&world, &other, &chat, "user", "secret").await.success();
    for id in [chat.as_str(), "00000000-0000-0000-0000-000000000000"] {
        let refused = begin(&world, &account, Uuid::now_v7(), id, json!({})).await;
        assert_eq!(refused["refused"]["code"], "chat_session_not_found");
    }
    let mine = session(&world, &account, "t").await;
    let call = Uuid::now_v7();
    begin(&world, &account, call, &mine, json!({})).await;
    let delete = world.http.delete(format!("{}/v1/chat/sessions/{mine}", world.base_url)).bearer_auth(&account.key);
    Answer::to(delete).await.success();
    finish(&world, call, &mine, "failed", &[("user", "late", 1)]).await;
    assert_eq!(kept(&world, &account).await, (0, 0, 0));
    // Nor is anything put into another's by a settlement of one's own.
    let call = Uuid::now_v7();
    let own = session(&world, &account, "t").await;
    begin(&world, &account, call, &own, json!({})).await;
    finish(&world, call, &chat, "failed", &[("user", "intruder", 1)]).await;
    assert_eq!(kept(&world, &other).await.1, 1);
}
