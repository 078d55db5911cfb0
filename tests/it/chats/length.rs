//! A call costs the same however long its chat is.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tests::wire::WIRES;
use tests::world::{Account, CREDIT, MODEL, World};
use uuid::Uuid;

use super::{session, turn};

/// A session with so many messages of about a kilobyte, of which the first instructs.
async fn chat_of(world: &World, account: &Account, messages: u32) -> String {
    let chat = session(world, account, "Long").await;
    world
        .sql(&format!(
            "insert into gateway.chat_messages
               (session_id, account_id, position, role, content, terms, bound, tokens, images, modalities, created_at)
               select '{chat}', '{}', n, case n when 0 then 'system' else (array['user', 'assistant'])[1 + n % 2] end,
                      row (repeat(md5(n::text), 32), 1)::gateway.sealed_text, array[n], 600, 200, 0, '{{}}', gateway.now()
                 from generate_series(0, {messages} - 1) as n;
             update gateway.chat_sessions set messages = {messages} where id = '{chat}';
             update gateway.chat_accounts set messages = messages + {messages}, bytes = bytes + {messages} * 1024;
             analyze gateway.chat_messages",
            account.id
        ))
        .await;
    chat
}

/// What the database looks at to begin a call, in pages, once it has begun one before; the shortest time of many that it takes, and what it brings.
async fn begun(world: &World, account: &Account, chat: Option<&str>) -> (u64, Duration, Value) {
    let caller =
        json!({"key_hashes": [world.hash(&account.key)], "ip": "192.0.2.1", "user_agent": "t", "request_id": "r"});
    let (mut shortest, mut answer, mut fewest) = (Duration::MAX, Value::Null, u64::MAX);
    for _ in 0..20 {
        let call = json!({
            "call_id": Uuid::now_v7(), "model": MODEL, "providers": ["openrouter"], "allowed": ["openrouter"], "prompt_bound": 50,
            "images": 0, "tools": false, "modalities": [], "choices": 1, "output_limit": 100, "hold_seconds": 1, "markup": 10_000,
            "session_id": chat, "prompt_tokens": 20,
        });
        let body = json!({ "caller": caller, "call": call });
        let begin = format!("select public.begin_request('{body}')");
        let asked = Instant::now();
        answer = world.value(&begin).await;
        shortest = shortest.min(asked.elapsed());
        world.sql("update gateway.chat_sessions set turn_call = null, turn_until = null").await;
        let body = body.to_string().replace(call["call_id"].as_str().expect("an id"), &Uuid::now_v7().to_string());
        let explained = format!("explain (analyze, buffers, format json) select public.begin_request('{body}')");
        let rows = world.platform.database.query(&explained, &[]).await.expect("a plan");
        let plan: Value = rows[0].get(0);
        let pages = |kind: &str| plan[0]["Plan"][format!("Shared {kind} Blocks")].as_u64().expect("a number");
        fewest = fewest.min(pages("Hit") + pages("Read"));
        world.sql("update gateway.chat_sessions set turn_call = null, turn_until = null").await;
    }
    (fewest, shortest, answer)
}

#[tokio::test]
async fn ten_thousand_messages_cost_a_call_no_more_than_a_hundred() {
    let world = World::start().await;
    let account = world.account(1000 * CREDIT).await;
    let long = chat_of(&world, &account, 10_000).await;
    let short = chat_of(&world, &account, 101).await;
    let (_, alone, _) = begun(&world, &account, None).await;
    let (pages_of_short, in_short, _) = begun(&world, &account, Some(&short)).await;
    let (pages_of_long, in_long, answer) = begun(&world, &account, Some(&long)).await;
    let history = answer["history"].as_array().unwrap_or_else(|| panic!("{answer}"));
    assert_eq!(history.len(), 101, "a hundred, and the instructions");
    let figures = format!(
        "{alone:?} out of a chat, {in_short:?} and {pages_of_short} pages in one of 101 messages, {in_long:?} and {pages_of_long} pages in one of 10 000"
    );
    eprintln!("begin_request: {figures}");
    // Time says little on a machine that does other things; pages do not depend on it. An index may be a level deeper.
    assert!(pages_of_long < pages_of_short + pages_of_short / 4, "{figures}");
}

#[tokio::test]
async fn a_turn_is_two_calls_of_the_database_as_every_call_is() {
    let world = World::start().await;
    let account = world.account(CREDIT).await;
    let wire = &WIRES[0];
    let chat = session(&world, &account, "Short").await;
    let control = world.platform.postgrest.control();
    control.record(true);
    for text in ["One", "Two"] {
        control.calls_clear();
        turn(wire, &world, &account, &chat, &wire.say(text, &json!({}))).await;
        world.settled().await;
        let asked: Vec<String> = control.calls().iter().map(|call| call.function.clone()).collect();
        assert_eq!(asked, ["begin_request", "finish_request"]);
    }
}
