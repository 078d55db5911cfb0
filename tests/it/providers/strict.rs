//! OpenAI refuses what its API does not know: code that was written for other providers of its format runs there all the same.

use serde_json::json;
use tests::wire::WIRES;
use tests::world::{MODEL, Route, World};

use super::{CREDIT, ask, provider};

#[tokio::test]
async fn what_openai_does_not_know_does_not_reach_it() {
    let wire = &WIRES[0];
    let world = World::start().await;
    let account = world.account(CREDIT).await;
    world.model(MODEL, &[Route::new("openai", "standin/normal")]).await;
    for further in [
        json!({}),
        json!({ "max_tokens": 50 }),
        json!({ "max_tokens": 50, "max_completion_tokens": 60 }),
        json!({ "reasoning": { "effort": "low" }, "include_reasoning": true }),
        json!({ "usage": { "include": true }, "top_k": 40, "min_p": 0.1, "provider": { "only": ["openai"] } }),
        json!({ "messages": [
            { "role": "system", "content": [{ "type": "text", "text": "x", "cache_control": { "type": "ephemeral" } }] },
            { "role": "user", "content": "Hello" },
            { "role": "assistant", "content": "Hi", "reasoning": "They greet.", "reasoning_details": [] },
            { "role": "user", "content": "Hello" }] }),
    ] {
        super::forget(&world).await;
        let answer = ask(wire, &world, &account.key, &wire.hello(&further)).await;
        assert_eq!((answer.status, provider(&answer)), (200, "openai"), "{further}: {}", answer.text);
        let requests = world.platform.providers.control().requests();
        let sent = &requests[0].body;
        assert!(sent["max_completion_tokens"].is_u64() && sent.get("max_tokens").is_none(), "{sent}");
        if further.get("reasoning").is_some() {
            assert_eq!(sent["reasoning_effort"], "low", "{sent}");
        }
    }
    world.assert_ledger_clean().await;
}

#[tokio::test]
async fn every_format_of_openais_is_served_by_openai() {
    let world = World::start().await;
    let account = world.account(CREDIT).await;
    world.model(MODEL, &[Route::new("openai", "standin/normal")]).await;
    for wire in &WIRES {
        let answer = ask(wire, &world, &account.key, &wire.hello(&json!({ "max_tokens": 50 }))).await;
        assert_eq!((answer.status, provider(&answer)), (200, "openai"), "{}: {}", wire.name, answer.text);
    }
    world.assert_ledger_clean().await;
}
