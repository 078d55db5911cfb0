//! What a call writes in Redis lapses by itself: of a key that calls no more nothing stays there.

use std::time::Duration;

use local::upstash::Reply;
use serde_json::json;
use tests::answer::Answer;
use tests::certain;
use tests::world::{MODEL, Route, hello};

use super::{advance, limited, subjects, world};

const DAY: Duration = Duration::from_secs(86_400);

#[tokio::test]
async fn nothing_that_a_call_has_written_stays_for_longer_than_it_counts() {
    let world = world().await;
    let account = limited(&world, json!({ "burst": 50 })).await;
    // It reports cached tokens, so where its session's prompt lies is kept, too; and so is its answer.
    world.model(MODEL, &[Route::new("openrouter", "standin/usage")]).await;
    let gate = world.platform.providers.control().gate();
    let call = world.chat(&account.key, &hello(&json!({ "session_id": "s" }))).header("x-gateway-cache", "true");
    let running = tokio::spawn(Answer::to(call));
    certain("the call at the provider", gate.wait_for(1)).await;
    // A function that dies here ends no lease.
    for subject in subjects(&account) {
        for name in [format!("lease:{subject}"), format!("rate:{subject}")] {
            let left = world.platform.upstash.execute(&["PTTL", &name]).await.expect("PTTL");
            assert!(matches!(left, Reply::Integer(1..=172_800_000)), "{name}: {left:?}");
        }
    }
    gate.release();
    running.await.expect("no panic").success();
    world.settled().await;
    let contents = || world.platform.upstash.contents().expect("the engine in process");
    for kind in ["limits:", "rate:key:", "rate:account:", "sticky:", "cached:", "route:"] {
        assert!(contents().iter().any(|line| line.starts_with(kind)), "{kind}: {:?}", contents());
    }
    advance(&world, 2 * DAY + Duration::from_secs(1));
    assert_eq!(contents(), [""; 0]);
}
