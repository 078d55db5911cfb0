//! While a provider is silent, the client of a stream hears that its call is alive: comments, which no SDK shows.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::routing::post;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use serde_json::json;
use shared::formats::Format;
use tests::certain;
use tests::wire::{Wire, each};
use tests::world::{Account, Deployment, Route, World, events, read, send};
use tokio::sync::Notify;

use super::{Reader, ask, assert_members, assert_reported, call_at, must_not_come, settled, world_within};

/// Short beside any silence of these tests, which ends when the comments have come.
const OFTEN: [(&str, &str); 1] = [("KEEP_ALIVE_MS", "20")];

async fn world_of(deployment: &Deployment, wire: &Wire, upstream: &str) -> (World, Account) {
    world_within(deployment, wire, upstream, &OFTEN).await
}

/// Waits for more comments than there are.
async fn hears(reader: &mut Reader) {
    let alive = reader.wire.alive(reader.text.contains("data: "));
    let so_far = reader.text.matches(alive).count();
    reader.until(|text| text.matches(alive).count() >= so_far + 2).await;
}

/// The stream without its comments, each of which stands between two events.
fn without_comments(wire: &Wire, stream: &str) -> String {
    // A provider of messages pings, too, which reaches the clients of other formats as a comment.
    let blocks = stream
        .split_inclusive("\n\n")
        .filter(|block| ![wire.alive(false), wire.alive(true), ": ping\n\n"].contains(block));
    let is_event = |block: &str| block.starts_with("data: ") || block.starts_with("event: ");
    let rest: String = blocks.inspect(|block| assert!(is_event(block), "{block:?} in {stream}")).collect();
    assert!(!rest.contains("keep-alive"), "{stream}");
    rest
}

/// Opens a stream whose provider says nothing yet: the client has its head, and hears comments and nothing else.
async fn open_in_silence(wire: &'static Wire, world: &World, account: &Account) -> Reader {
    let mut reader = Reader::open(wire, call_at(wire, world, &world.base_url, account, &ask(wire, true))).await;
    hears(&mut reader).await;
    assert_eq!(without_comments(wire, &reader.text), "");
    reader
}

#[tokio::test]
async fn a_client_hears_them_before_the_first_output() {
    each(async |wire, deployment| {
        let (world, account) = world_of(deployment, wire, "standin/normal").await;
        let gate = world.platform.providers.control().gate();
        let reader = open_in_silence(wire, &world, &account).await;
        gate.release();
        let stream = without_comments(wire, &reader.whole().await);
        assert!(wire.is_over(&stream) && !wire.pieces(&stream).is_empty(), "{stream}");
        assert_reported(&settled(&world, &account).await, "completed");
    })
    .await;
}

#[tokio::test]
async fn a_failure_after_them_is_an_event_and_costs_nothing() {
    each(async |wire, deployment| {
        let (world, account) = world_of(deployment, wire, "standin/status?code=500").await;
        let gate = world.platform.providers.control().gate();
        let reader = open_in_silence(wire, &world, &account).await;
        gate.release();
        let stream = without_comments(wire, &reader.whole().await);
        // A client of Responses takes no other event for the first one than the response's beginning.
        let before = if wire.format == Format::Responses { 2 } else { 0 };
        assert_eq!(events(&stream).len(), before + 1, "{stream}");
        let error = wire.failure(&stream);
        assert_eq!((&error["code"], &error["provider"]), (&json!("upstream_error"), &json!(wire.provider)), "{error}");
        let row = settled(&world, &account).await;
        assert_members(&row, &json!({"outcome": "failed", "error_code": "upstream_error", "cost": 0}));
    })
    .await;
}

#[tokio::test]
async fn another_provider_may_still_answer_after_them() {
    each(async |wire, deployment| {
        let (world, account) = world_of(deployment, wire, "").await;
        let second = Route { prompt: 2_000_000_000, ..Route::new("chutes", "standin/normal") };
        world.model(wire.model, &[Route::new(wire.provider, "standin/status?code=500"), second]).await;
        let control = world.platform.providers.control();
        let gate = control.gate();
        let reader = open_in_silence(wire, &world, &account).await;
        gate.release();
        let stream = without_comments(wire, &reader.whole().await);
        assert!(wire.is_over(&stream) && !wire.pieces(&stream).is_empty(), "{stream}");
        let asked: Vec<_> = control.requests().iter().map(|request| request.provider).collect();
        assert_eq!(asked, [wire.provider, "chutes"]);
        let row = settled(&world, &account).await;
        assert_members(&row, &json!({"outcome": "completed", "provider": "chutes"}));
    })
    .await;
}

