//! What administrators do.

use serde_json::json;

use super::super::Scene;
use super::{Sample, page, sample, stored};

impl Scene {
    pub(super) fn of_admins(&self) -> Vec<Sample> {
        let admin = self.caller(&self.admin);
        let id = self.user.id;
        vec![
            Sample {
                wrong: vec![("request.amount", json!(0))],
                ..sample(
                    "add_credits",
                    json!({"caller": admin, "idempotency": null,
                           "request": {"account_id": id, "amount": -1_000_000, "reason": "test", "expires_at": null}}),
                    &["idempotency", "request.reason", "request.expires_at"],
                )
            },
            sample("check_ledger", json!({"caller": admin, "so_far": null}), &["so_far"]),
            sample("list_users", json!({"caller": admin, "query": page(json!({}))}), &[]),
            sample("list_role_users", json!({"caller": admin, "name": "user", "query": page(json!({}))}), &[]),
            sample("get_user", json!({"caller": admin, "account_id": id}), &[]),
            sample(
                "change_user",
                json!({"caller": admin, "account_id": id, "request": {"username": "third", "disabled": true}}),
                &["request.username", "request.disabled"],
            ),
            sample(
                "create_account",
                json!({"caller": admin, "key": stored("account"), "idempotency": null, "request": {
                    "email": "new@test.example", "username": null, "role": null, "credits": null, "plan": null}}),
                &["idempotency", "request.username", "request.role", "request.credits", "request.plan"],
            ),
            sample(
                "create_admin",
                json!({"request": {"email": "root@test.example"}, "key": stored("administrator")}),
                &[],
            ),
            sample("list_roles", json!({"caller": admin, "query": page(json!({}))}), &[]),
            sample(
                "create_role",
                json!({"caller": admin, "request": {"name": "new", "permissions": ["inference"]}}),
                &[],
            ),
            sample(
                "change_role",
                json!({"caller": admin, "name": "helper", "request": {"permissions": ["models:read"]}}),
                &[],
            ),
            sample("delete_role", json!({"caller": admin, "name": "unused"}), &[]),
            sample("assign_role", json!({"caller": admin, "request": {"account_id": id, "role": "helper"}}), &[]),
            sample(
                "set_account_limits",
                json!({"caller": admin, "request": {"account_id": id, "limits": {"burst": 5}}}),
                &[],
            ),
            sample(
                "assign_plan",
                json!({"caller": admin, "request": {"account_id": id, "plan": "dev", "ends_at": null}}),
                &["request.plan", "request.ends_at"],
            ),
            sample("list_audit_logs", json!({"caller": admin, "query": page(json!({}))}), &[]),
        ]
    }
}
