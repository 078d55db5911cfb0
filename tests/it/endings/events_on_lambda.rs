//! Lambda freezes a function that has asked for its next event: everything is settled by then.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use local::postgrest::Gate;
use local::provider::Ending;
use serde_json::{Value, json};
use shared::formats::Format;
use tests::certain;
use tests::lambda::{LambdaHost, event};
use tests::whole::WHOLES;
use tests::wire::{WIRES, Wire, each_format, each_translation};
use tests::world::{Account, Deployment, Route, World, events};

use super::{CREDIT, ask, assert_estimated, assert_reported, books, call_event, must_not_come, variables, world_with};
use crate::platforms::function;
use crate::webhooks::receiver::Receiver;

async fn start(deployment: &Deployment, wire: &Wire, upstream: &str) -> (World, Account, LambdaHost) {
    let (world, account) = world_with(deployment, wire, upstream).await;
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
    each_translation(async |wire, deployment| {
        let (world, account, host) = start(deployment, wire, "standin/normal").await;
        let settle = world.platform.postgrest.control().gate(Some("finish_request"));
        let answer = host.invoke(call_event(wire, &account, &ask(wire, false))).await.expect("an answer");
        assert_eq!((answer.status, answer.headers["content-type"].as_str()), (200, "application/json"));
        let ((), text) = tokio::join!(next_event_with(settle, &host, 1), answer.text());
        assert_reported(&books(&world, &account).await, "completed");
        let answer: Value = serde_json::from_str(&text).expect("JSON");
        assert!(!wire.text(&answer).is_empty(), "{answer}");
    })
    .await;
}

#[tokio::test]
async fn a_stream_arrives_in_pieces_while_the_provider_writes() {
    each_format(async |wire, deployment| {
        let (world, account, host) = start(deployment, wire, "standin/gated?after=3").await;
        let control = world.platform.providers.control();
        let gate = control.gate_within();
        let mut answer = host.invoke(call_event(wire, &account, &ask(wire, true))).await.expect("an answer");
        assert_eq!((answer.status, answer.headers["content-type"].as_str()), (200, "text/event-stream"));
        let mut text = String::new();
        while wire.pieces(&text).len() < 3 {
            text.push_str(str::from_utf8(&answer.chunk().await.expect("a chunk")).expect("UTF-8"));
        }
        assert_eq!(control.requests()[0].ending, None, "the provider has not finished");
        gate.release();
        let rest = answer.text().await;
        assert!(wire.is_over(&rest), "{rest}");
        host.asked(2).await;
        assert_reported(&books(&world, &account).await, "completed");
    })
    .await;
}

#[tokio::test]
async fn a_stream_is_settled_before_the_next_event_and_its_bytes_do_not_wait_for_that() {
    each_translation(async |wire, deployment| {
        let (world, account, host) = start(deployment, wire, "standin/normal").await;
        let settle = world.platform.postgrest.control().gate(Some("finish_request"));
        let mut answer = host.invoke(call_event(wire, &account, &ask(wire, true))).await.expect("an answer");
        let mut text = String::new();
        while !wire.is_over(&text) {
            text.push_str(str::from_utf8(&answer.chunk().await.expect("a chunk")).expect("UTF-8"));
        }
        next_event_with(settle, &host, 1).await;
        assert_reported(&books(&world, &account).await, "completed");
        assert_eq!(answer.chunk().await, None);
    })
    .await;
}

#[tokio::test]
async fn a_failed_call_is_settled_before_the_next_event() {
    each_format(async |wire, deployment| {
        let (world, account, host) = start(deployment, wire, "standin/status?code=500").await;
        let settle = world.platform.postgrest.control().gate(Some("finish_request"));
        let answer = async { host.invoke(call_event(wire, &account, &ask(wire, true))).await.expect("an answer") };
        let ((), answer) = tokio::join!(next_event_with(settle, &host, 1), answer);
        let row = books(&world, &account).await;
        assert_eq!((&row["outcome"], &row["cost"]), (&json!("failed"), &json!(0)), "{row}");
        assert_eq!(answer.status, 502);
    })
    .await;
}

#[tokio::test]
async fn a_call_over_its_limits_gives_its_hold_back_before_the_next_event() {
    each_format(async |wire, deployment| {
        let (world, account, host) = start(deployment, wire, "standin/normal").await;
        let limits = format!(
            r#"update gateway.api_keys set rate_limits = '{{"requests_per_minute": 1}}' where id = '{}'"#,
            account.key_id
        );
        world.sql(&limits).await;
        assert_eq!(host.invoke(call_event(wire, &account, &ask(wire, false))).await.expect("an answer").status, 200);
        host.asked(2).await;
        let settle = world.platform.postgrest.control().gate(Some("finish_request"));
        let answer = async { host.invoke(call_event(wire, &account, &ask(wire, false))).await.expect("an answer") };
        let ((), answer) = tokio::join!(next_event_with(settle, &host, 2), answer);
        assert_reported(&books(&world, &account).await, "completed");
        assert_eq!(answer.status, 429);
    })
    .await;
}

