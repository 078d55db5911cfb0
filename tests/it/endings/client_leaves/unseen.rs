//! Sound, images and what is not understood cannot be counted: when their client leaves, the provider is read on until it
//! reports, and charged by the hold if it never does.

use std::sync::Arc;

use serde_json::{Value, json};
use shared::formats::Format;
use tests::deadline::late_enough;
use tests::scripted::{Script, Scripted, Then, parts};
use tests::wire::{WIRES, Wire};
use tests::world::{Account, Deployment, World, send};
use tokio::sync::Notify;

use super::super::{CREDIT, Reader, ask, assert_members, call_at, settled};

/// Deltas that chat alone has.
fn unseen() -> [Value; 4] {
    [
        json!({"audio": {"id": "a", "data": "UklGRigAAABXQVZF", "transcript": "hm"}}),
        json!({"images": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}]}),
        json!({"reasoning_details": [{"type": "reasoning.encrypted", "data": "gAAAAAB"}]}),
        json!({"unheard_of": 7}),
    ]
}

/// A client reads something that cannot be counted, and leaves; then the provider says the rest when it is told so.
/// Nothing where the call's deadline came first.
async fn leave(
    deployment: &Deployment,
    wire: &'static Wire,
    variables: &[(&str, &str)],
    delta: &Value,
    rest: &[Value],
) -> Option<(World, Account, Arc<Notify>)> {
    let (world, provider) = Scripted::world(deployment, wire, variables).await;
    let account = world.account(CREDIT).await;
    let mut event = wire.upstream_event("");
    event["choices"][0]["delta"] = delta.clone();
    let told = Arc::new(Notify::new());
    let then = Then::When(told.clone(), parts(rest));
    provider.answers(Script::stream(&[event]).then(then));
    let response = send(call_at(wire, &world, &world.base_url, &account, &ask(wire, true))).await;
    if response.status() == 504 {
        return None;
    }
    let mut reader = Reader::of(wire, response);
    reader.until(|text| text.contains("\n\n")).await;
    drop(reader);
    Some((world, account, told))
}

fn wires() -> impl Iterator<Item = &'static Wire> {
    WIRES.iter().filter(|wire| (wire.format, wire.upstream()) == (Format::Chat, Format::Chat))
}

#[tokio::test]
async fn the_provider_is_read_on_until_its_usage_comes() {
    let deployment = Deployment::new().await;
    for (wire, delta) in wires().flat_map(|wire| unseen().map(|delta| (wire, delta))) {
        let report = json!({"choices": [], "usage": {"prompt_tokens": 36, "completion_tokens": 500}});
        let rest = vec![wire.upstream_event("and"), wire.upstream_finish(0, "stop"), report];
        let (world, account, told) = leave(&deployment, wire, &[], &delta, &rest).await.expect("an answer");
        told.notify_one();
        let row = settled(&world, &account).await;
        let cost = 36 * 1_000 + 500 * 2_000;
        assert_members(&row, &json!({"outcome": "client_left", "estimated": false, "cost": cost}));
    }
}

#[tokio::test]
async fn usage_that_never_comes_costs_the_hold() {
    let deployment = Deployment::new().await;
    for (wire, delta) in wires().flat_map(|wire| unseen().map(|delta| (wire, delta))) {
        let row = late_enough(async |deadline, _| {
            let (world, account, _never) = leave(&deployment, wire, deadline, &delta, &[]).await?;
            Some(settled(&world, &account).await)
        })
        .await;
        assert_members(&row, &json!({"outcome": "deadline", "estimated": true, "cost": row["held"]}));
    }
}

#[tokio::test]
async fn so_does_an_answer_that_is_complete_without_one() {
    let deployment = Deployment::new().await;
    for (wire, delta) in wires().flat_map(|wire| unseen().map(|delta| (wire, delta))) {
        let (world, provider) = Scripted::world(&deployment, wire, &[]).await;
        let account = world.account(CREDIT).await;
        let mut event = wire.upstream_event("");
        event["choices"][0]["delta"] = delta;
        provider.answers(Script::stream(&[event, wire.upstream_finish(0, "stop")]).done(&[]));
        let call = call_at(wire, &world, &world.base_url, &account, &ask(wire, true));
        Reader::open(wire, call).await.whole().await;
        let row = settled(&world, &account).await;
        assert_members(&row, &json!({"outcome": "completed", "estimated": true, "cost": row["held"]}));
    }
}
