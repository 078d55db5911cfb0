//! However a call ends, it is settled once, and for what was asked of a provider.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use shared::formats::Format;
use tests::answer::Answer;
use tests::certain;
use tests::deadline::{late_enough, patient_enough};
use tests::scripted::{Script, Scripted, Then};
use tests::whole::{WHOLES, each};
use tests::wire::WIRES;
use tests::world::{Deployment, Route, World, send};
use tokio::sync::Notify;
use tokio::time::sleep;

use super::{CREDIT, ask, forget, newest, serve};

#[tokio::test]
async fn whoever_leaves_pays_for_what_the_provider_was_given() {
    each(async |whole, deployment| {
        let world = World::of(deployment, &[]).await;
        serve(&world, whole, "normal").await;
        let account = world.account(CREDIT).await;
        let gate = world.platform.providers.control().gate();
        let call = tokio::spawn(send(world.request(whole, &account.key, &whole.hello(&json!({})))));
        certain("the call at the provider", gate.wait_for(1)).await;
        call.abort();
        if !whole.repeatable {
            // It is made all the same, so it is waited for.
            gate.release();
            world.settled().await;
            let record = newest(&world).await;
            assert_eq!((&record["outcome"], &record["estimated"]), (&json!("completed"), &json!(false)), "{record}");
            let cost = record["cost"].as_i64().expect("a cost");
            assert!(cost > 0, "{record}");
            assert_eq!(world.money(account.id).await, (CREDIT - cost, 0, 0));
            return;
        }
        certain("the settle", async {
            while world.recorded_calls().await == 0 {
                sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
        gate.release();
        world.settled().await;
        let record = newest(&world).await;
        assert_eq!((&record["outcome"], &record["estimated"]), (&json!("client_left"), &json!(true)), "{record}");
        let cost = record["cost"].as_i64().expect("a cost");
        assert!(cost > 0, "{record}");
        assert_eq!(world.money(account.id).await, (CREDIT - cost, 0, 0));
    })
    .await;
}

#[tokio::test]
async fn a_provider_that_is_silent_is_given_up_for_another() {
    each(async |whole, deployment| {
        if !whole.repeatable {
            return;
        }
        patient_enough(async |patience| {
            let world = World::of(deployment, patience).await;
            let dearer = Route { prompt: 2_000_000_000, ..Route::new(whole.second, "standin/normal") };
            world.offers(whole, &[Route::new(whole.provider, "standin/hang"), dearer]).await;
            forget(&world).await;
            let account = world.account(CREDIT).await;
            let answer = ask(&world, whole, &account).await;
            // The one that does speak was too slow as well.
            if answer.status == 504 {
                return None;
            }
            whole.given(&answer);
            assert_eq!(answer.header("x-gateway-provider"), whole.second);
            let cost = newest(&world).await["cost"].as_i64().expect("a cost");
            assert_eq!(world.money(account.id).await, (CREDIT - cost, 0, 0));
            Some(())
        })
        .await;
    })
    .await;
}

/// The answer of a provider of this format that has sent so much of it, and says the rest when it has been silent for so long.
async fn broken_by_silence(
    deployment: &Deployment,
    (format, answer): (Format, &Value),
    (begun, silence): (usize, Duration),
    variables: &[(&str, &str)],
) -> Answer {
    let whole = WHOLES.iter().find(|whole| whole.format == format).expect("a row");
    let wire = WIRES.iter().find(|wire| wire.provider == whole.provider).expect("a row");
    let (world, provider) = Scripted::world(deployment, wire, variables).await;
    world.offers(whole, &[Route::new(whole.provider, "any/model")]).await;
    let account = world.account(CREDIT).await;
    let mut first = answer.to_string();
    let rest = first.split_off(begun);
    let (told, parts) = (Arc::new(Notify::new()), if begun == 0 { Vec::new() } else { vec![first.into()] });
    let then = Then::When(told.clone(), vec![rest.into()]);
    provider.answers(Script { parts, ..Script::whole(&Value::Null) }.then(then));
    let says_the_rest = async {
        sleep(silence).await;
        told.notify_one();
    };
    tokio::join!(ask(&world, whole, &account), says_the_rest).0
}

#[tokio::test]
async fn what_is_long_in_the_making_is_waited_for_however_silent_its_provider_is() {
    const SHORT: [(&str, &str); 1] = [("PROVIDER_TIMEOUT_MS", "100")];
    let (deployment, silence) = (Deployment::new().await, Duration::from_millis(400));
    let picture = json!({"created": 1, "data": [{"b64_json": "iVBORw0KGgo="}]});
    for begun in [0, 10] {
        let of = (Format::ImageGeneration, &picture);
        broken_by_silence(&deployment, of, (begun, silence), &SHORT).await.success();
    }
    // Not even its head has come.
    let whole = WHOLES.iter().find(|whole| !whole.repeatable).expect("a row");
    let world = World::of(&deployment, &SHORT).await;
    serve(&world, whole, "normal").await;
    let account = world.account(CREDIT).await;
    let gate = world.platform.providers.control().gate();
    let silent = async {
        certain("the call at the provider", gate.wait_for(1)).await;
        sleep(silence).await;
        gate.release();
    };
    whole.given(&tokio::join!(ask(&world, whole, &account), silent).0);
}

#[tokio::test]
async fn so_is_the_rest_of_any_body_that_has_begun() {
    let deployment = Deployment::new().await;
    let vectors = json!({"object": "list", "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}]});
    patient_enough(async |patience| {
        let silence = Duration::from_millis(patience[0].1.parse::<u64>().expect("a number") + 500);
        let answer = broken_by_silence(&deployment, (Format::Embeddings, &vectors), (10, silence), patience).await;
        // Its beginning was too slow.
        (answer.status != 504).then(|| answer.success())
    })
    .await;
}

#[tokio::test]
async fn a_call_that_outlasts_its_deadline_is_cut_and_settled() {
    each(async |whole, deployment| {
        // Who says nothing may be making what was asked for.
        let silent = if whole.repeatable { ("upstream_timeout", "failed") } else { ("deadline_exceeded", "deadline") };
        let stalled = (!whole.is_binary()).then_some(("stall", ("deadline_exceeded", "deadline")));
        for (behaviour, (code, outcome)) in [("hang", silent)].into_iter().chain(stalled) {
            late_enough(async |deadline, _| {
                let world = World::of(deployment, deadline).await;
                serve(&world, whole, behaviour).await;
                let account = world.account(CREDIT).await;
                let answer = ask(&world, whole, &account).await;
                if world.platform.providers.control().requests().is_empty()
                    || (answer.json()["error"]["code"] == "upstream_timeout" && code == "deadline_exceeded")
                {
                    return None;
                }
                answer.refused(504, code);
                let record = newest(&world).await;
                assert_eq!(record["outcome"], outcome, "{behaviour}: {record}");
                let cost = record["cost"].as_i64().expect("a cost");
                let held = record["held"].as_i64().expect("held");
                // What the request says is known, however much was seen of the answer.
                assert!(if whole.kind.is_paid_by_request() { cost < held } else { cost <= held }, "{record}");
                assert_eq!(world.money(account.id).await, (CREDIT - cost, 0, 0), "{behaviour}");
                world.assert_ledger_clean().await;
                Some(())
            })
            .await;
        }
    })
    .await;
}