#[tokio::test]
async fn a_stream_is_cut_in_time_to_be_settled_within_the_functions_limit() {
    each_translation(async |wire, deployment| {
        let (world, account, host) = start(deployment, wire, "standin/no-usage").await;
        // A call whose tokens we count ourselves: an instance loads its tokenizer the first time.
        let first = world.account(CREDIT).await;
        host.invoke(call_event(wire, &first, &ask(wire, false))).await.expect("an answer").text().await;
        host.asked(2).await;
        world.platform.providers.control().clear();
        world.serves(wire, "standin/stall?after=3").await;

        // Half of a short limit is kept back for the settle.
        let limit = Duration::from_secs(6);
        let answer = host.invoke_within(limit, call_event(wire, &account, &ask(wire, true))).await.expect("an answer");
        let text = answer.text().await;
        assert_eq!(wire.failure(&text)["code"], "deadline_exceeded");
        host.asked(3).await;
        let provider = world.platform.providers.control().requests();
        assert_eq!(provider[0].ending, Some(Ending::ClientGone));
        let row = books(&world, &account).await;
        assert_estimated(wire, &row, "deadline", &wire.pieces(&text).concat());
        assert!(row["duration_ms"].as_u64() < Some(6000), "{row}");
        // What says that it failed is one more.
        assert_eq!(events(&text).len() as u64, wire.own_events_before_text() + 3 + 1);
    })
    .await;
}

#[tokio::test]
async fn what_an_act_has_caused_is_mailed_and_told_before_the_next_event() {
    let (world, receiver) = (World::start().await, Receiver::start().await);
    let account = world.account(CREDIT).await;
    world.change_account(&account, "created_at = created_at - interval '1 hour'").await;
    world.serves(&WIRES[0], "standin/normal").await;
    let mut variables = variables(&world);
    variables.push(("WEBHOOK_LOCAL_HOSTS", "127.0.0.1"));
    let host = LambdaHost::start(function(), &variables).await;
    let key = format!("Bearer {}", account.key);
    let headers = [("authorization", key.as_str()), ("content-type", "application/json")];
    let act = async |method: &str, path: &str, body: Value| {
        let answer = host.invoke(event(method, path, &headers, Some(&body.to_string()))).await.expect("an answer");
        assert_eq!(answer.status, 200, "{path}");
        answer
    };
    let control = world.platform.postgrest.control();
    // The answer itself waits for nothing.
    let mail = control.gate(Some("claim_notifications"));
    let made = act("POST", "/user/api-keys", json!({"name": "another"})).await;
    next_event_with(mail, &host, 1).await;
    assert!(made.text().await.contains("another"));
    let subjects: Vec<String> = world.platform.mailbox.messages().into_iter().map(|mail| mail.subject).collect();
    assert_eq!(subjects.len(), 1, "{subjects:?}");
    let webhook = json!({"url": receiver.url("/"), "events": ["balance.low"]});
    act("POST", "/user/webhooks", webhook).await.text().await;
    act("PATCH", "/user/notifications/thresholds", json!({"low_balance": 1000})).await.text().await;
    host.asked(4).await;
    let webhooks = control.gate(Some("claim_webhook_deliveries"));
    let called = act("POST", WIRES[0].path(), ask(&WIRES[0], false)).await;
    next_event_with(webhooks, &host, 4).await;
    called.text().await;
    assert_eq!(receiver.take().iter().map(|one| one.json()["type"].clone()).collect::<Vec<_>>(), ["balance.low"]);
    assert_eq!(world.platform.mailbox.messages().len(), 2);
}

#[tokio::test]
async fn a_form_comes_as_base64_and_is_read_as_it_was_sent() {
    let whole = WHOLES.iter().find(|whole| whole.format == Format::Transcription).expect("a row");
    let world = World::start().await;
    world.offers(whole, &[Route::new(whole.provider, "standin/normal")]).await;
    let account = world.account(CREDIT).await;
    let host = LambdaHost::start(function(), &variables(&world)).await;
    let request = world.request(whole, &account.key, &whole.hello(&json!({}))).build().expect("a request");
    let headers = ["content-type", "authorization"].map(|name| (name, request.headers()[name].to_str().expect("text")));
    let body = request.body().and_then(reqwest::Body::as_bytes).expect("bytes");
    let mut event = event("POST", whole.path(), &headers, Some(&STANDARD.encode(body)));
    event["isBase64Encoded"] = json!(true);
    let answer = host.invoke(event).await.expect("an answer");
    assert_eq!((answer.status, &answer.headers["content-type"]), (200, &"application/json".to_owned()));
    let told: Value = serde_json::from_str(&answer.text().await).expect("JSON");
    assert_eq!(told["usage"]["input_token_details"]["audio_tokens"], 10, "{told}");
}
