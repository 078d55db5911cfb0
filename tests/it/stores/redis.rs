//! Redis away, slow or not itself: calls work, each instance within a floor of its own.

use std::time::Duration;

use local::upstash::{Engine, Fault};
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use tests::certain;
use tests::watch::{Watch, poll};
use tests::world::{Account, World, hello, read, send};

use super::{CREDIT, NOWHERE};

/// The time that production gives Redis.
const USUAL: (&str, &str) = ("REDIS_TIMEOUT_MS", "300");

/// A call's status, headers and JSON.
async fn call(world: &World, base_url: &str, account: &Account) -> (u16, HeaderMap, Value) {
    let url = format!("{base_url}/v1/chat/completions");
    let request = world.http.post(url).bearer_auth(&account.key).header("content-type", "application/json");
    let response = send(request.body(hello(&json!({})).to_string())).await;
    let headers = response.headers().clone();
    let (status, answer) = read(response).await;
    (status, headers, answer)
}

fn is_degraded(headers: &HeaderMap) -> bool {
    headers.get("x-ratelimit-degraded").is_some_and(|value| value == "true")
}

/// The call was served without Redis, and the caller was told.
fn assert_degraded((status, headers, answer): &(u16, HeaderMap, Value), case: &str) {
    assert_eq!(*status, 200, "{case}: {answer}");
    assert!(is_degraded(headers), "{case}: {headers:?}");
    assert!(!headers.contains_key("x-ratelimit-remaining-requests"), "{case}: nothing is known: {headers:?}");
}

