//! An account: its profile, money, limits, usage and keys of its own at providers.

use serde_json::json;

use super::super::Scene;
use super::{HOUR, Sample, page, sample};

impl Scene {
    pub(super) fn of_accounts(&self) -> Vec<Sample> {
        let user = self.caller(&self.user);
        let id = self.user.id;
        vec![
            sample("get_profile", json!({"caller": user}), &[]),
            sample(
                "update_profile",
                json!({"caller": user, "request": {"username": "another"}}),
                &["request.username"],
            ),
            sample("delete_account", json!({"caller": user}), &[]),
            sample("get_balance", json!({"caller": user}), &[]),
            sample("list_credit_transactions", json!({"caller": user, "query": page(json!({}))}), &[]),
            sample("get_statement", json!({"caller": user, "query": {"month": "2026-01-01"}}), &[]),
            sample(
                "set_provider_key",
                json!({"caller": user, "request": {"provider": "chutes", "name": null, "last_four": "abcd",
                       "ciphertext": "c", "version": 1}}),
                &["request.name"],
            ),
            sample("list_provider_keys", json!({"caller": user}), &[]),
            sample("delete_provider_key", json!({"caller": user, "provider": "chutes"}), &[]),
            sample("list_outdated_provider_keys", json!({"versions": [1], "after": {}}), &[]),
            sample(
                "renew_provider_key",
                json!({"account_id": id, "provider": "chutes", "outdated": "c", "ciphertext": "d", "version": 2}),
                &[],
            ),
            sample("list_end_users", json!({"caller": user, "query": page(json!({}))}), &[]),
            sample(
                "set_end_user",
                json!({"caller": user, "request": {"user": "ann", "budget": {"amount": 5, "period": "month"}}}),
                &["request.user", "request.budget"],
            ),
            sample("delete_end_user", json!({"caller": user, "called": "ann"}), &[]),
            sample("get_privacy", json!({"caller": user}), &[]),
            sample(
                "update_privacy",
                json!({"caller": user, "request": {"chat_retention_days": 7, "response_retention_days": 7, "ranking": "named"}}),
                &["request.chat_retention_days"],
            ),
            sample("get_limits", json!({"caller": user}), &[]),
            sample("get_monitor", json!({"caller": user}), &[]),
            sample("get_environment_usage", json!({"caller": user, "query": {"from": HOUR}}), &["query", "query.from"]),
            sample("get_activity_stats", json!({"caller": user, "query": {"from": HOUR}}), &["query", "query.from"]),
            sample("list_key_usage", json!({"caller": user, "query": page(json!({}))}), &[]),
            sample("list_activity", json!({"caller": user, "query": page(json!({}))}), &[]),
        ]
    }
}
