//! What is asked about mail.

use serde_json::json;
use tests::world::{Account, World};

use super::Sample;

/// The sample, if the operation is one of these.
pub async fn sample(world: &World, (method, name): (&str, &str), owner: &Account) -> Option<Sample> {
    Some(match (method, name) {
        (
            "GET",
            "user_notification_preferences"
            | "user_notification_thresholds"
            | "admin_notification_stats"
            | "admin_limit_system"
            | "cron_notifications"
            | "cron_alerts",
        ) => Sample::plain(),
        ("PATCH", "user_notification_thresholds") => Sample::body(json!({"spend_per_day": 5})),
        ("GET", "admin_alerts") => {
            world
                .sql("insert into gateway.alerts (cause, subject, day, details, first_at, last_at, claimed_until) values
                        ('outbox_waits', '', '2026-11-28', '{\"settlements\": 1}', gateway.now(), gateway.now(), gateway.now())
                      on conflict do nothing")
                .await;
            Sample::plain().with_query("?limit=5")
        }
        ("PATCH", "user_notification_preferences") => Sample::body(json!({"usage_report": false})),
        ("POST", "user_notification_test" | "user_usage_report" | "admin_notification_process") => {
            Sample::body(json!({}))
        }
        ("GET" | "POST", "unsubscribe") => {
            let app = world.platform.gateway().expect("a gateway");
            let link = shared::mail::unsubscribe::link(&app, owner.id, "usage_report").expect("a pepper");
            Sample::plain().with_query(&link[link.find('?').expect("a query")..])
        }
        ("POST", "resend_webhook") => Sample::body(
            json!({"type": "email.bounced", "data": {"to": ["gone@test.example"], "bounce": {"type": "Permanent"}}}),
        ),
        _ => return None,
    })
}
