//! What operators read of the whole platform, and reports.

use serde_json::json;

use super::super::Scene;
use super::{HOUR, Sample, page, sample};

impl Scene {
    pub(super) fn of_platform(&self) -> Vec<Sample> {
        let (admin, user) = (self.caller(&self.admin), self.caller(&self.user));
        let window = json!({"from": HOUR, "to": null});
        vec![
            sample("get_platform_monitor", json!({"caller": admin, "query": {"hours": 1}}), &["query", "query.hours"]),
            sample(
                "get_platform_usage",
                json!({"caller": admin, "query": window}),
                &["query", "query.from", "query.to"],
            ),
            sample(
                "get_transaction_analytics",
                json!({"caller": admin, "query": window}),
                &["query", "query.from", "query.to"],
            ),
            sample("get_platform_balance", json!({"caller": admin}), &[]),
            sample("get_platform_metrics", json!({"caller": admin}), &[]),
            sample("list_platform_requests", json!({"caller": admin, "query": page(json!({}))}), &[]),
            sample("list_platform_payments", json!({"caller": admin, "query": page(json!({}))}), &[]),
            sample(
                "get_request",
                json!({"caller": user, "asked": {"call_id": null, "id": "answer"}}),
                &["asked.call_id"],
            ),
            sample(
                "get_platform_request",
                json!({"caller": admin, "asked": {"call_id": null, "id": "answer"}}),
                &["asked.call_id"],
            ),
            sample("get_report", json!({"caller": user, "query": {"from": HOUR, "to": HOUR, "group_by": "day"}}), &[]),
            sample(
                "get_report",
                json!({"caller": user, "query": {"from": HOUR, "to": HOUR, "group_by": "tag", "tag": null}}),
                &["query.tag"],
            ),
            sample("get_ranking", json!({"query": page(json!({"kind": "app", "window": "week"}))}), &[]),
        ]
    }
}
