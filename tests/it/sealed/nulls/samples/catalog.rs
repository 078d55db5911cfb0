//! The catalog as administrators change it, and providers' lists.

use serde_json::json;
use tests::world::MODEL;

use super::super::Scene;
use super::{Sample, page, sample};

/// A price that waits, which [`ROWS`] makes.
const CHANGE: &str = "0190a000-0000-7000-8000-000000000001";

/// What the samples are about besides the model of every world.
pub(in super::super) const ROWS: &str = "
    insert into gateway.model_aliases (alias, model_id) values ('aliased', 'test/model');
    insert into gateway.price_changes (id, model_id, provider, former, proposed, reason, found_at)
      select '0190a000-0000-7000-8000-000000000001', model_id, provider, candidate - '{provider,model}'::text[],
             candidate - '{provider,model}'::text[], 'it is far', gateway.now()
      from gateway.model_routes where model_id = 'test/model' limit 1";

impl Scene {
    pub(super) fn of_catalog(&self) -> Vec<Sample> {
        let admin = self.caller(&self.admin);
        vec![
            sample("list_admin_models", json!({"caller": admin, "query": page(json!({}))}), &[]),
            sample("get_admin_model", json!({"caller": admin, "model": MODEL}), &[]),
            sample(
                "create_model",
                json!({"caller": admin, "request": {"id": "a/b", "context_length": 1000, "max_output": 100, "name": null}}),
                &["request.name"],
            ),
            sample(
                "change_model",
                json!({"caller": admin, "model": MODEL, "request": {"deprecated_at": null, "name": "Other"}}),
                &["request.deprecated_at"],
            ),
            sample("list_aliases", json!({"caller": admin, "query": page(json!({}))}), &[]),
            sample("set_alias", json!({"caller": admin, "alias": "another", "model": MODEL}), &[]),
            sample("delete_alias", json!({"caller": admin, "alias": "aliased"}), &[]),
            sample("list_routes", json!({"caller": admin, "query": page(json!({}))}), &[]),
            sample(
                "set_route",
                json!({"caller": admin, "request": {"model": MODEL, "provider": "openrouter", "upstream_model": "other",
                       "enabled": null, "price": null, "pinned": null}}),
                &["request.upstream_model", "request.enabled", "request.price", "request.pinned"],
            ),
            sample("list_admin_plans", json!({"caller": admin}), &[]),
            sample(
                "change_plan",
                json!({"caller": admin, "plan": "team", "request": {
                    "name": "Team", "price_per_month": 10_000_000, "price_per_year": 20_000_000, "credits_per_month": 1,
                    "limits": {"burst": 3}, "price_factor": 9000, "pinned": false}}),
                &["request.price_per_year"],
            ),
            sample(
                "apply_provider_list",
                json!({"provider": "openrouter", "listed": {}, "problem": null, "factor": 150}),
                &["problem"],
            ),
            sample("decide_price_change", json!({"caller": admin, "change_id": CHANGE, "decision": "reject"}), &[]),
            sample("get_catalog_status", json!({"caller": admin}), &[]),
        ]
    }
}
