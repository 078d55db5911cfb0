//! What an account asks about its person and its usage.

use serde_json::json;
use tests::world::{Account, MODEL, World};
use uuid::Uuid;

use super::Sample;

/// The sample, if the operation is one of these.
pub async fn sample(world: &World, (method, name): (&str, &str), owner: &Account) -> Option<Sample> {
    let (developer, _) = MODEL.split_once('/').expect("two parts");
    Some(match (method, name) {
        ("GET", "user_profile") => {
            let sql = format!(
                "insert into gateway.identities (kind, value, account_id, verified_at)
                   values ('wallet', '0x{0}', '{0}', gateway.now()), ('privy', 'did:privy:{0}', '{0}', gateway.now())
                   on conflict do nothing",
                owner.id
            );
            world.sql(&sql).await;
            Sample::plain()
        }
        ("PATCH", "user_profile") => Sample::body(json!({"username": "Ada"})),
        ("DELETE", "user_account") => Sample::body(json!({"confirmation": "DELETE_ACCOUNT"})),
        (
            "GET",
            "user_monitor"
            | "user_environment_usage"
            | "user_activity_stats"
            | "user_activity_log"
            | "user_activity_export"
            | "user_api_keys_usage",
        ) => {
            requests(world, owner).await;
            Sample::plain()
        }
        ("GET", "user_activity_request" | "admin_request") => {
            let call = detailed(world, owner).await;
            let foreign = (name == "user_activity_request").then_some((404, "request_not_found"));
            Sample { foreign, ..Sample::plain() }.with("request", call.to_string())
        }
        ("GET", "v1_report") => {
            requests(world, owner).await;
            Sample::plain().with_query("?start_date=2026-11-01&end_date=2026-11-30&group_by=model")
        }
        ("GET", "models_developer") => Sample::plain().with("name", developer).with_query("?limit=5"),
        ("GET", "cron_rollups" | "cron_retention") => Sample::plain(),
        _ => return None,
    })
}

/// A call that one provider failed and another served.
async fn detailed(world: &World, owner: &Account) -> Uuid {
    let call = Uuid::now_v7();
    let sql = format!(
        r#"insert into gateway.requests
             (call_id, account_id, key_id, model, provider, outcome, held, cost, markup, prompt_tokens, completion_tokens, duration_ms,
              asked_ms, attempts, price, created_at, finished_at)
           values ('{call}', '{}', '{}', '{MODEL}', 'chutes', 'completed', 100, 50, 10000, 10, 20, 70, 5,
             '[{{"provider": "openrouter", "started_ms": 5, "duration_ms": 20, "status": 500, "error_code": "upstream_error"}},
               {{"provider": "chutes", "started_ms": 25, "duration_ms": 40, "first_byte_ms": 30, "status": 200}}]',
             '{{"prompt": 1000000, "completion": 2000000, "request": 0}}', gateway.now(), gateway.now())"#,
        owner.id, owner.key_id
    );
    world.sql(&sql).await;
    call
}

/// A request that was completed hours ago and one that failed just now.
async fn requests(world: &World, owner: &Account) {
    let sql = format!(
        "insert into gateway.requests
           (call_id, account_id, key_id, model, provider, outcome, error_code, held, cost, created_at, finished_at)
         select gen_random_uuid(), '{}', '{}', '{MODEL}', provider, outcome, error_code, 0, 0, at, at
         from (values ('openrouter', 'completed', null, gateway.now() - interval '3 hours'),
                      (null, 'failed', 'upstream_error', gateway.now())) as r (provider, outcome, error_code, at)",
        owner.id, owner.key_id
    );
    world.sql(&sql).await;
}
