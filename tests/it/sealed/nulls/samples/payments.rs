//! Payments and refunds.

use serde_json::json;
use uuid::Uuid;

use super::super::Scene;
use super::{HOUR, Sample, page, sample};

impl Scene {
    pub(super) fn of_payments(&self) -> Vec<Sample> {
        let user = self.caller(&self.user);
        let admin = self.caller(&self.admin);
        vec![
            sample("list_credit_packages", json!({"caller": user, "query": {"fee": 0}}), &[]),
            sample("list_payments", json!({"caller": user, "query": page(json!({}))}), &[]),
            sample("get_payment", json!({"caller": user, "target": self.payment}), &[]),
            sample(
                "begin_payment",
                json!({"caller": user, "idempotency": null, "request": {
                    "id": Uuid::now_v7(), "kind": "checkout", "amount": 500, "package": null, "fee": 0, "livemode": false, "coupon": null}}),
                &["idempotency", "request.package", "request.coupon"],
            ),
            sample(
                "attach_payment",
                json!({"caller": user, "target": self.payment, "seen": {"session": "cs_1", "customer": "cus_1"}}),
                &["seen.customer"],
            ),
            Sample {
                wrong: vec![("seen.payment", json!(Uuid::new_v4()))],
                ..sample(
                    "confirm_payment",
                    json!({"caller": user, "target": self.payment, "seen": {"payment": self.payment, "status": "paid",
                           "amount": 1000, "paid": 1000, "currency": "usd", "livemode": false, "intent": null}}),
                    // Without these it is a mismatch, which is kept.
                    &["seen.intent", "seen.amount", "seen.paid", "seen.currency"],
                )
            },
            sample(
                "begin_refund",
                json!({"caller": admin, "idempotency": null, "request": {
                    "id": Uuid::now_v7(), "payment_id": self.paid, "amount": 100, "reason": null, "force": null}}),
                &["idempotency", "request.amount", "request.reason", "request.force"],
            ),
            sample(
                "begin_own_refund",
                json!({"caller": user, "target": self.paid, "id": Uuid::now_v7(), "idempotency": null}),
                &["idempotency"],
            ),
            sample("finish_refund", json!({"refund": Uuid::new_v4(), "seen": null}), &["refund", "seen"]),
            sample(
                "apply_stripe_event",
                json!({"event": {"id": "evt_1", "type": "test", "created": HOUR, "livemode": false, "object_id": null, "seen": null}}),
                &["event.object_id", "event.seen"],
            ),
            sample("list_open_payments", json!({"query": page(json!({}))}), &[]),
        ]
    }
}
