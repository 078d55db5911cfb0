//! A provider that keeps failing is avoided for a while, by every instance.

use std::time::Duration;

use serde_json::json;
use tests::answer::Answer;
use tests::wire::{Wire, each};
use tests::world::{Account, Deployment, Route, World};

use super::{CREDIT, alone, ask_at, asked, body, dearer, with_fallback};

/// Failures in a row that open a breaker, and how long it stays open.
const FAILURES: usize = 5;
const OPEN: Duration = Duration::from_secs(30);
/// How long a provider is avoided that refuses our account.
const REFUSED: Duration = Duration::from_secs(300);

/// The providers that one call asks.
async fn order(wire: &Wire, world: &World, gateway: &str, account: &Account) -> Vec<&'static str> {
    world.platform.providers.control().clear();
    let answer = ask_at(wire, world, gateway, &account.key, &body(wire, false)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    asked(world)
}

/// A world in which Redis's clock stands and the wire's provider has failed as often as it takes.
async fn opened(deployment: &Deployment, wire: &Wire) -> (World, Account) {
    let world = World::of(deployment, &[]).await;
    world.platform.upstash.stop_clock(Duration::from_secs(2_000_000_000)).expect("the in-process Redis");
    let account = world.account(CREDIT).await;
    with_fallback(wire, &world, "status?code=500").await;
    for _ in 0..FAILURES {
        assert_eq!(order(wire, &world, &world.base_url, &account).await, [wire.provider, "chutes"]);
    }
    (world, account)
}

#[tokio::test]
async fn a_provider_that_failed_five_times_in_a_row_is_asked_last_by_every_instance() {
    each(async |wire, deployment| {
        let (world, account) = opened(deployment, wire).await;
        let other = world.another_gateway().await;
        for gateway in [&world.base_url, &other] {
            assert_eq!(order(wire, &world, gateway, &account).await, ["chutes"]);
        }
        // Last is not never.
        world
            .model(
                wire.model,
                &[Route::new(wire.provider, "standin/normal"), dearer("chutes", "standin/status?code=500")],
            )
            .await;
        assert_eq!(order(wire, &world, &other, &account).await, ["chutes", wire.provider]);
    })
    .await;
}

#[tokio::test]
async fn so_is_one_whose_streams_break_off_though_they_have_begun_well() {
    each(async |wire, deployment| {
        let world = World::of(deployment, &[]).await;
        world.platform.upstash.stop_clock(Duration::from_secs(2_000_000_000)).expect("the in-process Redis");
        let account = world.account(CREDIT).await;
        with_fallback(wire, &world, "error-mid").await;
        for _ in 0..FAILURES {
            world.platform.providers.control().clear();
            ask_at(wire, &world, &world.base_url, &account.key, &body(wire, true)).await;
            assert_eq!(asked(&world), [wire.provider]);
        }
        assert_eq!(order(wire, &world, &world.base_url, &account).await, ["chutes"]);
    })
    .await;
}

#[tokio::test]
async fn after_its_time_it_is_asked_first_again_and_one_failure_closes_it_off_again() {
    each(async |wire, deployment| {
        let (world, account) = opened(deployment, wire).await;
        let upstash = &world.platform.upstash;
        upstash.advance_clock(OPEN - Duration::from_millis(1)).expect("the in-process Redis");
        assert_eq!(order(wire, &world, &world.base_url, &account).await, ["chutes"]);
        upstash.advance_clock(Duration::from_millis(1)).expect("the in-process Redis");
        assert_eq!(order(wire, &world, &world.base_url, &account).await, [wire.provider, "chutes"]);
        assert_eq!(order(wire, &world, &world.base_url, &account).await, ["chutes"]);

        upstash.advance_clock(OPEN).expect("the in-process Redis");
        world
            .model(wire.model, &[Route::new(wire.provider, "standin/normal"), dearer("chutes", "standin/normal")])
            .await;
        for _ in 0..2 {
            assert_eq!(
                order(wire, &world, &world.base_url, &account).await,
                [wire.provider],
                "a success closes the breaker"
            );
        }
    })
    .await;
}

#[tokio::test]
async fn a_provider_that_refuses_our_account_is_asked_last_at_once_at_every_model_and_until_it_answers() {
    each(async |wire, deployment| {
        let world = World::of(deployment, &[]).await;
        let upstash = &world.platform.upstash;
        upstash.stop_clock(Duration::from_secs(2_000_000_000)).expect("the in-process Redis");
        let account = world.account(CREDIT).await;
        let other_model = &format!("{}-other", wire.model);
        with_fallback(wire, &world, "normal").await;
        let routes = [Route::new(wire.provider, "standin/normal"), dearer("chutes", "standin/normal")];
        world.model(other_model, &routes).await;
        let control = world.platform.providers.control();
        let ask_other = async || {
            control.clear();
            let body = wire.hello(&json!({"model": other_model}));
            assert_eq!(ask_at(wire, &world, &world.base_url, &account.key, &body).await.status, 200);
            asked(&world)
        };
        for status in [402, 401] {
            control.set(wire.provider, Some(&format!("status?code={status}"))).expect("a behaviour");
            assert_eq!(order(wire, &world, &world.base_url, &account).await, [wire.provider, "chutes"]);
            assert_eq!(order(wire, &world, &world.base_url, &account).await, ["chutes"], "{status}");
            assert_eq!(ask_other().await, ["chutes"], "{status}");
            let health = Answer::to(world.http.get(format!("{}/health", world.base_url))).await.success();
            assert_eq!(health["providers"][wire.provider], "refusing");
            // Paid for, and asked as the last resort: the first answer is enough.
            control.set(wire.provider, None).expect("a behaviour");
            control.set("chutes", Some("status?code=500")).expect("a behaviour");
            assert_eq!(order(wire, &world, &world.base_url, &account).await, ["chutes", wire.provider]);
            control.set("chutes", None).expect("a behaviour");
            assert_eq!(ask_other().await, [wire.provider], "{status}");
        }
        control.set(wire.provider, Some("status?code=402")).expect("a behaviour");
        order(wire, &world, &world.base_url, &account).await;
        upstash.advance_clock(REFUSED - Duration::from_millis(1)).expect("the in-process Redis");
        assert_eq!(ask_other().await, ["chutes"]);
        upstash.advance_clock(Duration::from_millis(1)).expect("the in-process Redis");
        assert_eq!(ask_other().await, [wire.provider, "chutes"]);
    })
    .await;
}

#[tokio::test]
async fn only_failures_in_a_row_and_only_the_providers_own_count() {
    each(async |wire, deployment| {
        let world = World::of(deployment, &[]).await;
        let account = world.account(CREDIT).await;
        for behaviour in ["status?code=500", "normal", "status?code=500"] {
            world
                .model(wire.model, &[Route::new(wire.provider, &format!("standin/{behaviour}")), dearer("chutes", "x")])
                .await;
            for _ in 0..FAILURES - 1 {
                ask_at(wire, &world, &world.base_url, &account.key, &body(wire, false)).await;
            }
        }
        alone(wire, &world, "status?code=400").await;
        for _ in 0..FAILURES + 1 {
            ask_at(wire, &world, &world.base_url, &account.key, &body(wire, false)).await;
        }
        world
            .model(wire.model, &[Route::new(wire.provider, "standin/normal"), dearer("chutes", "standin/normal")])
            .await;
        assert_eq!(order(wire, &world, &world.base_url, &account).await, [wire.provider]);
    })
    .await;
}
