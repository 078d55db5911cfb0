//! The request's own wishes about providers.

use serde_json::{Value, json};
use tests::wire::{Wire, formats};
use tests::world::{MODEL, Route, World};

use super::{CREDIT, ask, asked, dearer, forget, provider};

/// The model on three providers: OpenRouter is the cheapest and behaves so, Chutes and Portkey are dearer and well.
async fn three(world: &World, behaviour: &str) {
    let dearest = Route { prompt: 3_000_000_000, completion: 9_000_000_000, ..Route::new("portkey", "standin/normal") };
    let first = format!("standin/{behaviour}");
    world.model(MODEL, &[Route::new("openrouter", &first), dearer("chutes", "standin/normal"), dearest]).await;
    forget(world).await;
}

fn wish(wire: &Wire, provider: Value) -> Value {
    wire.hello(&json!({ "provider": provider }))
}

fn pinned(wire: &Wire, provider: &str) -> Value {
    wire.hello(&json!({ "model": format!("{provider}:{MODEL}") }))
}

#[tokio::test]
async fn the_cheapest_is_asked_first_unless_the_request_wishes_otherwise() {
    let world = World::start().await;
    for wire in formats() {
        let account = world.account(CREDIT).await;
        three(&world, "normal").await;
        for (body, served_by) in [
            (wire.hello(&json!({})), "openrouter"),
            (wish(wire, json!({ "order": ["portkey", "chutes"] })), "portkey"),
            (wish(wire, json!({ "order": ["featherless", "chutes"] })), "chutes"),
            (wish(wire, json!({ "only": ["portkey", "chutes"] })), "chutes"),
            (wish(wire, json!({ "ignore": ["openrouter"] })), "chutes"),
            (wish(wire, json!({ "only": ["openrouter", "portkey"], "ignore": ["openrouter"] })), "portkey"),
            (pinned(wire, "portkey"), "portkey"),
            (pinned(wire, "chutes"), "chutes"),
        ] {
            for stream in [false, true] {
                let mut body = body.clone();
                body["stream"] = json!(stream);
                world.platform.providers.control().clear();
                let answer = ask(wire, &world, &account.key, &body).await;
                assert_eq!((answer.status, provider(&answer)), (200, served_by), "{body}: {}", answer.text);
                assert_eq!(asked(&world), [served_by], "{body}");
            }
        }
    }
}

#[tokio::test]
async fn nobody_is_asked_whom_the_request_rules_out() {
    let world = World::start().await;
    for wire in formats() {
        let account = world.account(CREDIT).await;
        for (body, allowed) in [
            (wish(wire, json!({ "allow_fallbacks": false })), vec!["openrouter"]),
            (wish(wire, json!({ "order": ["openrouter"], "allow_fallbacks": false })), vec!["openrouter"]),
            (wish(wire, json!({ "only": ["openrouter"] })), vec!["openrouter"]),
            (pinned(wire, "openrouter"), vec!["openrouter"]),
            (wish(wire, json!({ "ignore": ["chutes"] })), vec!["openrouter", "portkey"]),
            (wish(wire, json!({ "order": ["openrouter", "portkey"] })), vec!["openrouter", "portkey"]),
        ] {
            three(&world, "status?code=500").await;
            let answer = ask(wire, &world, &account.key, &body).await;
            assert_eq!(asked(&world), allowed, "{body}");
            if let [only] = allowed[..] {
                let told = answer.json();
                assert_eq!((answer.status, &told["error"]["provider"]), (502, &only.into()), "{body}: {told}");
            } else {
                assert_eq!((answer.status, provider(&answer)), (200, "portkey"), "{body}: {}", answer.text);
            }
        }
    }
}

#[tokio::test]
async fn a_wish_that_leaves_nobody_is_told_before_anyone_is_asked() {
    let world = World::start().await;
    for wire in formats() {
        let account = world.account(CREDIT).await;
        three(&world, "normal").await;
        for body in [wish(wire, json!({ "only": ["featherless"] })), pinned(wire, "featherless")] {
            let answer = ask(wire, &world, &account.key, &body).await;
            let told = answer.json();
            assert_eq!((answer.status, &told["error"]["code"]), (503, &"no_provider".into()), "{body}: {told}");
            assert!(asked(&world).is_empty());
        }
        assert_eq!(world.money(account.id).await, (CREDIT, 0, 0));
    }
}
