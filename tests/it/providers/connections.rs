//! A connection that was kept may be closed by its server at any time: that is nobody's failure.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use tests::wire::{Wire, each};
use tests::world::{Account, World};

use super::fake::{pong, provider as fake};
use super::{CREDIT, ask_at, body, newest, provider, with_fallback};

/// Calls of the wire in turn, plain and streamed; who served each.
async fn served_by(wire: &Wire, world: &World, account: &Account, url: &str) -> Vec<String> {
    with_fallback(wire, world, "normal").await;
    let gateway = world.another_gateway_with(&[(&wire.variable("BASE_URL"), url)]).await;
    let mut served = Vec::new();
    for stream in [false, true, false, true, true, false] {
        let answer = ask_at(wire, world, &gateway, &account.key, &body(wire, stream)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        served.push(provider(&answer).to_owned());
    }
    served
}

#[tokio::test]
async fn a_kept_connection_that_is_closed_unanswered_is_asked_again_over_a_new_one() {
    each(async |wire, deployment| {
        let world = World::of(deployment, &[]).await;
        let account = world.account(CREDIT).await;
        let url = fake(move |nth| (nth.of_connection == 0).then(|| pong(wire))).await;
        assert_eq!(served_by(wire, &world, &account, &url).await, [wire.provider; 6]);
        assert_eq!(newest(&world).await["provider"], json!(wire.provider));
    })
    .await;
}

#[tokio::test]
async fn asked_again_once_and_then_another_provider_is() {
    each(async |wire, deployment| {
        let world = World::of(deployment, &[]).await;
        let account = world.account(CREDIT).await;
        let asked = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&asked);
        let url = fake(move |nth| {
            count.fetch_max(nth.of_all + 1, Ordering::SeqCst);
            (nth.of_all == 0).then(|| pong(wire))
        })
        .await;
        let served = served_by(wire, &world, &account, &url).await;
        assert_eq!(served, [wire.provider, "chutes", "chutes", "chutes", "chutes", "chutes"]);
        // The kept connection and a new one, then a new one for each call: what fails there is no kept one's end.
        assert_eq!(asked.load(Ordering::SeqCst), 1 + 2 + 4);
    })
    .await;
}
