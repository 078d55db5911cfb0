//! Mail.

use serde_json::json;
use uuid::Uuid;

use super::super::Scene;
use super::{Sample, sample};

impl Scene {
    pub(super) fn of_notifications(&self) -> Vec<Sample> {
        let (admin, user) = (self.caller(&self.admin), self.caller(&self.user));
        let nothing = json!({"sent": [], "failed": [], "retry_in": null, "split": null, "error": null});
        vec![
            sample(
                "finish_notifications",
                json!({"batch": Uuid::new_v4(), "outcome": nothing}),
                &["outcome.sent", "outcome.failed", "outcome.retry_in", "outcome.split", "outcome.error"],
            ),
            sample(
                "take_resend_event",
                json!({"event": {"id": "msg_1", "address": "a@test.example", "reason": "bounced"}}),
                // Without these it suppresses nothing.
                &["event.address", "event.reason"],
            ),
            sample("get_notification_preferences", json!({"caller": user}), &[]),
            sample(
                "set_notification_preferences",
                json!({"caller": user, "request": {"usage_report": false}}),
                &["request.usage_report"],
            ),
            sample("unsubscribe", json!({"account": self.user.id, "kind": "usage_report"}), &[]),
            sample("request_mail", json!({"caller": user, "kind": "test"}), &[]),
            sample("get_notification_stats", json!({"caller": admin}), &[]),
        ]
    }
}
