//! Responses that are stored.

use serde_json::json;
use tests::world::{Account, World};
use uuid::Uuid;

use super::Sample;

/// The sample, if the operation is one of these.
pub async fn sample(world: &World, (method, name): (&str, &str), owner: &Account) -> Option<Sample> {
    let sample = match (method, name) {
        ("GET" | "DELETE", "v1_response") | ("POST", "v1_response_cancel") => Sample::plain(),
        ("GET", "v1_response_input_items") => Sample::plain().with_query("?limit=5&order=asc"),
        _ => return None,
    };
    let id = stored_response(world, owner).await;
    let sample = Sample { foreign: Some((404, "response_not_found")), ..sample };
    Some(sample.with("id", format!("resp_{}", id.simple())))
}

/// A response of this account that is stored; its id in the database.
pub async fn stored_response(world: &World, owner: &Account) -> Uuid {
    let id = Uuid::now_v7();
    let app = world.platform.gateway().expect("a gateway");
    let sealed = |text: String| {
        let sealed = shared::keyring::seal(&app, &text).expect("a keyring");
        format!("row ('{}', {})::gateway.sealed_text", sealed.ciphertext, sealed.version)
    };
    let message = json!({"type": "message", "id": "msg_1", "role": "assistant", "status": "completed",
        "content": [{"type": "output_text", "text": "Hello!", "annotations": []}]});
    let input = sealed(json!([{"role": "user", "content": "Hello"}]).to_string());
    let output = sealed(json!([message]).to_string());
    let shown = json!({"id": format!("resp_{}", id.simple()), "object": "response", "created_at": 1_764_071_502,
        "status": "completed", "model": "test/model", "error": null, "incomplete_details": null,
        "usage": {"input_tokens": 9, "output_tokens": 7, "total_tokens": 16, "cost": 0.000_005_55}, "gateway": {}});
    let shown = sealed(shown.to_string());
    world
        .sql(&format!(
            "with sizes as (
               select gateway.sealed_size({input}) + gateway.sealed_size({output}) + gateway.sealed_size({shown}) as bytes),
             counted as (
               insert into gateway.response_accounts (account_id, responses, bytes) select '{0}', 1, bytes from sizes
                 on conflict (account_id) do update
                   set responses = response_accounts.responses + 1, bytes = response_accounts.bytes + excluded.bytes),
             thread as (
               insert into gateway.response_threads (id, account_id, responses, bytes, updated_at)
                 select '{id}', '{0}', 1, bytes, gateway.now() from sizes returning id)
             insert into gateway.stored_responses
               (id, account_id, thread_id, depth, input, output, shown, bound, tokens, output_bound, output_tokens, images,
                modalities, call_id, created_at)
               select id, '{0}', id, 1, {input}, {output}, {shown}, 40, 20, 20, 10, 0, '{{}}', id, gateway.now() from thread",
            owner.id
        ))
        .await;
    id
}
