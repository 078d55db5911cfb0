//! Answers call the model as the catalog does, and say who served it and what ended it.

use serde_json::{Value, json};
use shared::formats::Format;
use tests::answer::Answer;
use tests::wire::{WIRES, each};
use tests::world::World;

use super::{CREDIT, alone, ask, body};

/// Every object that a client reads from an answer.
fn told(answer: &Answer) -> Vec<Value> {
    assert_eq!(answer.status, 200, "{}", answer.text);
    if answer.header("content-type") == "text/event-stream" { answer.events() } else { vec![answer.json()] }
}

#[tokio::test]
async fn the_model_has_the_catalogs_name_in_every_answer_and_event() {
    each(async |wire, deployment| {
        let world = World::of(deployment, &[]).await;
        let account = world.account(CREDIT).await;
        for upstream in ["normal", "usage-in-every-chunk", "keepalive", "wrong-model", "cut?after=3"] {
            alone(wire, &world, upstream).await;
            let mut with_usage = wire.with_usage(true);
            with_usage["stream"] = json!(true);
            for further in [json!({}), json!({"stream": true}), with_usage] {
                let answer = ask(wire, &world, &account.key, &wire.hello(&further)).await;
                if answer.status == 502 {
                    continue;
                }
                let told = told(&answer);
                assert!(!told.is_empty());
                for event in &told {
                    if wire.always_bills() {
                        // A message and a response name the model where they are whole, and who served it in the note alone.
                        let whole = event.get("message").or_else(|| event.get("response")).unwrap_or(event);
                        let named = whole.get("model");
                        assert!(named.is_none_or(|model| model == wire.model), "{event}");
                        continue;
                    }
                    assert_eq!(
                        (&event["model"], &event["provider"]),
                        (&json!(wire.model), &json!(wire.provider)),
                        "{event}"
                    );
                }
                let wholes = told.iter().map(|event| event.get("response").unwrap_or(event));
                let gateways: Vec<_> = wholes.filter(|event| event.get("gateway").is_some()).collect();
                for event in gateways {
                    assert_eq!(event["gateway"]["upstream_model"], json!(format!("standin/{upstream}")), "{event}");
                }
            }
        }
    })
    .await;
}

/// Where the answer ended, all choices.
fn ends(answer: &Answer) -> Vec<Value> {
    let choices = told(answer).into_iter().flat_map(|event| event["choices"].as_array().cloned().unwrap_or_default());
    choices.filter(|choice| !choice["finish_reason"].is_null()).collect()
}

#[tokio::test]
async fn a_response_that_ends_at_what_the_credit_buys_says_so_beside_its_reason() {
    // Messages always name a limit of their own.
    for wire in WIRES.iter().filter(|wire| wire.format == Format::Responses) {
        let world = World::start().await;
        let poor = world.account(10_000_000).await;
        alone(wire, &world, "long?tokens=5000").await;
        for stream in [false, true] {
            let details = async |body: &Value| {
                let answer = ask(wire, &world, &poor.key, body).await;
                let told = told(&answer).pop().expect("an answer");
                let response = told.get("response").unwrap_or(&told);
                assert_eq!(response["status"], "incomplete", "{}: {told}", wire.name);
                (answer.header("x-gateway-output-limit").to_owned(), response["incomplete_details"].clone())
            };
            let (limit, by_credit) = details(&body(wire, stream)).await;
            assert_eq!(limit, "4096;by=credit", "{}", wire.name);
            assert_eq!(by_credit, json!({"reason": "max_output_tokens", "limited_by": "credit"}), "{}", wire.name);
            world.settled().await;
            world.grant(poor.id, 9_000_000, "purchase", None).await;
            let (limit, by_client) = details(&wire.hello(&json!({"stream": stream, "max_tokens": 20}))).await;
            assert_eq!((limit.as_str(), by_client), ("", json!({"reason": "max_output_tokens"})), "{}", wire.name);
            world.settled().await;
        }
    }
}

#[tokio::test]
async fn an_answer_that_ends_at_what_the_credit_buys_says_so() {
    // A text completion has a limit always.
    let wire = &WIRES[0];
    let world = World::start().await;
    let (poor, rich) = (world.account(10_000_000).await, world.account(CREDIT).await);
    alone(wire, &world, "long?tokens=5000").await;
    for stream in [false, true] {
        let answer = ask(wire, &world, &poor.key, &body(wire, stream)).await;
        assert_eq!(answer.header("x-gateway-output-limit"), "4096;by=credit");
        let [end] = &ends(&answer)[..] else { panic!("{}", answer.text) };
        assert_eq!((&end["finish_reason"], &end["limited_by"]), (&json!("length"), &json!("credit")));
        world.grant(poor.id, 9_000_000, "purchase", None).await;
        // The client's own limit, and a credit that buys more than is written.
        for (account, body) in
            [(&poor, wire.hello(&json!({"stream": stream, "max_tokens": 20}))), (&rich, body(wire, stream))]
        {
            let answer = ask(wire, &world, &account.key, &body).await;
            assert_eq!(answer.header("x-gateway-output-limit"), "");
            assert!(!answer.text.contains("limited_by"), "{}", answer.text);
        }
    }
}
