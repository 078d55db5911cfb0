//! What is kept of a turn however it ends, and what it leaves behind.

use local::postgrest::Fault;
use local::upstash::Reply;
use serde_json::{Value, json};
use tests::answer::Answer;
use tests::certain;
use tests::watch::poll;
use tests::wire::{WIRES, Wire, each, each_form};
use tests::world::{Account, CREDIT, World, nanos, send};

use super::{converses, kept, read, said, session, turn};

fn ask(world: &World, wire: &Wire, account: &Account, chat: &str, stream: bool) -> reqwest::RequestBuilder {
    let path = format!("{}?session_id={chat}", wire.path());
    world.post(&path, &account.key, &wire.say("Hello", &json!({ "stream": stream })))
}

async fn messages(world: &World, account: &Account, chat: &str) -> Vec<String> {
    said(&read(world, account, chat, "").await.success()["messages"])
}

#[tokio::test]
async fn of_a_stream_that_is_cut_off_what_came_is_kept() {
    each(async |wire, deployment| {
        if !converses(wire) {
            return;
        }
        let world = World::of(deployment, &[]).await;
        let account = world.account(CREDIT).await;
        for behaviour in ["cut?after=3", "error-mid", "end-early", "garbage"] {
            let chat = session(&world, &account, "Cut").await;
            world.serves(wire, &format!("standin/{behaviour}")).await;
            let answer = Answer::to(ask(&world, wire, &account, &chat, true)).await;
            let seen = wire.pieces(&answer.text).concat();
            assert!(!seen.is_empty(), "{behaviour}: {}", answer.text);
            assert_eq!(messages(&world, &account, &chat).await, ["Hello", &seen], "{behaviour}");
            // The next turn finds it.
            world.serves(wire, "standin/normal").await;
            turn(wire, &world, &account, &chat, &wire.say("Go on.", &json!({}))).await;
            assert_eq!(messages(&world, &account, &chat).await.len(), 4);
        }
        world.settled().await;
        world.assert_ledger_clean().await;
    })
    .await;
}

#[tokio::test]
async fn a_call_that_fails_keeps_nothing_and_can_be_sent_again_at_once() {
    each_form(async |wire, stream, deployment| {
        if !converses(wire) {
            return;
        }
        let world = World::of(deployment, &[]).await;
        let account = world.account(CREDIT).await;
        let chat = session(&world, &account, "Failed").await;
        let plain = if stream { &[][..] } else { &["cut?after=3", "error-mid"] };
        for behaviour in ["status?code=500", "refuse", "error-first", "html"].iter().chain(plain) {
            world.platform.upstash.execute(&["DEL", "breaker"]).await.expect("DEL");
            world.serves(wire, &format!("standin/{behaviour}")).await;
            let answer = Answer::to(ask(&world, wire, &account, &chat, stream)).await;
            assert!(answer.status >= 500, "{behaviour}: {} {}", answer.status, answer.text);
            assert!(messages(&world, &account, &chat).await.is_empty(), "{behaviour}");
        }
        world.platform.upstash.execute(&["DEL", "breaker"]).await.expect("DEL");
        world.serves(wire, "standin/normal").await;
        let answer = Answer::to(ask(&world, wire, &account, &chat, stream)).await.content(wire);
        assert_eq!(messages(&world, &account, &chat).await, ["Hello", &answer]);
        world.assert_ledger_clean().await;
    })
    .await;
}

