//! Plans, their subscriptions and trials.

use serde_json::json;
use uuid::Uuid;

use super::super::Scene;
use super::{HOUR, Sample, sample};

impl Scene {
    pub(super) fn of_plans(&self) -> Vec<Sample> {
        let (admin, user) = (self.caller(&self.admin), self.caller(&self.user));
        vec![
            sample("list_plans", json!({"query": {"sold": true}}), &["query", "query.sold"]),
            sample("get_plan", json!({"plan": "dev"}), &[]),
            sample("get_account_plan", json!({"caller": user}), &[]),
            sample("get_plan_usage", json!({"caller": user}), &[]),
            sample("get_plan_entitlements", json!({"caller": user}), &[]),
            sample(
                "begin_subscription",
                json!({"caller": admin, "idempotency": null,
                       "request": {"id": Uuid::now_v7(), "plan": "dev", "months": 12, "livemode": false, "coupon": null}}),
                &["idempotency", "request.coupon"],
            ),
            sample(
                "set_customer",
                json!({"caller": user, "request": {"customer": "cus_another", "livemode": false}}),
                &[],
            ),
            sample("get_customer", json!({"caller": user, "request": {"livemode": false}}), &[]),
            sample(
                "begin_subscription_change",
                json!({"caller": user, "request": {"change": "change", "subscription": null, "plan": "team", "months": 1}}),
                &["request.subscription"],
            ),
            Sample {
                wrong: vec![("seen.subscription", json!("sub_another"))],
                ..sample(
                    "finish_subscription_change",
                    json!({"caller": user, "subscription": self.subscription, "seen": {
                        "subscription": self.subscription, "customer": "cus_9", "item": null, "price": null, "status": "active",
                        "begun_at": HOUR, "period_start": HOUR, "period_end": "2026-02-01T00:00:00Z", "cancel_at": null, "next": null,
                        "ended_at": null, "livemode": false, "observed_at": "2100-01-01T00:00:00Z"}}),
                    // Without an answer the change was refused.
                    &["seen", "seen.item", "seen.price", "seen.cancel_at", "seen.next", "seen.ended_at"],
                )
            },
            sample("get_trial", json!({"caller": user}), &[]),
            sample("start_trial", json!({"caller": user, "idempotency": null}), &["idempotency"]),
            sample(
                "get_trial_analytics",
                json!({"caller": admin, "query": {"from": HOUR, "to": "2026-02-01T00:00:00Z"}}),
                &["query", "query.from", "query.to"],
            ),
        ]
    }
}
