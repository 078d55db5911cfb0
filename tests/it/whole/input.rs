//! What is no request is refused, and says what is wrong, before anything is held.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use shared::formats::Kind;
use tests::answer::Answer;
use tests::whole::{WHOLES, each};
use tests::wire::formats;
use tests::world::{MODEL, Route, World};

use super::{CREDIT, assert_untouched, serve, serving};

#[tokio::test]
async fn a_model_of_another_kind_is_refused_before_anything_is_held_or_asked() {
    let world = World::start().await;
    let account = world.account(CREDIT).await;
    world.platform.providers.control().record(true);
    for whole in &WHOLES {
        world.offers(whole, &[Route::new(whole.provider, "standin/normal")]).await;
    }
    for asked in &WHOLES {
        let others = WHOLES.iter().map(|whole| (whole.kind, whole.model)).chain([(Kind::Chat, MODEL)]);
        for (kind, model) in others.filter(|(kind, _)| *kind != asked.kind) {
            let answer = Answer::to(world.request(asked, &account.key, &asked.hello(&json!({"model": model})))).await;
            let told = answer.refused(400, "unsupported_model");
            assert_eq!(told["param"], "model");
            let message = told["message"].as_str().expect("a message");
            assert!(message.contains(kind.as_str()) && message.contains("POST /"), "{message}");
        }
        // Whoever draws in a chat writes, too.
        for wire in formats().filter(|_| !asked.is_chat()) {
            let body = wire.hello(&json!({"model": asked.model}));
            let answer = Answer::to(world.call(wire, &account.key, &body)).await;
            let message = answer.refused(400, "unsupported_model")["message"].to_string();
            assert!(message.contains(asked.path()), "{}: {message}", wire.name);
        }
    }
    world.settled().await;
    assert_untouched(&world, &account, "another kind").await;
}

#[tokio::test]
async fn what_is_no_turn_of_a_session_says_so_to_whoever_names_one() {
    let world = World::start().await;
    let account = world.account(CREDIT).await;
    let mut asked: Vec<(&str, Value)> = WHOLES
        .iter()
        .filter(|whole| !whole.is_chat())
        .map(|whole| (whole.path(), whole.hello(&json!({"model": whole.model}))))
        .collect();
    asked.push(("/v1/messages/count_tokens", json!({"model": MODEL, "messages": [{"role": "user", "content": "Hi"}]})));
    for (path, body) in asked {
        for named in ["0190b1c0-0000-7000-8000-000000000000", "mine", ""] {
            let path = format!("{path}?session_id={named}");
            let told = Answer::to(world.post(&path, &account.key, &body)).await.refused(400, "invalid_request");
            assert_eq!(told["param"], "session_id", "{path}");
            assert!(told["message"].as_str().is_some_and(|said| said.contains("/v1/chat/completions")), "{told}");
        }
    }
    world.settled().await;
    assert_untouched(&world, &account, "a session").await;
}

#[tokio::test]
async fn what_is_no_request_says_what_is_wrong() {
    each(async |whole, deployment| {
        let (world, account) = serving(deployment, whole, "normal").await;
        let no_model = || {
            let mut body = whole.hello(&json!({}));
            body.as_object_mut().expect("an object").remove("model");
            body
        };
        let refused = async |body: Value| Answer::to(world.request(whole, &account.key, &body)).await.outcome();
        assert_eq!(refused(no_model()).await, (400, "missing_model".to_owned()));
        assert_eq!(refused(json!([])).await, (400, "invalid_json".to_owned()));
        assert_eq!(refused(json!({"model": whole.model})).await.0, 400);
        assert_eq!(refused(whole.hello(&json!({"model": "no/such"}))).await, (404, "model_not_found".to_owned()));
        let unpriced = whole.hello(&json!({"service_tier": "priority"}));
        assert_eq!(refused(unpriced).await, (400, "invalid_request".to_owned()));
        world.settled().await;
        assert_untouched(&world, &account, whole.name).await;
    })
    .await;
}

#[tokio::test]
async fn five_megabytes_are_too_many() {
    each(async |whole, deployment| {
        let (world, account) = serving(deployment, whole, "normal").await;
        let body = whole.say(&"x".repeat(5_000_000), &json!({}));
        let told = Answer::to(world.request(whole, &account.key, &body)).await.refused(413, "payload_too_large");
        assert!(told["message"].as_str().is_some_and(|message| message.contains("4.5 MB")), "{told}");
        assert_untouched(&world, &account, whole.name).await;
    })
    .await;
}

#[test]
fn no_members_value_breaks_anything() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for whole in &WHOLES {
        let (world, account) = runtime.block_on(async {
            let world = World::start().await;
            serve(&world, whole, "normal").await;
            let account = world.account(1_000 * CREDIT).await;
            (world, account)
        });
        let value = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "\\PC{0,20}".prop_map(Value::from),
            Just(json!([])),
            Just(json!({})),
            Just(json!(["a", "b"])),
            Just(json!([[1, 2], [3]])),
            Just(json!([{"text": "x"}])),
        ];
        let names: Vec<String> = whole.hello(&json!({})).as_object().expect("an object").keys().cloned().collect();
        let names =
            [&names[..], &["user", "n", "stream", "dimensions", "provider", "extra"].map(str::to_owned)].concat();
        let bodies = proptest::collection::vec((prop::sample::select(names), value), 0..3);
        let mut runner = TestRunner::new(Config { cases: 100, failure_persistence: None, ..Config::default() });
        runner
            .run(&bodies, |members| {
                let further = Value::Object(members.into_iter().collect());
                let body = whole.hello(&further);
                runtime.block_on(async {
                    Answer::to(world.request(whole, &account.key, &body)).await.served_or_blamed(&body.to_string());
                });
                Ok(())
            })
            .expect("served or blamed");
        runtime.block_on(async {
            world.settled().await;
            world.assert_ledger_clean().await;
        });
    }
}
