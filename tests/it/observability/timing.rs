//! `server-timing` says where the time until the head went.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use local::postgrest;
use local::upstash;
use reqwest::Response;
use serde_json::json;
use tests::world::{MODEL, Route, World, hello, send};

/// What each store and the provider are made to take, in ms; below the time that Redis is given.
const AUTH: u64 = 180;
const LIMITS: u64 = 120;
const UPSTREAM: u64 = 250;

/// The durations of a `server-timing` header (W3C Server Timing), in ms.
fn durations(response: &Response) -> BTreeMap<String, f64> {
    let header = response.headers()["server-timing"].to_str().expect("text");
    let duration = |metric: &str| {
        let (name, duration) = metric.trim().split_once(";dur=").expect("a duration");
        (name.to_owned(), duration.parse().expect("a number"))
    };
    header.split(',').map(duration).collect()
}

async fn tells_who_was_slow(stream: bool) {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    let body = hello(&json!({"stream": stream}));
    send(world.chat(&account.key, &body)).await.bytes().await.expect("a body");
    world.settled().await;

    world.model(MODEL, &[Route::new("openrouter", &format!("standin/delay?ms={UPSTREAM}"))]).await;
    let slow = postgrest::Fault::DelayBefore(Duration::from_millis(AUTH));
    world.platform.postgrest.control().fail(Some("begin_request"), Some(1), slow);
    let slow = upstash::Fault::Delay(Duration::from_millis(LIMITS));
    world.platform.upstash.control().fault_next(1, slow);
    let asked = Instant::now();
    let response = send(world.chat(&account.key, &body)).await;
    let elapsed = asked.elapsed().as_secs_f64() * 1000.0;
    assert_eq!(response.status(), 200);
    let durations = durations(&response);
    assert_eq!(durations.keys().collect::<Vec<_>>(), ["auth", "gateway", "limits", "upstream"]);
    for (name, least) in [("auth", AUTH), ("limits", LIMITS), ("upstream", UPSTREAM), ("gateway", AUTH)] {
        assert!(durations[name] >= least as f64, "{name} in {durations:?}");
    }
    assert!(durations["auth"] <= durations["gateway"], "the gateway's part has the stores in it: {durations:?}");
    assert!(durations["gateway"] + durations["upstream"] <= elapsed, "{durations:?} of {elapsed} ms");
}

#[tokio::test]
async fn a_plain_answer_tells_who_was_slow() {
    tells_who_was_slow(false).await;
}

#[tokio::test]
async fn a_streamed_answer_tells_who_was_slow() {
    tells_who_was_slow(true).await;
}

#[tokio::test]
async fn failures_and_refusals_tell_it_too() {
    let world = World::start().await;
    let body = hello(&json!({}));
    let poor = world.account(0).await;
    let refused = send(world.chat(&poor.key, &body)).await;
    assert_eq!((refused.status().as_u16(), durations(&refused)["upstream"]), (402, 0.0));
    assert!(durations(&refused)["auth"] > 0.0);
    let account = world.account(1_000_000_000).await;
    for failure in ["status?code=500", "garbage"] {
        world.model(MODEL, &[Route::new("openrouter", &format!("standin/{failure}"))]).await;
        let failed = send(world.chat(&account.key, &body)).await;
        assert_eq!(failed.status(), 502, "{failure}");
        assert!(durations(&failed)["upstream"] > 0.0, "{failure}");
    }
}
