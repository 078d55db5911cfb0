//! Of the formats that can be streamed: what is made partially passes at once, and the cost comes with the last event.

use local::provider::Ending;
use serde_json::{Value, json};
use shared::formats::Kind;
use tests::answer::Answer;
use tests::certain;
use tests::whole::{Streams, WHOLES, Whole};
use tests::world::{Account, Deployment, World, events, nanos, send};

use super::{CREDIT, ask, newest, serve, serving};

fn streaming() -> impl Iterator<Item = (&'static Whole, &'static Streams)> {
    WHOLES.iter().filter_map(|whole| Some((whole, whole.streams.as_ref()?)))
}

/// A short request for a stream, with further members.
fn asked(whole: &Whole, further: &Value) -> Value {
    let mut body = whole.hello(&(whole.streams.as_ref().expect("it streams").asked)());
    body.as_object_mut().expect("an object").extend(further.as_object().expect("an object").clone());
    body
}

async fn stream(world: &World, whole: &Whole, account: &Account, further: &Value) -> Answer {
    let answer = Answer::to(world.request(whole, &account.key, &asked(whole, further))).await;
    world.settled().await;
    answer
}

#[tokio::test]
async fn what_is_made_passes_and_the_last_event_has_the_cost() {
    let deployment = Deployment::new().await;
    for (whole, streams) in streaming() {
        let (world, account) = serving(&deployment, whole, "normal").await;
        let is_image = whole.kind == Kind::Image;
        let wanted = if is_image { 2 } else { 1 };
        let answer = stream(&world, whole, &account, &if is_image { json!({"n": 2}) } else { json!({}) }).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "text/event-stream"), "{}", answer.text);
        let events = events(&answer.text);
        let kinds: Vec<_> = events.iter().map(|event| event["type"].as_str().expect("a type")).collect();
        let passing = kinds.iter().filter(|kind| **kind == streams.passing).count();
        assert!(if is_image { passing == 4 } else { passing > 2 }, "{kinds:?}");
        assert_eq!(kinds.len(), passing + wanted, "{kinds:?}");
        assert!(kinds[passing..].iter().all(|kind| *kind == streams.last), "{kinds:?}");
        assert!(answer.text.contains(&format!("event: {}\ndata: ", streams.last)), "{}", answer.text);
        assert!(!is_image || events.iter().all(|event| event["b64_json"].is_string()));
        let usage = &events.last().expect("an event")["usage"];
        let cost = nanos(&usage["cost"]);
        assert!(cost > 0 && cost == (whole.priced)(usage), "{usage}");
        assert_eq!(world.money(account.id).await, (CREDIT - cost, 0, 0));
        let record = newest(&world).await;
        assert_eq!((&record["stream"], &record["outcome"]), (&json!(true), &json!("completed")), "{record}");
        // Who does not stream gives all at once, which a stream's client gets as events.
        serve(&world, whole, "html").await;
        world.assert_ledger_clean().await;
    }
}

#[tokio::test]
async fn a_stream_that_breaks_tells_of_it_and_costs_no_more_than_its_hold() {
    let deployment = Deployment::new().await;
    for (whole, streams) in streaming() {
        for behaviour in ["cut?after=1", "error-mid?after=1", "end-early?after=1", "garbage"] {
            let (world, account) = serving(&deployment, whole, behaviour).await;
            let answer = stream(&world, whole, &account, &json!({})).await;
            let events = events(&answer.text);
            let last = events.last().expect("an event");
            assert_eq!(last["type"], "error", "{behaviour}: {}", answer.text);
            assert!(last["error"]["code"].is_string() && !answer.text.contains(streams.last), "{behaviour}");
            let record = newest(&world).await;
            let cost = record["cost"].as_i64().expect("a cost");
            assert!(cost <= record["held"].as_i64().expect("held"), "{behaviour}: {record}");
            assert_eq!(world.money(account.id).await, (CREDIT - cost, 0, 0), "{behaviour}");
        }
    }
}

