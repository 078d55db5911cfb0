//! A provider that fails: another one answers, or the caller gets a clean error and pays nothing.

use local::provider::{NAMES, RAW_MARKER};
use serde_json::json;
use tests::answer::Answer;
use tests::whole::{WHOLES, Whole, each};
use tests::world::{Account, Deployment, Route, World};

use super::{CREDIT, ask, forget, newest, serving};

/// What another provider may do better.
const OF_THE_PROVIDER: [&str; 12] = [
    "status?code=429&retry_after=7",
    "status?code=500",
    "status?code=502",
    "status?code=503",
    "status?code=529",
    "status?code=408",
    "status?code=404",
    "status?code=401",
    "status?code=402",
    "status?code=301",
    "html?code=502",
    "error-first",
];
/// What the request itself has earned.
const OF_THE_REQUEST: [(&str, u16); 3] = [("status?code=400", 400), ("status?code=422", 422), ("status?code=413", 413)];
/// After which nobody knows whether it was made, and charged for.
const UNSURE: [&str; 5] = ["html", "garbage", "refuse", "cut", "end-early"];

/// Where nobody listens.
const NOWHERE: &str = "http://127.0.0.1:1/v1";

/// Bytes that break off have begun to pass, so that nobody else can be asked, and so has the text beside a picture; those of
/// events as well that go wrong in the middle.
fn unsure(whole: &Whole) -> impl Iterator<Item = &'static str> {
    let (passes, are_events) = (whole.is_binary() || whole.is_chat(), whole.streams.is_some() || whole.is_chat());
    UNSURE.into_iter().filter(move |behaviour| match *behaviour {
        "cut" | "end-early" => !passes,
        "garbage" => !(passes && are_events),
        _ => true,
    })
}

/// Nothing is in an answer that only a provider and we may know.
fn assert_clean(world: &World, answer: &Answer, case: &str) {
    let all = format!("{:?} {}", answer.headers, answer.text);
    let keys = NAMES.iter().filter_map(|name| world.platform.providers.key(name));
    for secret in keys.chain([RAW_MARKER]) {
        assert!(!all.contains(secret), "{case}: {secret} in {all}");
    }
}

/// Served by the format's provider, which behaves so, and after it by another, which is well.
async fn with_second(world: &World, whole: &Whole, behaviour: &str) {
    let dearer = Route {
        prompt: 2_000_000_000,
        cached: 1_000_000_000,
        completion: 4_000_000_000,
        ..Route::new(whole.second, "standin/normal")
    };
    world.offers(whole, &[Route::new(whole.provider, &format!("standin/{behaviour}")), dearer]).await;
    forget(world).await;
}

async fn assert_free(world: &World, account: &Account, case: &str) {
    assert_eq!(world.money(account.id).await, (CREDIT, 0, 0), "{case}");
    let record = newest(world).await;
    assert_eq!((&record["outcome"], &record["cost"]), (&"failed".into(), &0.into()), "{case}: {record}");
}

#[tokio::test]
async fn another_provider_is_asked_for_the_ones_own_trouble_only() {
    let deployment = Deployment::new().await;
    for whole in &WHOLES {
        let world = World::of(&deployment, &[]).await;
        for behaviour in OF_THE_PROVIDER.into_iter().chain(unsure(whole)) {
            let case = format!("{}, {behaviour}", whole.name);
            let account = world.account(CREDIT).await;
            with_second(&world, whole, behaviour).await;
            let answer = ask(&world, whole, &account).await;
            assert_clean(&world, &answer, &case);
            if UNSURE.contains(&behaviour) && !whole.repeatable {
                answer.refused(502, "upstream_error");
                assert_free(&world, &account, &case).await;
                continue;
            }
            assert_eq!(
                (answer.status, answer.header("x-gateway-provider")),
                (200, whole.second),
                "{case}: {}",
                answer.text
            );
            let record = newest(&world).await;
            assert_eq!(record["provider"], whole.second, "{case}");
            let cost = record["cost"].as_i64().expect("a cost");
            assert_eq!(world.money(account.id).await, (CREDIT - cost, 0, 0), "{case}");
        }
        for (behaviour, status) in OF_THE_REQUEST {
            let case = format!("{}, {behaviour}", whole.name);
            let account = world.account(CREDIT).await;
            with_second(&world, whole, behaviour).await;
            let answer = ask(&world, whole, &account).await;
            assert_clean(&world, &answer, &case);
            assert_eq!(answer.refused(status, "upstream_rejected")["provider"], whole.provider, "{case}");
            assert_eq!(world.platform.providers.control().requests().len(), 1, "{case}");
            assert_free(&world, &account, &case).await;
        }
        world.assert_ledger_clean().await;
    }
}