#[tokio::test]
async fn what_a_client_has_read_that_leaves_is_kept() {
    each(async |wire, deployment| {
        if !converses(wire) {
            return;
        }
        let world = World::of(deployment, &[]).await;
        let account = world.account(CREDIT).await;
        let chat = session(&world, &account, "Left").await;
        world.serves(wire, "standin/stall?after=3").await;
        let mut response = send(ask(&world, wire, &account, &chat, true)).await;
        let mut read = String::new();
        while wire.pieces(&read).len() < 3 {
            let chunk = certain("a chunk", response.chunk()).await.expect("a chunk").expect("no end");
            read.push_str(&String::from_utf8_lossy(&chunk));
        }
        drop(response);
        world.settled().await;
        let seen = wire.pieces(&read).concat();
        assert_eq!(messages(&world, &account, &chat).await, ["Hello", &seen]);
        world.assert_ledger_clean().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_has_the_end_of_its_answer_when_the_turn_is_in_the_books() {
    let Some(world) = World::concurrent("a turn whose settle waits").await else { return };
    let account = world.account(CREDIT).await;
    let wire = WIRES.iter().find(|wire| converses(wire)).expect("a wire");
    world.serves(wire, "standin/normal").await;
    let chat = session(&world, &account, "One").await;
    for stream in [false, true] {
        let gate = world.platform.providers.control().gate();
        let call = tokio::spawn(until_its_end(ask(&world, wire, &account, &chat, stream)));
        certain("the turn at its provider", gate.wait_for(1)).await;
        let lock = world.locked(&account).await;
        gate.release();
        world.until_waiting(1).await;
        assert!(!call.is_finished(), "its next turn would find the session busy");
        certain("the end of the lock", lock.batch_execute("rollback")).await.expect("a rollback");
        assert_eq!(call.await.expect("no panic"), 200);
        world.settled().await;
    }
    world.assert_ledger_clean().await;
}

/// Reads an answer until it has its head, and of a stream its last event; gives its status.
async fn until_its_end(request: reqwest::RequestBuilder) -> u16 {
    let mut response = send(request).await;
    let mut read = String::new();
    while response.headers()["content-type"] == "text/event-stream" && !read.contains("data: [DONE]") {
        let chunk = certain("a chunk", response.chunk()).await.expect("a chunk").expect("the last event");
        read.push_str(&String::from_utf8_lossy(&chunk));
    }
    response.status().as_u16()
}

#[tokio::test]
async fn while_one_turn_runs_another_is_told_to_come_back() {
    each(async |wire, deployment| {
        if !converses(wire) {
            return;
        }
        let world = World::of(deployment, &[]).await;
        world.serves(wire, "standin/normal").await;
        let account = world.account(CREDIT).await;
        let (chat, other) = (session(&world, &account, "One").await, session(&world, &account, "Other").await);
        let gate = world.platform.providers.control().gate();
        let first = tokio::spawn(send(ask(&world, wire, &account, &chat, false)));
        certain("the first turn at its provider", gate.wait_for(1)).await;
        let busy = Answer::to(ask(&world, wire, &account, &chat, true)).await;
        busy.refused(409, "chat_session_busy");
        assert_eq!((busy.header("x-should-retry"), busy.header("retry-after-ms")), ("true", "1000"));
        // Another session is not in its way.
        let second = tokio::spawn(send(ask(&world, wire, &account, &other, false)));
        certain("a turn elsewhere", gate.wait_for(2)).await;
        gate.release();
        for answer in [first, second] {
            assert_eq!(answer.await.expect("no panic").status(), 200);
        }
        turn(wire, &world, &account, &chat, &wire.say("Next", &json!({}))).await;
        assert_eq!(messages(&world, &account, &chat).await.len(), 4);
        assert_eq!(kept(&world, &account).await.1, 6);
        world.settled().await;
        world.assert_ledger_clean().await;
    })
    .await;
}

#[tokio::test]
async fn a_turn_whose_settlement_waits_in_the_outbox_is_kept_when_it_is_booked_and_nobody_reads_it_there() {
    let world = World::start().await;
    let account = world.account(CREDIT).await;
    for wire in WIRES.iter().filter(|wire| converses(wire)) {
        world.serves(wire, "standin/normal").await;
        let chat = session(&world, &account, "Later").await;
        let control = world.platform.postgrest.control();
        control.fail(Some("finish_request"), None, Fault::Refuse);
        let body = wire.say("Ouagadougou", &json!({}));
        let answer = turn(wire, &world, &account, &chat, &body).await.content(wire);
        let waiting = || async {
            match world.platform.upstash.execute(&["LINDEX", "outbox", "-1"]).await.expect("LINDEX") {
                Reply::Bulk(entry) => String::from_utf8(entry).expect("text"),
                _ => String::new(),
            }
        };
        poll("the settle in the outbox", || async { waiting().await.contains(&chat) }).await;
        let entry = waiting().await;
        assert!(!entry.contains("Ouagadougou") && !entry.contains(&answer), "{entry}");
        control.clear();
        let secret = &world.platform.variables()["CRON_SECRET"];
        Answer::to(world.get("/api/cron/sweep-holds", secret)).await.success();
        assert_eq!(messages(&world, &account, &chat).await, ["Ouagadougou", &answer]);
        assert!(!world.is_stored("Ouagadougou").await);
    }
    world.settled().await;
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_turn_that_is_too_large_for_the_outbox_is_charged_and_what_was_said_in_it_is_not_kept() {
    let world = World::start().await;
    let account = world.account(CREDIT).await;
    let wire = &WIRES[0];
    world.serves(wire, "standin/normal").await;
    world.sql(&format!("update gateway.models set context_length = 2000000 where id = '{}'", wire.model)).await;
    let chat = session(&world, &account, "Large").await;
    let control = world.platform.postgrest.control();
    control.fail(Some("finish_request"), None, Fault::Refuse);
    let body = wire.say(&"word ".repeat(150_000), &json!({"max_tokens": 100}));
    let answer = turn(wire, &world, &account, &chat, &body).await.json();
    let waiting = || async {
        match world.platform.upstash.execute(&["LINDEX", "outbox", "-1"]).await.expect("LINDEX") {
            Reply::Bulk(entry) => entry.len(),
            _ => 0,
        }
    };
    poll("the settle in the outbox", || async { waiting().await > 0 }).await;
    assert!(waiting().await < 16 * 1024, "{} bytes", waiting().await);
    control.clear();
    let secret = &world.platform.variables()["CRON_SECRET"];
    Answer::to(world.get("/api/cron/sweep-holds", secret)).await.success();
    assert!(messages(&world, &account, &chat).await.is_empty());
    assert_eq!(world.money(account.id).await, (CREDIT - nanos(&answer["usage"]["cost"]), 0, 0));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn what_was_kept_of_calls_goes_with_its_session_and_with_its_account() {
    let world = World::start().await;
    let (account, other) = (world.account(CREDIT).await, world.account(CREDIT).await);
    let wire = &WIRES[0];
    let mut chats = Vec::new();
    for who in [&account, &account, &other] {
        let chat = session(&world, who, "Gone").await;
        turn(wire, &world, who, &chat, &wire.say("Hello", &json!({}))).await;
        chats.push(chat);
    }
    let delete =
        world.http.delete(format!("{}/v1/chat/sessions/{}", world.base_url, chats[0])).bearer_auth(&account.key);
    Answer::to(delete).await.success();
    assert!(!world.is_stored(&chats[0]).await);
    assert_eq!(kept(&world, &account).await.1, 2);
    let leave = world.http.delete(format!("{}/user/account", world.base_url)).bearer_auth(&account.key);
    let leave = leave.header("content-type", "application/json").body(r#"{"confirmation":"DELETE_ACCOUNT"}"#);
    Answer::to(leave).await.success();
    assert!(!world.is_stored(&chats[1]).await);
    let left = "select (select count(*) from gateway.chat_messages), (select count(*) from gateway.chat_sessions)";
    let left = world.value(&format!("select jsonb_build_array(m, s) from ({left}) as counted (m, s)")).await;
    assert_eq!(left, json!([2, 1]));
    let _: Value = read(&world, &other, &chats[2], "").await.success();
}