#[tokio::test]
async fn a_stream_that_fails_at_once_is_a_status_or_another_providers() {
    let deployment = Deployment::new().await;
    for (whole, _) in streaming() {
        let (world, account) = serving(&deployment, whole, "status?code=500").await;
        stream(&world, whole, &account, &json!({})).await.refused(502, "upstream_error");
        assert_eq!(world.money(account.id).await, (CREDIT, 0, 0));
    }
}

#[tokio::test]
async fn whoever_leaves_a_stream_pays_for_what_was_made() {
    let deployment = Deployment::new().await;
    for (whole, _) in streaming() {
        let (world, account) = serving(&deployment, whole, "gated?after=1").await;
        let control = world.platform.providers.control();
        let gate = control.gate_within();
        let mut response = send(world.request(whole, &account.key, &asked(whole, &json!({})))).await;
        certain("the first event", response.chunk()).await.expect("no error").expect("an event");
        drop(response);
        gate.release();
        world.settled().await;
        let asked = certain("the end", control.wait_for(|all| all[0].ending.is_some())).await;
        assert_eq!(asked[0].ending, Some(Ending::Completed));
        let record = newest(&world).await;
        assert_eq!((&record["outcome"], &record["estimated"]), (&json!("client_left"), &json!(false)), "{record}");
        let cost = record["cost"].as_i64().expect("a cost");
        assert!(cost > 0, "{record}");
        assert_eq!(world.money(account.id).await, (CREDIT - cost, 0, 0));
    }
}

#[tokio::test]
async fn sound_passes_while_it_is_made_and_breaks_off_where_its_provider_does() {
    let deployment = Deployment::new().await;
    for whole in WHOLES.iter().filter(|whole| whole.is_binary()) {
        let (world, account) = serving(&deployment, whole, "gated").await;
        let gate = world.platform.providers.control().gate_within();
        let mut response = send(world.request(whole, &account.key, &whole.hello(&json!({})))).await;
        let mut sound = certain("the first bytes", response.chunk()).await.expect("no error").expect("bytes").to_vec();
        // Nothing stands in it that is not the provider's.
        gate.release();
        while let Some(bytes) = certain("the rest", response.chunk()).await.expect("no error") {
            sound.extend_from_slice(&bytes);
        }
        assert_eq!((sound.len(), &sound[..2]), (2 + 100 * "Hello".len(), &b"\xff\xfb"[..]));
        world.settled().await;
        let spent = CREDIT - (whole.priced)(&Value::Null);
        assert_eq!(world.money(account.id).await, (spent, 0, 0));

        serve(&world, whole, "cut").await;
        let mut response = send(world.request(whole, &account.key, &whole.hello(&json!({})))).await;
        assert_eq!(response.status(), 200);
        let broken = certain("the end", async {
            loop {
                match response.chunk().await {
                    Ok(Some(_)) => {}
                    Ok(None) => return false,
                    Err(_) => return true,
                }
            }
        })
        .await;
        assert!(broken, "a half is not taken for the whole");
        world.settled().await;
        // Its characters are what is sold: once some of the sound has come, they are owed.
        let record = newest(&world).await;
        // Of tokens the provider had not told yet.
        let by_tokens = whole.most_output > 0;
        assert_eq!((&record["outcome"], &record["estimated"]), (&json!("cut"), &json!(by_tokens)), "{record}");
        let cost = record["cost"].as_i64().expect("a cost");
        assert!(if by_tokens { cost > 0 } else { cost == (whole.priced)(&Value::Null) }, "{record}");
        assert!(cost <= record["held"].as_i64().expect("held"), "{record}");
        let spent = spent - cost;
        assert_eq!(world.money(account.id).await, (spent, 0, 0));

        // Before its first byte they are not.
        serve(&world, whole, "refuse").await;
        ask(&world, whole, &account).await.refused(502, "upstream_error");
        assert_eq!(world.money(account.id).await, (spent, 0, 0));
        world.assert_ledger_clean().await;
    }
}
