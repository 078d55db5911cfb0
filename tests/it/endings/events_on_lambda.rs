//! Lambda freezes a function that has asked for its next event: everything is settled by then.

use std::time::Duration;

use local::postgrest::Gate;
use local::provider::Ending;
use serde_json::{Value, json};
use tests::certain;
use tests::lambda::LambdaHost;
use tests::world::{Account, World, events};

use super::{ask, assert_estimated, assert_reported, books, call_event, content, must_not_come, variables, world_with};
use crate::platforms::function;

async fn start(upstream: &str) -> (World, Account, LambdaHost) {
    let (world, account) = world_with(upstream).await;
    let host = LambdaHost::start(function(), &variables(&world)).await;
    (world, account, host)
}

/// Lets the held settle go on, after which, and not before, the function asks for its next event: the one after `asked`.
async fn next_event_with(settle: Gate, host: &LambdaHost, asked: usize) {
    certain("the settle", settle.waiting(1)).await;
    must_not_come("the question for the next event", host.asked(asked + 1)).await;
    settle.open();
    host.asked(asked + 1).await;
}

#[tokio::test]
async fn a_plain_call_is_settled_before_the_next_event() {
    let (world, account, host) = start("standin/normal").await;
    let settle = world.platform.postgrest.control().gate(Some("finish_request"));
    let answer = host.invoke(call_event(&account, &ask(false))).await.expect("an answer");
    assert_eq!((answer.status, answer.headers["content-type"].as_str()), (200, "application/json"));
    let ((), text) = tokio::join!(next_event_with(settle, &host, 1), answer.text());
    assert_reported(&books(&world, &account).await, "completed");
    let answer: Value = serde_json::from_str(&text).expect("JSON");
    assert!(answer["choices"][0]["message"]["content"].is_string(), "{answer}");
}

#[tokio::test]
async fn a_stream_arrives_in_pieces_while_the_provider_writes() {
    let (world, account, host) = start("standin/gated?after=3").await;
    let control = world.platform.providers.control();
    let gate = control.gate_within();
    let mut answer = host.invoke(call_event(&account, &ask(true))).await.expect("an answer");
    assert_eq!((answer.status, answer.headers["content-type"].as_str()), (200, "text/event-stream"));
    let mut text = String::new();
    while content(&text).len() < 3 {
        text.push_str(str::from_utf8(&answer.chunk().await.expect("a chunk")).expect("UTF-8"));
    }
    assert_eq!(control.requests()[0].ending, None, "the provider has not finished");
    gate.release();
    let rest = answer.text().await;
    assert!(rest.ends_with("data: [DONE]\n\n"), "{rest}");
    host.asked(2).await;
    assert_reported(&books(&world, &account).await, "completed");
}

#[tokio::test]
async fn a_stream_is_settled_before_the_next_event_and_its_bytes_do_not_wait_for_that() {
    let (world, account, host) = start("standin/normal").await;
    let settle = world.platform.postgrest.control().gate(Some("finish_request"));
    let mut answer = host.invoke(call_event(&account, &ask(true))).await.expect("an answer");
    let mut text = String::new();
    while !text.ends_with("data: [DONE]\n\n") {
        text.push_str(str::from_utf8(&answer.chunk().await.expect("a chunk")).expect("UTF-8"));
    }
    next_event_with(settle, &host, 1).await;
    assert_reported(&books(&world, &account).await, "completed");
    assert_eq!(answer.chunk().await, None);
}

#[tokio::test]
async fn a_failed_call_is_settled_before_the_next_event() {
    let (world, account, host) = start("standin/status?code=500").await;
    let settle = world.platform.postgrest.control().gate(Some("finish_request"));
    let answer = async { host.invoke(call_event(&account, &ask(true))).await.expect("an answer") };
    let ((), answer) = tokio::join!(next_event_with(settle, &host, 1), answer);
    let row = books(&world, &account).await;
    assert_eq!((&row["outcome"], &row["cost"]), (&json!("failed"), &json!(0)), "{row}");
    assert_eq!(answer.status, 502);
}

#[tokio::test]
async fn a_call_over_its_limits_gives_its_hold_back_before_the_next_event() {
    let (world, account, host) = start("standin/normal").await;
    let limits = format!(
        r#"update gateway.api_keys set rate_limits = '{{"requests_per_minute": 1}}' where id = '{}'"#,
        account.key_id
    );
    world.sql(&limits).await;
    assert_eq!(host.invoke(call_event(&account, &ask(false))).await.expect("an answer").status, 200);
    host.asked(2).await;
    let settle = world.platform.postgrest.control().gate(Some("finish_request"));
    let answer = async { host.invoke(call_event(&account, &ask(false))).await.expect("an answer") };
    let ((), answer) = tokio::join!(next_event_with(settle, &host, 2), answer);
    assert_reported(&books(&world, &account).await, "completed");
    assert_eq!(answer.status, 429);
}

#[tokio::test]
async fn a_stream_is_cut_in_time_to_be_settled_within_the_functions_limit() {
    let (world, account, host) = start("standin/stall?after=3").await;
    // Half of a short limit is kept back for the settle.
    let limit = Duration::from_secs(4);
    let answer = host.invoke_within(limit, call_event(&account, &ask(true))).await.expect("an answer");
    let text = answer.text().await;
    assert_eq!(super::deadline::cut_by_the_deadline(&text)["error"]["code"], "deadline_exceeded");
    host.asked(2).await;
    let provider = world.platform.providers.control().requests();
    assert_eq!(provider[0].ending, Some(Ending::ClientGone));
    let row = books(&world, &account).await;
    assert_estimated(&row, "deadline", &content(&text).concat());
    assert!(row["duration_ms"].as_u64() < Some(4000), "{row}");
    assert_eq!(events(&text).len(), 5);
}