#[tokio::test]
async fn who_cannot_be_connected_to_has_made_nothing_and_another_is_asked() {
    each(async |whole, deployment| {
        let variable = format!("{}_BASE_URL", whole.provider.to_uppercase());
        let world = World::of(deployment, &[(&variable, NOWHERE)]).await;
        let account = world.account(CREDIT).await;
        with_second(&world, whole, "normal").await;
        let answer = ask(&world, whole, &account).await;
        assert_eq!((answer.status, answer.header("x-gateway-provider")), (200, whole.second), "{}", answer.text);
        let cost = newest(&world).await["cost"].as_i64().expect("a cost");
        assert_eq!(world.money(account.id).await, (CREDIT - cost, 0, 0), "{}", whole.name);
        world.assert_ledger_clean().await;
    })
    .await;
}

#[tokio::test]
async fn what_may_have_been_made_is_not_asked_of_two_at_once() {
    let deployment = Deployment::new().await;
    for whole in WHOLES.iter().filter(|whole| !whole.repeatable) {
        let world = World::of(&deployment, &[]).await;
        with_second(&world, whole, "delay?ms=300").await;
        let account = world.account(10 * CREDIT).await;
        let body = whole.hello(&json!({"provider": {"hedge_ms": 0}}));
        whole.given(&Answer::to(world.request(whole, &account.key, &body)).await);
        world.settled().await;
        assert_eq!(world.platform.providers.control().requests().len(), 1, "{}", whole.name);
    }
}

#[tokio::test]
async fn without_another_the_caller_hears_of_it_and_pays_nothing() {
    let deployment = Deployment::new().await;
    for whole in &WHOLES {
        let (world, _) = serving(&deployment, whole, "normal").await;
        for behaviour in OF_THE_PROVIDER.into_iter().chain(unsure(whole)) {
            let case = format!("{}, {behaviour}", whole.name);
            super::serve(&world, whole, behaviour).await;
            let account = world.account(CREDIT).await;
            let answer = ask(&world, whole, &account).await;
            assert_clean(&world, &answer, &case);
            let (status, code) = answer.outcome();
            assert!(code.starts_with("upstream_") && status >= 400, "{case}: {status} {code}");
            if behaviour.starts_with("status?code=429") {
                assert_eq!((status, answer.header("retry-after")), (429, "7"), "{case}");
            }
            assert_free(&world, &account, &case).await;
        }
        world.assert_ledger_clean().await;
    }
}

#[tokio::test]
async fn a_provider_is_asked_at_its_own_address_for_its_own_name_of_the_model() {
    each(async |whole, deployment| {
        let (world, account) = serving(deployment, whole, "normal").await;
        let body = whole.hello(&json!({"user": "someone", "provider": {"only": [whole.provider]}}));
        whole.given(&Answer::to(world.request(whole, &account.key, &body)).await);
        let asked = world.platform.providers.control().requests();
        assert_eq!(asked.len(), 1);
        assert_eq!((asked[0].path, asked[0].model.as_str()), (whole.upstream_path(), "standin/normal"));
        assert!(asked[0].body["provider"].is_null(), "{}", asked[0].body);
        assert_eq!(asked[0].body["user"], "someone");
    })
    .await;
}
