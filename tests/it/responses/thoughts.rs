//! A provider that is asked natively gets back what its model has thought, as it sealed it, whether or not the client asked to see
//! that.

use serde_json::{Value, json};
use shared::formats::Format;
use tests::world::{Account, World};

use super::{behind, read, respond, wires};

const SEALED: &str = "standin-sealed-";

async fn thinking() -> (World, Account) {
    let world = World::start().await;
    let wire = wires().find(|wire| wire.upstream() == Format::Responses).expect("a native wire");
    world.serves(wire, "standin/reasoning").await;
    world.sql("update gateway.models set reasoning = true").await;
    world.platform.providers.control().record(true);
    let account = world.account(1_000_000_000).await;
    (world, account)
}

fn sent(world: &World) -> Value {
    world.platform.providers.control().requests().last().expect("a request").body.clone()
}

#[tokio::test]
async fn a_chain_keeps_its_thoughts_and_a_client_sees_them_that_asked_for_them() {
    let wire = wires().find(|wire| wire.upstream() == Format::Responses).expect("a native wire");
    for stream in [false, true] {
        for asks in [false, true] {
            let (world, account) = thinking().await;
            let include = if asks { json!(["reasoning.encrypted_content"]) } else { json!([]) };
            let further = json!({"stream": stream, "include": include, "max_output_tokens": 400});
            let first = respond(&world, wire, &account, "Why?", further.clone()).await;
            assert_eq!(sent(&world)["include"], json!(["reasoning.encrypted_content"]));
            assert_eq!(first.to_string().contains(SEALED), asks, "{first}");
            assert!(!read(&world, &account, &first).await.text.contains(SEALED));
            let mut further = further;
            further.as_object_mut().expect("an object").extend(behind(&first).as_object().expect("an object").clone());
            respond(&world, wire, &account, "And?", further).await;
            let input = sent(&world)["input"].clone();
            let thought = input.as_array().expect("items").iter().find(|item| item["type"] == "reasoning");
            let sealed = thought.and_then(|thought| thought["encrypted_content"].as_str());
            assert!(sealed.is_some_and(|sealed| sealed.starts_with(SEALED)), "{input}");
            world.settled().await;
            world.assert_ledger_clean().await;
        }
    }
}

#[tokio::test]
async fn no_event_of_a_stream_shows_them_to_who_did_not_ask() {
    let wire = wires().find(|wire| wire.upstream() == Format::Responses).expect("a native wire");
    let (world, account) = thinking().await;
    let body = wire.say("Why?", &json!({"stream": true, "max_output_tokens": 400}));
    let answer = tests::answer::Answer::to(world.call(wire, &account.key, &body)).await;
    assert!(answer.text.contains("\"type\":\"reasoning\"") && !answer.text.contains(SEALED), "{}", answer.text);
}

#[tokio::test]
async fn what_is_not_stored_and_what_does_not_think_is_asked_for_no_more_than_its_client_did() {
    let wire = wires().find(|wire| wire.upstream() == Format::Responses).expect("a native wire");
    let (world, account) = thinking().await;
    respond(&world, wire, &account, "Why?", json!({"store": false})).await;
    assert_eq!(sent(&world)["include"], Value::Null);
    world.sql("update gateway.models set reasoning = false").await;
    respond(&world, wire, &account, "Why?", json!({})).await;
    assert_eq!(sent(&world)["include"], Value::Null);
}
