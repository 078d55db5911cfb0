//! Recommendations.

use serde_json::json;

use super::super::Scene;
use super::{Sample, page, sample};

impl Scene {
    pub(super) fn of_referrals(&self) -> Vec<Sample> {
        let (admin, user) = (self.caller(&self.admin), self.caller(&self.user));
        vec![
            sample("make_referral_code", json!({"caller": user, "code": "K7MW2QXR"}), &[]),
            sample("validate_referral", json!({"caller": user, "code": self.recommended_by}), &[]),
            sample("apply_referral", json!({"caller": admin, "code": self.recommended_by}), &[]),
            sample("release_own_referrals", json!({"caller": user}), &[]),
            sample("list_referrals", json!({"caller": user, "query": page(json!({}))}), &[]),
            sample("list_all_referrals", json!({"caller": admin, "query": page(json!({}))}), &[]),
        ]
    }
}
