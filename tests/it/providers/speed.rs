//! How fast routes were lately decides where a caller asks for it, and nowhere else.

use local::upstash::Reply;
use serde_json::{Value, json};
use tests::world::{MODEL, Route, World, hello};

use super::{dearer, provider};

/// What is kept of a route's speed: milliseconds, tokens in a second, and when.
async fn kept(world: &World, route: &str) -> Option<Vec<i64>> {
    match world.platform.upstash.execute(&["HGET", "speeds", route]).await.expect("HGET") {
        Reply::Bulk(text) => Some(
            String::from_utf8(text).expect("text").split(' ').map(|figure| figure.parse().expect("a figure")).collect(),
        ),
        _ => None,
    }
}

/// Says that a route had this speed so long ago.
async fn set(world: &World, name: &str, (first_ms, per_second): (i64, i64), seconds_ago: i64) {
    let kept = format!("{first_ms} {per_second} {}", (tests::now() - seconds_ago) * 1000);
    let route = format!("{name}:{MODEL}");
    world.platform.upstash.execute(&["HSET", "speeds", &route, &kept]).await.expect("HSET");
}

#[tokio::test]
async fn whoever_asks_for_speed_gets_the_fastest_and_nobody_else_pays_for_it() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    world.model(MODEL, &[Route::new("openrouter", "standin/normal"), dearer("chutes", "standin/normal")]).await;
    let served = async |further: Value| {
        let answer = tests::answer::Answer::to(world.chat(&account.key, &hello(&further))).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        world.settled().await;
        provider(&answer).to_owned()
    };
    // Every answer is measured.
    let route = format!("openrouter:{MODEL}");
    assert_eq!(kept(&world, &route).await, None);
    for stream in [false, true] {
        assert_eq!(served(json!({ "stream": stream })).await, "openrouter");
    }
    let figures = kept(&world, &route).await.expect("figures");
    assert!(figures.len() == 3 && figures[1] > 0 && figures[2] > 0, "{figures:?}");
    for ((cheap, dear), latency, throughput) in [
        (((900, 10), (5, 500)), "chutes", "chutes"),
        (((5, 500), (900, 10)), "openrouter", "openrouter"),
        (((5, 10), (900, 500)), "openrouter", "chutes"),
    ] {
        let sort = |sort: Value| json!({ "provider": { "sort": sort } });
        for (wish, wanted) in [
            (json!({}), "openrouter"),
            (sort(json!("price")), "openrouter"),
            (sort(json!("latency")), latency),
            (sort(json!({ "by": "throughput" })), throughput),
            (json!({ "model": format!("{MODEL}:nitro") }), throughput),
            (json!({ "model": format!("{MODEL}:floor") }), "openrouter"),
            // A name outweighs a sort.
            (json!({ "provider": { "sort": "latency", "order": ["chutes"] } }), "chutes"),
        ] {
            set(&world, "openrouter", cheap, 0).await;
            set(&world, "chutes", dear, 0).await;
            assert_eq!(served(wish.clone()).await, wanted, "{wish} {cheap:?} {dear:?}");
        }
    }
    // What was long ago says nothing, and of whom nobody knows anything comes behind.
    set(&world, "openrouter", (900, 10), 0).await;
    set(&world, "chutes", (5, 500), 3600).await;
    assert_eq!(served(json!({ "provider": { "sort": "latency" } })).await, "openrouter");
}
