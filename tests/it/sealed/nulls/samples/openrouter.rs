//! OpenRouter's API: keys, credit, calls, the catalog, and keys for apps.

use serde_json::json;

use super::super::Scene;
use super::{Sample, sample, stored};

impl Scene {
    pub(super) fn of_openrouter(&self) -> Vec<Sample> {
        let user = self.caller(&self.user);
        let key = self.spare.key_id;
        vec![
            sample("get_calling_key", json!({"caller": user}), &[]),
            sample("get_credits", json!({"caller": user}), &[]),
            sample(
                "list_provisioned_keys",
                json!({"caller": user, "query": {"offset": 0, "include_disabled": true}}),
                &["query", "query.offset", "query.include_disabled"],
            ),
            sample("get_provisioned_key", json!({"caller": user, "target": key}), &[]),
            sample(
                "create_provisioned_key",
                json!({"caller": user, "stored": stored("provisioned"), "settings": {"name": "new"}, "idempotency": null}),
                &["idempotency", "settings.name"],
            ),
            sample(
                "change_provisioned_key",
                json!({"caller": user, "target": key, "changes": {"disabled": true, "limit": 5, "period": "day"}}),
                &["changes.disabled", "changes.limit", "changes.period"],
            ),
            sample("delete_provisioned_key", json!({"caller": user, "target": key}), &[]),
            sample(
                "create_auth_code",
                json!({"caller": user, "request": {"code_hash": "c", "challenge": "c", "method": "S256", "site": null,
                       "settings": {"name": "app", "scopes": ["inference"]}}}),
                &["request.site"],
            ),
            sample(
                "exchange_auth_code",
                json!({"caller": {"ip": "192.0.2.1"}, "stored": stored("exchanged"),
                       "request": {"code_hashes": ["code"], "answers": {"plain": "challenge"}, "method": "plain"}}),
                &["caller.ip", "request.method"],
            ),
            sample(
                "list_openrouter_models",
                json!({"query": {"limit": 2}, "known": null}),
                &["query", "query.limit", "known"],
            ),
            sample("count_openrouter_models", json!({"query": {"q": "test"}}), &["query", "query.q"]),
            sample("list_models_of_key", json!({"caller": user, "query": {"limit": 2}}), &["query", "query.limit"]),
            sample("get_openrouter_model", json!({"model_id": tests::world::MODEL}), &[]),
            sample("get_model_endpoints", json!({"model_id": tests::world::MODEL}), &[]),
            sample(
                "get_generation",
                json!({"caller": user, "asked": {"call_id": null, "answer_id": "answer"}}),
                &["asked.call_id"],
            ),
            sample(
                "get_generation_content",
                json!({"caller": user, "asked": {"call_id": null, "answer_id": "answer"}}),
                &["asked.call_id"],
            ),
            sample(
                "list_openrouter_activity",
                json!({"caller": user, "query": {"date": "2026-01-01", "key_id": key}}),
                &["query", "query.date", "query.key_id"],
            ),
        ]
    }
}
