//! What administrators ask.

use serde_json::json;
use tests::world::{Account, World};
use uuid::Uuid;

use super::Sample;

/// The sample, if the operation is one of these. What it does it does to `owner`.
pub async fn sample(world: &World, (method, name): (&str, &str), owner: &Account) -> Option<Sample> {
    Some(match (method, name) {
        ("POST", "admin_create") => Sample::body(json!({"email": format!("{}@new.example", Uuid::new_v4())})),
        ("POST", "admin_add_credits") => Sample::body(json!({"account_id": owner.id, "amount": 1})),
        ("GET", "admin_ledger_check") => Sample::plain(),
        ("GET", "admin_trial_analytics") => Sample::plain().with_query("?from=2026-01-01T00:00:00Z"),
        ("GET", "admin_monitor") => Sample::plain().with_query("?hours=2"),
        ("GET", "admin_usage" | "admin_transaction_analytics") => {
            Sample::plain().with_query("?from=2026-01-01T00:00:00Z")
        }
        ("GET", "admin_balance" | "admin_metrics") => Sample::plain(),
        ("GET", "admin_payments") => Sample::plain().with_query("?reversal=dispute&limit=5"),
        ("GET", "admin_requests") => Sample::plain().with_query("?outcome=completed&limit=5"),
        ("GET", "admin_users") => Sample::plain().with_query("?status=active&limit=5"),
        ("GET", "admin_user") => Sample::plain().with("id", owner.id),
        ("PATCH", "admin_user") => Sample::body(json!({"username": "Renamed"})).with("id", owner.id),
        ("POST", "admin_limit") => Sample::body(json!({"account_id": owner.id, "limits": {"burst": 1000}})),
        ("POST", "admin_assign_plan") => Sample::body(json!({"account_id": owner.id, "plan": "team"})),
        ("GET", "admin_roles") => Sample::plain().with_query("?limit=2"),
        // What the narrowest key that may do this can hand out.
        ("POST", "admin_roles") => Sample::body(json!({"name": new_name(), "permissions": ["admin:roles"]})),
        ("PUT", "admin_role") => {
            Sample::body(json!({"permissions": ["admin:roles"]})).with("name", role(world, "").await)
        }
        ("DELETE", "admin_role") => Sample::plain().with("name", role(world, "admin:roles").await),
        ("POST", "admin_assign_role") => {
            let target = world.account(0).await.id;
            Sample::body(json!({"account_id": target, "role": role(world, "admin:roles").await}))
        }
        ("GET", "admin_role_users") => Sample::plain().with("name", "admin").with_query("?limit=2"),
        ("GET", "admin_audit_logs") => Sample::plain().with_query("?action=key.&limit=5"),
        _ => return None,
    })
}

/// A name that no role has.
fn new_name() -> String {
    format!("role-{}", &Uuid::new_v4().simple().to_string()[..8])
}

/// A role with these permissions, which nobody has.
async fn role(world: &World, permissions: &str) -> String {
    let name = new_name();
    world.sql(&format!("insert into gateway.roles (name, permissions) values ('{name}', '{{{permissions}}}')")).await;
    name
}
