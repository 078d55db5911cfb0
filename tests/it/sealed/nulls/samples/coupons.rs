//! Coupons and promotions.

use serde_json::json;

use super::super::Scene;
use super::{Sample, page, sample};

impl Scene {
    pub(super) fn of_coupons(&self) -> Vec<Sample> {
        let (admin, user) = (self.caller(&self.admin), self.caller(&self.user));
        vec![
            sample(
                "redeem_coupon",
                json!({"caller": user, "code": self.coupon.1, "idempotency": null}),
                &["idempotency"],
            ),
            sample("list_available_coupons", json!({"caller": user}), &[]),
            sample("list_coupon_history", json!({"caller": user, "query": page(json!({}))}), &[]),
            sample(
                "create_coupons",
                json!({"caller": admin, "idempotency": null, "codes": ["NEW-ONE"], "request": {
                    "kind": "credit", "amount": 100, "max_bonus": null, "max_redemptions": null, "promotion": null}}),
                &["idempotency", "request.max_bonus", "request.max_redemptions", "request.promotion"],
            ),
            sample("list_coupons", json!({"caller": admin, "query": page(json!({}))}), &[]),
            sample("get_coupon", json!({"caller": admin, "coupon_id": self.coupon.0}), &[]),
            sample(
                "change_coupon",
                json!({"caller": admin, "coupon_id": self.coupon.0, "request": {"valid_until": null}}),
                &["request.valid_until"],
            ),
            sample("delete_coupon", json!({"caller": admin, "coupon_id": self.coupon.0}), &[]),
            sample("get_coupon_analytics", json!({"caller": admin, "coupon_id": self.coupon.0}), &[]),
            sample("get_coupon_stats", json!({"caller": admin}), &[]),
            sample("list_promotions", json!({"caller": admin, "query": page(json!({}))}), &[]),
            sample(
                "set_promotion",
                json!({"caller": admin, "promotion": "spring", "request": {"budget": null, "per_day": null, "active": null}}),
                &["request.budget", "request.per_day", "request.active"],
            ),
        ]
    }
}
