//! Top-ups by themselves, and what is to be done at Stripe later.

use serde_json::json;
use uuid::Uuid;

use super::super::Scene;
use super::{Sample, page, sample};

impl Scene {
    pub(super) fn of_auto_topups(&self) -> Vec<Sample> {
        let user = self.caller(&self.user);
        vec![
            sample("claim_stripe_tasks", json!({"query": page(json!({})), "account": null}), &["account"]),
            sample("finish_stripe_task", json!({"task": 1, "outcome": "done"}), &[]),
            sample(
                "begin_warned_refund",
                json!({"warning": {"id": Uuid::now_v7(), "intent": "pi_none", "charge": null}}),
                &["warning.intent", "warning.charge"],
            ),
            sample(
                "misses_refunds",
                json!({"seen": {"intent": "pi_none", "charge": "ch_none", "refunded": 1}}),
                &["seen.intent", "seen.charge"],
            ),
            sample("get_auto_topup", json!({"caller": user}), &[]),
            sample(
                "set_auto_topup",
                json!({"caller": user, "request": {"enabled": true, "threshold": 5_000_000_000i64, "amount": 500, "fee": 0,
                       "monthly_cap": 1000, "daily_limit": 10, "livemode": false, "new_card": false}}),
                &[],
            ),
            sample("attach_auto_topup", json!({"caller": user, "seen": {"session": "cs_2", "customer": "cus_2"}}), &[]),
            sample(
                "begin_auto_topup",
                json!({"target": self.user.id, "request": {"id": Uuid::now_v7(), "livemode": false}}),
                &[],
            ),
            sample(
                "settle_auto_topup",
                json!({"target": self.payment, "seen": {"status": "canceled", "livemode": false, "failure_code": null}}),
                &["seen.failure_code"],
            ),
            sample("list_auto_topups", json!({"query": page(json!({}))}), &[]),
        ]
    }
}
