//! A provider that fails: another one answers, or the caller gets a clean error and pays nothing.

use serde_json::Value;
use tests::answer::Answer;
use tests::deadline::{late_enough, patient_enough};
use tests::wire::{WIRES, Wire, each, forms};
use tests::world::{Account, Deployment, World};

use super::{CREDIT, alone, ask, ask_at, asked, body, is_given_up, newest, provider, with_fallback};

/// A closed port of this machine.
const NOWHERE: &str = "http://127.0.0.1:1/v1";

/// What comes of a first provider's failure.
#[derive(Clone, Copy, Debug)]
enum Then {
    /// The second one answers.
    Fallback,
    /// The caller gets this status and code, and nobody else is asked.
    Error(u16, &'static str),
}
use Then::{Error, Fallback};

/// Failures before the first byte: the behaviour, what becomes of a plain call, and of a stream.
const FAILURES: &[(&str, Then, Then)] = &[
    ("status?code=429&retry_after=7", Fallback, Fallback),
    ("status?code=500", Fallback, Fallback),
    ("status?code=502", Fallback, Fallback),
    ("status?code=503", Fallback, Fallback),
    ("status?code=529", Fallback, Fallback),
    ("status?code=408", Fallback, Fallback),
    ("status?code=409", Fallback, Fallback),
    ("status?code=424", Fallback, Fallback),
    ("status?code=498", Fallback, Fallback),
    ("status?code=499", Fallback, Fallback),
    ("status?code=520", Fallback, Fallback),
    ("status?code=599", Fallback, Fallback),
    ("status?code=503&retry_after=7", Fallback, Fallback),
    // One provider may not have what another has.
    ("status?code=404", Fallback, Fallback),
    ("error-first?code=404", Fallback, Fallback),
    // Of our account there.
    ("status?code=401", Fallback, Fallback),
    ("status?code=402", Fallback, Fallback),
    ("status?code=403", Fallback, Fallback),
    ("html?code=502", Fallback, Fallback),
    // What was asked for and how is the gateway's choice, and a redirect is no answer.
    ("status?code=301", Fallback, Fallback),
    ("status?code=308", Fallback, Fallback),
    ("status?code=405", Fallback, Fallback),
    ("status?code=421", Fallback, Fallback),
    ("status?code=431", Fallback, Fallback),
    // A 200 is not yet an answer.
    ("html", Fallback, Fallback),
    ("error-first", Fallback, Fallback),
    ("error-first?code=200", Fallback, Fallback),
    ("error-first?code=304", Fallback, Fallback),
    ("error-first?code=599", Fallback, Fallback),
    ("cut?after=0", Fallback, Fallback),
    ("refuse", Fallback, Fallback),
    // The request's own fault.
    ("status?code=400", Error(400, "upstream_rejected"), Error(400, "upstream_rejected")),
    ("status?code=413", Error(413, "upstream_rejected"), Error(413, "upstream_rejected")),
    ("status?code=422", Error(422, "upstream_rejected"), Error(422, "upstream_rejected")),
    ("status?code=451", Error(451, "upstream_rejected"), Error(451, "upstream_rejected")),
];

/// The error object names the provider and is one of ours.
fn assert_clean(wire: &Wire, answer: &Answer, status: u16, code: &str, case: &str) {
    let told: Value = answer.json();
    assert_eq!((answer.status, told["error"]["code"].as_str()), (status, Some(code)), "{case}: {told}");
    assert_eq!(told["error"]["provider"], wire.provider, "{case}: {told}");
    assert_eq!(answer.header("content-type"), "application/json", "{case}");
    assert!(!answer.header("x-ratelimit-limit-requests").is_empty(), "{case}");
}

/// The newest call cost nothing, and nothing is held for it.
async fn assert_free(world: &World, account: &Account, balance: i64, case: &str) {
    assert_eq!(world.money(account.id).await, (balance, 0, 0), "{case}");
    let record = newest(world).await;
    assert_eq!((&record["outcome"], &record["cost"]), (&"failed".into(), &0.into()), "{case}: {record}");
}

/// Calls with a fallback at hand; what was spent comes only from the fallback.
async fn assert_each(wire: &Wire, world: &World, account: &Account, stream: bool) {
    let mut balance = CREDIT;
    for (behaviour, plain, streamed) in FAILURES.iter().copied() {
        let case = format!("{}, {behaviour}, stream: {stream}", wire.name);
        with_fallback(wire, world, behaviour).await;
        let answer = ask(wire, world, &account.key, &body(wire, stream)).await;
        match if stream { streamed } else { plain } {
            Fallback => {
                assert_eq!((answer.status, provider(&answer)), (200, "chutes"), "{case}: {}", answer.text);
                assert!(!answer.content(wire).is_empty(), "{case}");
                // A connection that was kept and ended is tried once more over a new one.
                let mut asked = asked(world);
                asked.dedup();
                assert_eq!(asked, [wire.provider, "chutes"], "{case}");
                let record = newest(world).await;
                assert_eq!(record["provider"], "chutes", "{case}");
                balance -= record["cost"].as_i64().expect("a cost");
                assert_eq!(world.money(account.id).await, (balance, 0, 0), "{case}");
            }
            Error(status, code) => {
                assert_clean(wire, &answer, status, code, &case);
                assert_eq!(asked(world), [wire.provider], "{case}");
                assert_free(world, account, balance, &case).await;
            }
        }
    }
}

#[tokio::test]
async fn a_plain_call_falls_back_on_the_providers_own_trouble_only() {
    let world = World::start().await;
    for wire in &WIRES {
        let account = world.account(CREDIT).await;
        assert_each(wire, &world, &account, false).await;
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_stream_falls_back_until_its_first_output() {
    let world = World::start().await;
    for wire in &WIRES {
        let account = world.account(CREDIT).await;
        assert_each(wire, &world, &account, true).await;
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn without_a_fallback_a_failure_is_a_clean_error_that_costs_nothing() {
    let world = World::start().await;
    let account = world.account(CREDIT).await;
    let cases = [
        ("status?code=429&retry_after=7", 429, "upstream_rate_limited"),
        ("status?code=500", 502, "upstream_error"),
        ("status?code=503", 502, "upstream_error"),
        ("status?code=503&retry_after=7", 503, "upstream_unavailable"),
        ("status?code=529&retry_after=7", 503, "upstream_unavailable"),
        ("status?code=404", 404, "upstream_rejected"),
        ("status?code=424", 502, "upstream_error"),
        ("status?code=408", 504, "upstream_timeout"),
        ("status?code=409", 502, "upstream_error"),
        ("status?code=401", 503, "upstream_unavailable"),
        ("status?code=402", 503, "upstream_unavailable"),
        ("status?code=403", 503, "upstream_unavailable"),
        ("html", 502, "upstream_error"),
        ("html?code=429", 429, "upstream_rate_limited"),
        ("error-first", 502, "upstream_error"),
        ("refuse", 502, "upstream_error"),
    ];
    for ((behaviour, status, code), wire) in cases.iter().flat_map(|case| WIRES.iter().map(move |wire| (*case, wire))) {
        alone(wire, &world, behaviour).await;
        for stream in [false, true] {
            let case = format!("{}, {behaviour}, stream: {stream}", wire.name);
            let answer = ask(wire, &world, &account.key, &body(wire, stream)).await;
            assert_clean(wire, &answer, status, code, &case);
            if behaviour.contains("retry_after") {
                assert_eq!(answer.header("retry-after"), "7", "{case}");
            }
            assert_free(&world, &account, CREDIT, &case).await;
        }
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_plain_answer_that_is_broken_is_a_clean_error_that_costs_nothing() {
    let world = World::start().await;
    let account = world.account(CREDIT).await;
    for (behaviour, wire) in
        ["garbage", "cut", "end-early", "error-mid"].iter().flat_map(|case| WIRES.iter().map(move |wire| (*case, wire)))
    {
        with_fallback(wire, &world, behaviour).await;
        let answer = ask(wire, &world, &account.key, &body(wire, false)).await;
        assert_clean(wire, &answer, 502, "upstream_error", behaviour);
        assert_eq!(asked(&world), [wire.provider], "{behaviour}");
        assert_free(&world, &account, CREDIT, behaviour).await;
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_provider_that_cannot_be_connected_to_is_passed_over() {
    let world = World::start().await;
    for (wire, stream) in forms() {
        let account = world.account(CREDIT).await;
        let gateway = world.another_gateway_with(&[(&wire.variable("BASE_URL"), NOWHERE)]).await;
        with_fallback(wire, &world, "normal").await;
        let answer = ask_at(wire, &world, &gateway, &account.key, &body(wire, stream)).await;
        assert_eq!((answer.status, provider(&answer)), (200, "chutes"), "{}", answer.text);
        let balance = world.money(account.id).await.0;
        alone(wire, &world, "normal").await;
        let answer = ask_at(wire, &world, &gateway, &account.key, &body(wire, stream)).await;
        assert_clean(wire, &answer, 502, "upstream_error", "connect refused");
        assert_free(&world, &account, balance, "connect refused").await;
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_provider_that_refuses_our_key_is_passed_over_and_the_key_stays_unsaid() {
    const KEY: &str = "sk-or-v1-revoked-8a31";
    let world = World::start().await;
    for (wire, stream) in forms() {
        let account = world.account(CREDIT).await;
        let gateway = world.another_gateway_with(&[(&wire.variable("API_KEY"), KEY)]).await;
        with_fallback(wire, &world, "normal").await;
        let answer = ask_at(wire, &world, &gateway, &account.key, &body(wire, stream)).await;
        assert_eq!((answer.status, provider(&answer)), (200, "chutes"), "{}", answer.text);
        let balance = world.money(account.id).await.0;
        alone(wire, &world, "normal").await;
        let answer = ask_at(wire, &world, &gateway, &account.key, &body(wire, stream)).await;
        assert_clean(wire, &answer, 503, "upstream_unavailable", "our key");
        // The stand-in repeats the end of the key, as some providers do.
        assert!(!answer.text.contains(&KEY[KEY.len() - 4..]), "{}", answer.text);
        assert_free(&world, &account, balance, "our key").await;
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn a_stream_that_never_begins_falls_back_after_its_time() {
    each(async |wire, deployment| {
        patient_enough(async |patience| never_begins(deployment, wire, patience).await).await
    })
    .await;
}

/// Answers nothing where the provider was given up that does answer.
async fn never_begins(deployment: &Deployment, wire: &Wire, patience: &[(&str, &str)]) -> Option<()> {
    let world = World::of(deployment, patience).await;
    let account = world.account(CREDIT).await;
    with_fallback(wire, &world, "hang").await;
    let answer = ask(wire, &world, &account.key, &body(wire, true)).await;
    if is_given_up(&answer) {
        return None;
    }
    assert_eq!((answer.status, provider(&answer)), (200, "chutes"), "{}", answer.text);
    assert_eq!(asked(&world), [wire.provider, "chutes"]);

    let balance = world.money(account.id).await.0;
    alone(wire, &world, "hang").await;
    let answer = ask(wire, &world, &account.key, &body(wire, true)).await;
    assert_clean(wire, &answer, 504, "upstream_timeout", "hang");
    assert_free(&world, &account, balance, "hang").await;
    world.assert_ledger_clean().await;
    Some(())
}

#[tokio::test]
async fn a_plain_answer_that_never_comes_is_a_timeout_at_the_calls_deadline() {
    each(async |wire, deployment| {
        late_enough(async |deadline, _| {
            let world = World::of(deployment, deadline).await;
            let account = world.account(CREDIT).await;
            alone(wire, &world, "hang").await;
            let answer = ask(wire, &world, &account.key, &body(wire, false)).await;
            if asked(&world).is_empty() {
                return None;
            }
            let told = answer.json();
            assert_eq!((answer.status, told["error"]["code"].as_str()), (504, Some("upstream_timeout")), "{told}");
            assert_free(&world, &account, CREDIT, "hang").await;
            world.assert_ledger_clean().await;
            Some(())
        })
        .await;
    })
    .await;
}
