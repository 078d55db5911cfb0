//! Receivers that are slow, refuse, or are not there: no call notices.

use std::time::{Duration, Instant};

use serde_json::json;
use shared::traces::exporter::MOST_WAITING;
use tests::lambda::{LambdaHost, event};
use tests::receiver::{Manner, Receiver};
use tests::vercel::VercelHost;
use tests::watch::poll;
use tests::world::{World, hello, send};

use super::traced;
use crate::platforms::function;

#[tokio::test]
async fn a_silent_receiver_costs_no_call_anything_and_holds_a_bounded_number() {
    let (mut world, receiver) = traced(&[]).await;
    receiver.behaves(Manner::IsSilent);
    let account = world.account(1_000_000_000).await;
    for stream in [false, true] {
        for _ in 0..MOST_WAITING {
            let response = send(world.chat(&account.key, &hello(&json!({"stream": stream})))).await;
            assert_eq!(response.status(), 200);
            response.bytes().await.expect("all of it");
        }
    }
    world.settled().await;
    let (_, most) = receiver.open();
    assert!((1..=MOST_WAITING).contains(&most), "{most}");
    world.assert_ledger_clean().await;
    world.stop_gateway().await;
}

#[tokio::test]
async fn a_receiver_that_refuses_is_left_alone_for_a_while_and_one_that_is_not_there_is_no_matter() {
    let (world, receiver) = traced(&[]).await;
    receiver.behaves(Manner::Refuses);
    let account = world.account(1_000_000_000).await;
    let refused = Instant::now();
    world.completion(&account.key, &hello(&json!({}))).await;
    receiver.until(1).await;
    for _ in 0..3 {
        world.completion(&account.key, &hello(&json!({}))).await;
        world.settled().await;
    }
    let came = receiver.traces().len();
    assert!(came == 1 || refused.elapsed() > Duration::from_secs(5), "{came}");

    let nowhere = [("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")];
    let base = world.another_gateway_with(&nowhere).await;
    for _ in 0..3 {
        let request = world.http.post(format!("{base}/v1/chat/completions")).bearer_auth(&account.key);
        let request = request.header("content-type", "application/json").body(hello(&json!({})).to_string());
        assert_eq!(send(request).await.status(), 200);
    }
    world.settled().await;
    world.assert_ledger_clean().await;
}

/// The end of an answer ends the run on Lambda, and on Vercel the invocation goes on behind it: on both the client has all of its
/// answer while the receiver still keeps its trace waiting.
#[tokio::test]
async fn on_every_platform_the_end_of_an_answer_does_not_wait_for_the_receiver() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    receiver.behaves(Manner::IsSilent);
    let account = world.account(1_000_000_000).await;
    let mut variables: Vec<_> =
        world.platform.variables().iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    variables.push(("OTEL_EXPORTER_OTLP_ENDPOINT", &receiver.url));
    let body = hello(&json!({})).to_string();
    let kept_waiting = || async { receiver.open().0 > 0 };

    let host = VercelHost::start(function(), &variables).await;
    let (request, invocation) = host.request("POST", "/v1/chat/completions");
    let request = request.bearer_auth(&account.key).header("content-type", "application/json").body(body.clone());
    let response = send(request).await;
    assert_eq!(response.status(), 200);
    response.bytes().await.expect("all of it");
    poll("the trace", kept_waiting).await;
    host.ended(&invocation).await;
    poll("its end", || async { receiver.open().0 == 0 }).await;

    let host = LambdaHost::start(function(), &variables).await;
    let authorization = format!("Bearer {}", account.key);
    let headers = [("authorization", authorization.as_str()), ("content-type", "application/json")];
    let answer = host.invoke(event("POST", "/v1/chat/completions", &headers, Some(&body))).await.expect("an answer");
    assert_eq!(answer.status, 200);
    answer.text().await;
    poll("the trace", kept_waiting).await;
    world.assert_ledger_clean().await;
}