#[tokio::test]
async fn a_client_hears_them_in_the_middle() {
    each(async |wire, deployment| {
        // Seldom enough for more than that to be told from it on a busy machine.
        let seldom = [("KEEP_ALIVE_MS", "100")];
        let (world, account) = world_within(deployment, wire, "standin/gated?after=3", &seldom).await;
        let gate = world.platform.providers.control().gate_within();
        let began = Instant::now();
        let mut reader = Reader::open(wire, call_at(wire, &world, &world.base_url, &account, &ask(wire, true))).await;
        reader.content(3).await;
        let opened = began.elapsed();
        while began.elapsed() < 2 * opened + Duration::from_millis(200) {
            hears(&mut reader).await;
        }
        let comments = reader.text.matches(wire.alive(true)).count();
        assert!(comments as u128 <= 2 + began.elapsed().as_millis() / 100, "{comments} within {:?}", began.elapsed());
        gate.release();
        let stream = without_comments(wire, &reader.whole().await);
        assert!(wire.is_over(&stream) && wire.pieces(&stream).len() > 3, "{stream}");
        assert_reported(&settled(&world, &account).await, "completed");
    })
    .await;
}

/// A provider that falls silent in the middle of its second event, until it is told to go on.
async fn halting_provider(wire: &Wire) -> (String, Arc<Notify>) {
    let event = |text: &str| wire.upstream_frame(&wire.upstream_event(text));
    let (first, second) = (event("one"), event(" two"));
    let (begin, rest) = second.split_at(second.len() / 2);
    let (begin, rest) = (Bytes::from(first + begin), Bytes::from(rest.to_owned() + wire.upstream_end()));
    let go_on = Arc::new(Notify::new());
    let told = go_on.clone();
    let answer = move || async move {
        let rest = stream::once(async move {
            told.notified().await;
            rest
        });
        let body = stream::iter([begin]).chain(rest).map(Ok::<_, std::io::Error>);
        ([("content-type", "text/event-stream")], Body::from_stream(body))
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("its address"));
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(post(answer))).await });
    (url, go_on)
}

#[tokio::test]
async fn none_stands_within_an_event() {
    each(async |wire, deployment| {
        let (url, go_on) = halting_provider(wire).await;
        let (key, base_url) = (wire.variable("API_KEY"), wire.variable("BASE_URL"));
        let variables = [OFTEN[0], (key.as_str(), "key"), (base_url.as_str(), url.as_str())];
        let (world, account) = world_within(deployment, wire, "any/model", &variables).await;
        let mut reader = Reader::open(wire, call_at(wire, &world, &world.base_url, &account, &ask(wire, true))).await;
        assert_eq!(reader.content(1).await, "one");
        hears(&mut reader).await;
        go_on.notify_one();
        let stream = without_comments(wire, &reader.whole().await);
        assert_eq!(wire.pieces(&stream), ["one", " two"]);
    })
    .await;
}

#[tokio::test]
async fn whoever_waits_for_a_plain_answer_hears_none() {
    each(async |wire, deployment| {
        let (world, account) = world_of(deployment, wire, "standin/gated").await;
        let control = world.platform.providers.control();
        let (head, within) = (control.gate(), control.gate_within());
        let call = send(call_at(wire, &world, &world.base_url, &account, &ask(wire, false)));
        tokio::pin!(call);
        for gate in [head, within] {
            // Not even a head: what comes of the call is not known yet.
            must_not_come("an answer", &mut call).await;
            gate.release();
        }
        let (status, answer) = read(certain("the answer", call).await).await;
        assert_eq!(status, 200, "{answer}");
        assert!(!wire.text(&answer).is_empty(), "{answer}");
        world.settled().await;
        world.assert_ledger_clean().await;
    })
    .await;
}
