//! A request and its call have one name, unless the caller has named the request.

use std::collections::HashSet;

use serde_json::{Value, json};
use shared::generation_id;
use tests::answer::Answer;
use tests::certain;
use tests::wire::WIRES;
use tests::world::{Account, World, hello, send};

use super::get;

const CREDIT: i64 = 1_000_000_000;

/// What its account is told of a request by one of its names: the request's name and its call's.
async fn told(world: &World, account: &Account, name: &str) -> [Value; 2] {
    let detail = get(world, account, &format!("/user/activity/log/{name}")).await;
    ["request_id", "call_id"].map(|member| detail["request"][member].clone())
}

#[tokio::test]
async fn a_request_that_nobody_has_named_goes_by_its_calls_id_in_every_format() {
    let world = World::start().await;
    for wire in &WIRES {
        world.serves(wire, "standin/normal").await;
        let account = world.account(CREDIT).await;
        for stream in [false, true] {
            let body = wire.hello(&json!({"stream": stream}));
            let answer = Answer::to(world.call(wire, &account.key, &body)).await;
            let name = answer.header("x-request-id");
            assert_eq!(answer.status, 200, "{} {stream}", wire.name);
            world.settled().await;
            let record = world.newest_call().await;
            assert_eq!(
                (&record["call_id"], &record["request_id"]),
                (&json!(name), &Value::Null),
                "{} {stream}",
                wire.name
            );
            assert_eq!(told(&world, &account, name).await, [name, name], "{} {stream}", wire.name);
            let generation = generation_id::write(name.parse().expect("a UUID"));
            let shown = get(&world, &account, &format!("/api/v1/generation?id={generation}")).await;
            assert_eq!(shown["data"]["request_id"], name, "{} {stream}", wire.name);
        }
    }
}

#[tokio::test]
async fn while_it_runs_as_well() {
    let world = World::start().await;
    let account = world.account(CREDIT).await;
    let gate = world.platform.providers.control().gate();
    let call = tokio::spawn(send(world.chat(&account.key, &hello(&json!({})))));
    certain("the call at the provider", gate.wait_for(1)).await;
    let running = world.value("select to_jsonb(h) from gateway.holds h").await;
    assert_eq!(running["request_id"], Value::Null);
    let id = running["call_id"].as_str().expect("an id");
    assert_eq!(told(&world, &account, id).await, [id, id]);
    gate.release();
    let answer = call.await.expect("an answer");
    assert_eq!(answer.headers()["x-request-id"], id);
    world.settled().await;
}

#[tokio::test]
async fn a_name_that_is_another_calls_id_is_a_name_and_no_more() {
    let world = World::start().await;
    let (account, other) = (world.account(CREDIT).await, world.account(CREDIT).await);
    let mut calls = Vec::new();
    let first = Answer::to(world.chat(&account.key, &hello(&json!({})))).await;
    let id = first.header("x-request-id").to_owned();
    for who in [&account, &other, &other] {
        let answer = Answer::to(world.chat(&who.key, &hello(&json!({}))).header("x-request-id", &id)).await;
        assert_eq!((answer.status, answer.header("x-request-id")), (200, id.as_str()));
        world.settled().await;
        let record = world.newest_call().await;
        assert_eq!((&record["request_id"], &record["account_id"]), (&json!(id), &json!(who.id)));
        assert!(record["cost"].as_i64() > Some(0), "{record}");
        calls.push(record["call_id"].clone());
    }
    let different: HashSet<_> = calls.iter().filter_map(Value::as_str).chain([id.as_str()]).collect();
    assert_eq!(different.len(), 4, "a call of its own each: {calls:?}");
    // Its own call is found by it first, by whoever made that; anybody else by what they have named so.
    assert_eq!(told(&world, &account, &id).await, [id.clone(), id.clone()]);
    assert_eq!(json!(told(&world, &other, &id).await), json!([id, calls[2]]));
    world.assert_ledger_clean().await;
}
