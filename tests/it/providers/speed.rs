//! How routes did lately is counted as calls end, shown to anyone, and decides where a caller asks for it, and nowhere else.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::whole::WHOLES;
use tests::world::{MODEL, Route, World, hello};

use super::{dearer, provider};

/// The length of the buckets of the last half hour, in seconds.
const BUCKET: i64 = 300;

/// Says of a route that so many seconds ago its answers were of these classes (see `limits::measured`), and nothing else.
async fn set(world: &World, name: &str, (first, rate): (u32, u32), seconds_ago: i64) {
    let route = format!("route:{name}:{MODEL}");
    let bucket = (tests::now() - seconds_ago) / BUCKET;
    let (field, kept) = (format!("m{}", bucket % 7), format!("{bucket} 9 0 {first}=9 {rate}=9"));
    world.platform.upstash.execute(&["DEL", &route]).await.expect("DEL");
    world.platform.upstash.execute(&["HSET", &route, &field, &kept]).await.expect("HSET");
}

/// What anyone is shown of a model's routes, by their providers.
async fn shown(world: &World, model: &str, name: &str) -> Value {
    let answer = Answer::to(world.http.get(format!("{}/v1/models/{model}/endpoints", world.base_url))).await.success();
    let routes = answer["data"]["endpoints"].as_array().expect("routes").clone();
    routes.into_iter().find(|route| route["tag"] == name).expect("the route")
}

#[tokio::test]
async fn whoever_asks_for_speed_gets_the_fastest_and_nobody_else_pays_for_it() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    world.model(MODEL, &[Route::new("openrouter", "standin/normal"), dearer("chutes", "standin/normal")]).await;
    let served = async |further: Value| {
        let answer = Answer::to(world.chat(&account.key, &hello(&further))).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        world.settled().await;
        provider(&answer).to_owned()
    };
    let (slow, fast, few, many) = (37, 9, 13, 34);
    for ((cheap, dear), latency, throughput) in [
        (((slow, few), (fast, many)), "chutes", "chutes"),
        (((fast, many), (slow, few)), "openrouter", "openrouter"),
        (((fast, few), (slow, many)), "openrouter", "chutes"),
    ] {
        let sort = |sort: Value| json!({ "provider": { "sort": sort } });
        for (wish, wanted) in [
            (json!({}), "openrouter"),
            (sort(json!("price")), "openrouter"),
            (sort(json!("latency")), latency),
            (sort(json!({ "by": "throughput" })), throughput),
            (json!({ "model": format!("{MODEL}:nitro") }), throughput),
            (json!({ "model": format!("{MODEL}:floor") }), "openrouter"),
            // Both took longer than a second, or one, or none; and so with how fast they wrote.
            (json!({ "provider": { "preferred_max_latency": 0.001 } }), "openrouter"),
            (json!({ "provider": { "preferred_max_latency": { "p50": 0.5, "p90": 0.5 } } }), latency),
            (json!({ "provider": { "preferred_min_throughput": 100 } }), throughput),
            (json!({ "provider": { "preferred_min_throughput": { "p99": 1 } } }), "openrouter"),
            (json!({ "provider": { "preferred_max_latency": 0.5, "order": ["openrouter"] } }), "openrouter"),
            // A name outweighs a sort.
            (json!({ "provider": { "sort": "latency", "order": ["chutes"] } }), "chutes"),
        ] {
            set(&world, "openrouter", cheap, 0).await;
            set(&world, "chutes", dear, 600).await;
            assert_eq!(served(wish.clone()).await, wanted, "{wish} {cheap:?} {dear:?}");
        }
    }
    // What was long ago says nothing, and of whom nobody knows anything comes behind.
    set(&world, "openrouter", (slow, few), 0).await;
    set(&world, "chutes", (fast, many), 3600).await;
    assert_eq!(served(json!({ "provider": { "sort": "latency" } })).await, "openrouter");
}

#[tokio::test]
async fn every_attempt_is_counted_and_anyone_may_see_how_routes_do() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    world.model(MODEL, &[Route::new("openrouter", "standin/normal"), dearer("chutes", "standin/normal")]).await;
    let control = world.platform.providers.control();
    let call = async |behaviour: Option<&str>, stream: bool| {
        control.set("openrouter", behaviour).expect("a behaviour");
        let answer = Answer::to(world.chat(&account.key, &hello(&json!({ "stream": stream })))).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        world.settled().await;
    };
    let figures = ["uptime_last_5m", "uptime_last_30m", "uptime_last_1d", "latency_last_30m", "throughput_last_30m"];
    let of = async |name: &str| shown(&world, MODEL, name).await;
    let route = of("openrouter").await;
    assert!(figures.iter().all(|figure| route[figure].is_null()), "{route}");
    call(None, false).await;
    call(None, true).await;
    call(None, true).await;
    call(Some("status?code=500"), true).await;
    let route = of("openrouter").await;
    for figure in &figures[..3] {
        assert_eq!(route[figure], 75.0, "{route}");
    }
    for figure in &figures[3..] {
        let at = |percentile: &str| route[figure][percentile].as_u64().expect("a figure");
        assert!(0 < at("p50") && at("p50") <= at("p75") && at("p75") <= at("p90") && at("p90") <= at("p99"), "{route}");
    }
    assert_eq!((of("chutes").await)["uptime_last_5m"], 100.0);
    // What our account is refused is no failure of the route, and neither is what a caller does wrong.
    call(Some("status?code=402"), false).await;
    control.set("openrouter", Some("status?code=400")).expect("a behaviour");
    Answer::to(world.chat(&account.key, &hello(&json!({ "provider": { "only": ["openrouter"] } }))))
        .await
        .refused(400, "upstream_rejected");
    world.settled().await;
    assert_eq!((of("openrouter").await)["uptime_last_1d"], 75.0);
    // A route that nobody asks any more is forgotten by itself.
    let left = world.platform.upstash.execute(&["PTTL", &format!("route:openrouter:{MODEL}")]).await.expect("PTTL");
    assert!(matches!(left, local::upstash::Reply::Integer(ms) if (1..=25 * 3_600_000).contains(&ms)), "{left:?}");
}

#[tokio::test]
async fn how_long_a_picture_took_says_nothing_of_how_fast_its_route_writes() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    for whole in WHOLES.iter().filter(|whole| !whole.repeatable && !whole.form) {
        world.offers(whole, &[Route::new(whole.provider, "standin/normal")]).await;
        whole.given(&Answer::to(world.request(whole, &account.key, &whole.hello(&json!({})))).await);
        world.settled().await;
        let route = shown(&world, whole.model, whole.provider).await;
        assert_eq!(route["uptime_last_5m"], 100.0, "{}: {route}", whole.name);
        let speeds = (&route["latency_last_30m"], &route["throughput_last_30m"]);
        assert_eq!(speeds, (&Value::Null, &Value::Null), "{}: {route}", whole.name);
    }
}
