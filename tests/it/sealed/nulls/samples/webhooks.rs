//! Users' webhooks.

use serde_json::json;

use super::super::Scene;
use super::{Sample, page, sample};

impl Scene {
    pub(super) fn of_webhooks(&self) -> Vec<Sample> {
        let (user, hook) = (self.caller(&self.user), self.webhook);
        vec![
            sample("claim_webhook_deliveries", json!({"account": self.user.id}), &["account"]),
            sample(
                "finish_webhook_delivery",
                json!({"delivery": self.delivery, "outcome": {"status": 500, "error": "wrong", "duration_ms": 5}}),
                &["outcome.status", "outcome.error"],
            ),
            sample(
                "create_webhook",
                json!({"caller": user, "request": {"url": "https://hooks.example.com/", "description": "ours",
                       "events": ["usage.daily"], "ciphertext": "sealed", "version": 1}}),
                &["request.description"],
            ),
            sample("list_webhooks", json!({"caller": user}), &[]),
            sample("get_webhook", json!({"caller": user, "target": hook}), &[]),
            sample(
                "update_webhook",
                json!({"caller": user, "target": hook, "changes": {"url": "https://hooks.example.com/", "description": "ours",
                       "events": ["usage.daily"], "enabled": false}}),
                &["changes.url", "changes.description", "changes.events", "changes.enabled"],
            ),
            sample("delete_webhook", json!({"caller": user, "target": hook}), &[]),
            sample(
                "rotate_webhook_secret",
                json!({"caller": user, "target": hook,
                       "request": {"ciphertext": "sealed", "version": 1, "overlap_hours": 1}}),
                &[],
            ),
            sample("list_outdated_webhook_secrets", json!({"versions": [1], "after": {}}), &[]),
            sample(
                "renew_webhook_secrets",
                json!({"renewed": [{"id": 1, "secret": ["sealed", {"ciphertext": "anew", "version": 2}]}]}),
                &[],
            ),
            sample(
                "list_webhook_deliveries",
                json!({"caller": user, "target": hook, "query": page(json!({"state": "all"}))}),
                &["query.state"],
            ),
            sample(
                "raise_alerts",
                json!({"seen": {"alerts": [{"cause": "budget", "subject": "spring", "details": {}}], "sends_mail": true}}),
                &[],
            ),
            sample("claim_alerts", json!({"wanted": {"mail": true, "post": true}}), &[]),
            sample("finish_alert", json!({"alert": self.webhook, "told": {"mailed": true, "posted": true}}), &[]),
            sample(
                "list_alerts",
                json!({"caller": self.caller(&self.admin), "query": page(json!({"cause": null}))}),
                &["query.cause"],
            ),
            sample("get_thresholds", json!({"caller": user}), &[]),
            sample(
                "set_thresholds",
                json!({"caller": user, "changes": {"spend_per_day": 5, "spend_per_month": 50}}),
                &["changes.spend_per_day", "changes.spend_per_month"],
            ),
            sample("get_limit_system", json!({"caller": self.caller(&self.admin)}), &[]),
            sample("test_webhook", json!({"caller": user, "target": hook}), &[]),
            sample("replay_webhook_delivery", json!({"caller": user, "target": hook, "delivery": self.delivery}), &[]),
        ]
    }
}
