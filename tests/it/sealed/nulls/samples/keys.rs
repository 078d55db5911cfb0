//! API keys.

use serde_json::json;

use super::super::Scene;
use super::{Sample, page, sample, stored};

impl Scene {
    pub(super) fn of_keys(&self) -> Vec<Sample> {
        let user = self.caller(&self.user);
        vec![
            sample(
                "list_api_keys",
                json!({"caller": user, "query": page(json!({"status": "all"}))}),
                &["query.status"],
            ),
            sample("get_api_key", json!({"caller": user, "target": self.spare.key_id}), &[]),
            sample(
                "create_api_key",
                json!({"caller": user, "stored": stored("created"), "settings": {"name": "new"}, "idempotency": null}),
                &["idempotency", "settings.name"],
            ),
            sample(
                "update_api_key",
                json!({"caller": user, "target": self.spare.key_id, "settings": {"name": "other", "max_requests": 3}}),
                &["settings.name", "settings.max_requests"],
            ),
            sample("revoke_api_key", json!({"caller": user, "target": self.spare.key_id}), &[]),
            sample(
                "rotate_api_key",
                json!({"caller": user, "target": self.spare.key_id, "grace_period_hours": 1,
                       "candidates": {"live": stored("rotated")}}),
                &[],
            ),
            sample(
                "rotate_api_keys",
                json!({"caller": user, "environment": "live", "grace_period_hours": 1,
                       "candidates": [stored("first"), stored("second")]}),
                &[],
            ),
            sample("list_rate_limits", json!({"caller": user, "query": page(json!({}))}), &[]),
            sample(
                "set_rate_limits",
                json!({"caller": user, "target": self.spare.key_id, "rate_limits": {"burst": 3}}),
                &["rate_limits.burst"],
            ),
            sample("list_key_audit_logs", json!({"caller": user, "query": page(json!({}))}), &[]),
        ]
    }
}
