//! Prompt and output share the model's context.

use serde_json::json;
use tests::wire::{WIRES, forms};
use tests::world::World;

use super::{CREDIT, alone, ask, asked};

const CONTEXT: u64 = 32_768;

async fn world() -> World {
    let world = World::start().await;
    world.sql(&format!("update gateway.models set context_length = {CONTEXT}")).await;
    world
}

#[tokio::test]
async fn the_limit_that_is_ours_to_choose_leaves_the_prompt_its_room() {
    // A text completion has a limit always.
    let wire = &WIRES[0];
    let world = world().await;
    let account = world.account(CREDIT).await;
    for (words, further, limits) in [
        (20_000, json!({}), 4_096..=CONTEXT - 20_000),
        (10, json!({}), 16_384..=16_384),
        // The client's own goes as it is, and the provider says what it thinks of it.
        (20_000, json!({"max_tokens": 16_000}), 16_000..=16_000),
    ] {
        alone(wire, &world, "normal").await;
        let answer = ask(wire, &world, &account.key, &wire.say(&"word ".repeat(words), &further)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let sent = world.platform.providers.control().requests()[0].body["max_tokens"].as_u64().expect("a limit");
        assert!(limits.contains(&sent), "{words} words, {further}: {sent}");
    }
}

#[tokio::test]
async fn a_prompt_that_cannot_fit_is_refused_before_anyone_is_asked() {
    let world = world().await;
    let account = world.account(CREDIT).await;
    for (wire, stream) in forms() {
        alone(wire, &world, "normal").await;
        let body = wire.say(&"word ".repeat(60_000), &json!({"stream": stream, "max_tokens": 5}));
        let answer = ask(wire, &world, &account.key, &body).await;
        let error = answer.refused(400, "context_length_exceeded");
        let member = wire.prompt();
        assert_eq!(error["param"], member, "{error}");
        assert!(asked(&world).is_empty());
        assert_eq!(world.money(account.id).await, (CREDIT, 0, 0));
    }
    world.assert_ledger_clean().await;
}
