//! What is asked about the catalog by administrators.

use serde_json::json;
use tests::world::{Route, World};
use uuid::Uuid;

use super::Sample;

/// The sample, if the operation is one of these.
pub async fn sample(world: &World, (method, name): (&str, &str)) -> Option<Sample> {
    Some(match (method, name) {
        ("GET", "admin_models" | "admin_routes" | "admin_aliases") => Sample::plain().with_query("?limit=5"),
        ("POST", "admin_models") => {
            let id = format!("sample/{}", Uuid::new_v4().simple());
            Sample::body(
                json!({"id": id, "context_length": 128_000, "max_output": 16_384, "input_modalities": ["text"]}),
            )
        }
        ("GET", "admin_model") => Sample::plain().with("id", model(world).await),
        ("PATCH", "admin_model") => {
            Sample::body(json!({"name": "A name", "deprecated_at": null})).with("id", model(world).await)
        }
        ("PUT", "admin_routes") => Sample::body(json!({
            "model": model(world).await, "provider": "chutes", "upstream_model": "standin/normal",
            "price": {"prompt": 0.5, "completion": 1.5, "tiers": [{"above": 200_000, "prompt": 1}],
                      "windows": [{"from": "16:30", "until": "00:30", "prompt": 0.25}]}})),
        ("PUT", "admin_alias") => {
            Sample::body(json!({"model": model(world).await})).with("alias", Uuid::new_v4().simple().to_string())
        }
        ("DELETE", "admin_alias") => {
            let (alias, model) = (format!("alias-{}", Uuid::new_v4().simple()), model(world).await);
            world
                .sql(&format!("insert into gateway.model_aliases (alias, model_id) values ('{alias}', '{model}')"))
                .await;
            Sample::plain().with("alias", alias)
        }
        ("POST", "admin_refresh_models") | ("GET", "admin_catalog_status" | "admin_plans" | "cron_sync_models") => {
            Sample::plain()
        }
        ("POST", "admin_price_change") => {
            Sample::body(json!({"decision": "reject"})).with("id", waiting_price(world).await)
        }
        ("PATCH", "admin_plan") => {
            Sample::body(json!({"name": "Team", "limits": {"burst": 200}, "price_factor": 1, "pinned": false}))
                .with("id", "team")
        }
        _ => return None,
    })
}

async fn model(world: &World) -> String {
    let id = format!("sample/{}", Uuid::new_v4().simple());
    world.model(&id, &[Route::new("openrouter", "standin/normal")]).await;
    id
}

/// A price that waits for an administrator: its id.
pub async fn waiting_price(world: &World) -> Uuid {
    let (id, model) = (Uuid::new_v4(), model(world).await);
    world
        .sql(&format!(
            "insert into gateway.price_changes (id, model_id, provider, former, proposed, reason, found_at)
               select '{id}', model_id, provider, candidate - '{{provider,model}}'::text[],
                      jsonb_set(candidate - '{{provider,model}}'::text[], '{{prompt}}', '7'), 'it is far', gateway.now()
               from gateway.model_routes where model_id = '{model}'"
        ))
        .await;
    id
}
