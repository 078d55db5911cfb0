//! What an account asks about itself.

use serde_json::json;
use tests::world::{Account, World};

use super::Sample;

/// The sample, if the operation is one of these.
pub async fn sample(world: &World, (method, name): (&str, &str), owner: &Account) -> Option<Sample> {
    Some(match (method, name) {
        ("GET", "user_balance" | "user_plan" | "user_plan_usage" | "user_plan_entitlements" | "trial_status") => {
            Sample::plain()
        }
        ("POST", "trial_start") => {
            world
                .sql(&format!(
                    "insert into gateway.identities values ('email', '{}@test.example', '{}', gateway.now()) on conflict do nothing",
                    owner.id, owner.id
                ))
                .await;
            Sample::body(json!({}))
        }
        ("GET", "user_credit_transactions") => Sample::plain().with_query("?limit=5"),
        ("GET", "user_statement") => Sample::plain().with_query("?month=2026-11"),
        ("GET", "user_privacy") => Sample::plain(),
        ("PATCH", "user_privacy") => Sample::body(json!({"chat_retention_days": 30})),
        ("GET", "user_provider_keys") => Sample::plain(),
        ("POST", "user_provider_keys") => {
            Sample::body(json!({"provider": "chutes", "api_key": "cpk_0123456789abcdef", "name": "mine"}))
        }
        ("DELETE", "user_provider_keys") => {
            world.own_key(owner.id, "chutes", "cpk_0123456789abcdef").await;
            Sample::plain().with_query("?provider=chutes")
        }
        ("GET", "user_end_users") => {
            world
                .sql(&format!(
                    "insert into gateway.end_users (account_id, name, is_own, budget, period, period_start, created_at)
                       values ('{0}', 'ann', true, 5, 'month', gateway.now(), gateway.now()),
                              ('{0}', 'bob', false, null, null, gateway.now(), gateway.now()) on conflict do nothing;
                     insert into gateway.end_user_defaults values ('{0}', 7, null) on conflict do nothing",
                    owner.id
                ))
                .await;
            Sample::plain().with_query("?limit=5")
        }
        ("PUT", "user_end_users") => Sample::body(json!({"user": "ann", "budget": {"amount": 0.5, "period": "day"}})),
        ("DELETE", "user_end_users") => Sample::plain().with_query("?user=ann"),
        ("GET", "user_key_audit_logs") => Sample::plain().with_query("?action=key.&limit=5"),
        _ => return None,
    })
}
