//! What the gateway is for.

use serde_json::json;
use tests::whole::WHOLES;
use tests::world::{MODEL, Route, World, hello};

use super::Sample;

/// The sample, if the operation is one of these.
pub async fn sample(world: &World, (method, name): (&str, &str)) -> Option<Sample> {
    Some(match (method, name) {
        ("POST", "v1_chat_completions") => Sample::body(hello(&json!({}))),
        ("POST", "v1_completions") => Sample::body(json!({"model": MODEL, "prompt": "Hello"})),
        ("POST", "v1_messages" | "v1_messages_count_tokens") => {
            Sample::body(json!({"model": MODEL, "max_tokens": 100, "messages": [{"role": "user", "content": "Hello"}]}))
        }
        ("POST", "v1_responses") => Sample::body(json!({"model": MODEL, "input": "Hello"})),
        ("POST", name) => {
            let whole = WHOLES.iter().find(|whole| whole.route == name)?;
            world.offers(whole, &[Route::new(whole.provider, "standin/normal")]).await;
            Sample::body(whole.hello(&json!({})))
        }
        _ => return None,
    })
}