#[tokio::test]
async fn without_redis_calls_are_served_charged_and_marked_degraded() {
    let world = World::start().await;
    let account = world.account(CREDIT).await;
    let answer = |status: u16, body: &str| Fault::Answer { status, body: body.to_owned() };
    for fault in [
        Fault::Refuse,
        answer(401, r#"{"error":"WRONGPASS invalid or missing auth token"}"#),
        answer(400, r#"{"error":"ERR max daily request limit exceeded. Limit: 10000, Usage: 10000."}"#),
        answer(500, "<html>502 Bad Gateway</html>"),
        answer(200, "<html>"),
        answer(200, r#"{"result":null}"#),
        answer(200, r#"{"result":"OK"}"#),
        answer(200, r#"{"result":[]}"#),
        answer(200, r#"{"result":["miss"]}"#),
        answer(200, r#"{"result":["ok","x",1]}"#),
        answer(200, r#"{"result":[1,2,3,4,5,6,7,8,9,10,11]}"#),
    ] {
        let case = format!("{fault:?}");
        world.platform.upstash.control().fault_always(fault);
        assert_degraded(&call(&world, &world.base_url, &account).await, &case);
        world.settled().await;
        world.platform.upstash.control().faults_clear();
        let (status, headers, _) = call(&world, &world.base_url, &account).await;
        assert_eq!(status, 200, "{case}");
        assert!(!is_degraded(&headers), "it is noticed when Redis is back: {headers:?}");
        world.settled().await;
    }
    let spent = world.value("select sum(cost) from gateway.requests").await.as_i64().expect("a sum");
    assert_eq!(world.money(account.id).await, (CREDIT - spent, 0, 0));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_redis_that_has_forgotten_a_script_is_sent_it_again() {
    let world = World::start().await;
    let account = world.account(CREDIT).await;
    let watch = Watch::new(&world);
    for (forgets, admits) in
        [(false, vec!["EVAL", "EVALSHA"]), (false, vec!["EVALSHA"]), (true, vec!["EVALSHA", "EVAL"])]
    {
        watch.clear();
        if forgets {
            let body = r#"{"error":"NOSCRIPT No matching script. Please use EVAL."}"#.to_owned();
            world.platform.upstash.control().fault_next(1, Fault::Answer { status: 400, body });
        }
        let (status, headers, answer) = call(&world, &world.base_url, &account).await;
        assert_eq!((status, is_degraded(&headers)), (200, false), "{answer}");
        world.settled().await;
        watch.until(2, admits.len() + 1).await;
        assert_eq!(watch.command_names()[..admits.len()], admits);
    }
}

#[tokio::test]
async fn a_redis_that_cannot_be_connected_to_costs_a_call_nothing_but_its_limits() {
    let world = World::start().await;
    let account = world.account(CREDIT).await;
    let gateway = world.another_gateway_with(&[("UPSTASH_REDIS_REST_URL", NOWHERE)]).await;
    assert_degraded(&call(&world, &gateway, &account).await, "a closed port");
    world.settled().await;
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_slow_redis_takes_a_call_its_time_limit_and_no_more() {
    let world = World::with(Engine::InProcess, &[USUAL]).await;
    let account = world.account(CREDIT).await;
    // It answers nobody while this is held.
    let gate = world.platform.upstash.control().gate();
    let answered = call(&world, &world.base_url, &account).await;
    assert_degraded(&answered, "a slow Redis");
    let timing = answered.1["server-timing"].to_str().expect("text");
    let part = |name: &str| {
        let duration = timing.split(", ").find_map(|part| part.strip_prefix(&format!("{name};dur=")));
        duration.unwrap_or_else(|| panic!("no {name} in {timing}")).parse::<f64>().expect("ms")
    };
    // Generously: another machine's load is not ours. The gate alone would have it wait for ever.
    assert!((290.0..3_000.0).contains(&part("limits")), "{timing}");
    assert!(part("gateway") < 3_500.0, "{timing}");
    gate.open();
    world.settled().await;
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn the_floor_of_an_instance_is_the_keys_requests_a_minute() {
    let world = World::start().await;
    let account = world.account(CREDIT).await;
    world.limit(account.id, &json!({ "requests_per_minute": 3 })).await;
    world.platform.upstash.control().fault_always(Fault::Refuse);
    let other = world.another_gateway().await;
    for gateway in [&world.base_url, &other] {
        for _ in 0..3 {
            assert_degraded(&call(&world, gateway, &account).await, "within the floor");
        }
        let (status, headers, answer) = call(&world, gateway, &account).await;
        assert_eq!((status, &answer["error"]["code"]), (429, &json!("rate_limit_exceeded")), "{answer}");
        assert!(is_degraded(&headers), "{headers:?}");
        let wait: u64 = headers["retry-after"].to_str().expect("text").parse().expect("seconds");
        assert!((1..=60).contains(&wait), "{wait}");
    }
    poll("the release of every hold", || async { world.money(account.id).await.1 == 0 }).await;
    let spent = world.value("select sum(cost) from gateway.requests").await.as_i64().expect("a sum");
    assert_eq!(world.value("select count(*) from gateway.requests").await, json!(6));
    assert_eq!(world.money(account.id).await, (CREDIT - spent, 0, 0));
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_lease_taken_after_redis_was_given_up_ends_with_its_call() {
    let world = World::with(Engine::InProcess, &[USUAL]).await;
    let account = world.account(CREDIT).await;
    world.completion(&account.key, &hello(&json!({}))).await;
    world.settled().await;

    let redis = world.platform.upstash.control().gate();
    let provider = world.platform.providers.control().gate();
    let request = world.chat(&account.key, &hello(&json!({})));
    let running = tokio::spawn(send(request));
    certain("the call at the provider, without Redis", provider.wait_for(1)).await;
    assert_eq!(world.leases().await, 0);
    redis.open();
    poll("the lease, too late", || async { world.leases().await == 1 }).await;
    provider.release();
    assert!(is_degraded(running.await.expect("no panic").headers()));
    poll("the end of the lease", || async { world.leases().await == 0 }).await;
}

#[tokio::test]
async fn a_lease_that_redis_was_not_told_to_end_lapses_after_the_calls_time() {
    let world = World::with(Engine::InProcess, &[("CALL_MAX_SECONDS", "100")]).await;
    let upstash = &world.platform.upstash;
    upstash.stop_clock(Duration::from_secs(2_000_000_000)).expect("the in-process Redis");
    let account = world.account(CREDIT).await;
    world.limit(account.id, &json!({ "concurrency": 1 })).await;
    world.completion(&account.key, &hello(&json!({}))).await;
    world.settled().await;

    let provider = world.platform.providers.control().gate();
    let request = world.chat(&account.key, &hello(&json!({})));
    let running = tokio::spawn(send(request));
    certain("the call at the provider", provider.wait_for(1)).await;
    // Over the connection that was kept, and over a new one.
    upstash.control().fault_next(2, Fault::Refuse);
    provider.release();
    assert_eq!(running.await.expect("no panic").status(), 200);
    poll("the settle", || async { world.money(account.id).await.1 == 0 }).await;

    let (status, _, answer) = call(&world, &world.base_url, &account).await;
    assert_eq!((status, &answer["error"]["code"]), (429, &json!("concurrency_exceeded")), "{answer}");
    // Behind its deadline the call may still be settled, for ten seconds.
    for (seconds, expected) in [(102, 429), (30, 200)] {
        upstash.advance_clock(Duration::from_secs(seconds)).expect("the in-process Redis");
        let (status, _, answer) = call(&world, &world.base_url, &account).await;
        assert_eq!(status, expected, "{answer}");
    }
}
