//! Each cause of an alert is found where it is there, told by its name, and not found where it is not.

use local::postgrest::Fault as NoDatabase;
use local::upstash::Fault as NoRedis;
use serde_json::json;
use shared::alerts::causes::CAUSES;
use tests::world::{Account, World};

use super::{cron, posted, watched};

/// Makes this go wrong; SQL that mends it.
async fn goes_wrong(world: &World, account: &Account, cause: &str) -> String {
    let events = |outcome: &str, count: u32, age: &str| {
        format!(
            "insert into gateway.stripe_events (id, type, outcome, livemode, created_at, received_at)
               select 'evt_' || n, 'test', '{outcome}', false, gateway.now() - interval '1 day', gateway.now() - interval '{age}'
               from generate_series(1, {count}) n"
        )
    };
    let upstash = &world.platform.upstash;
    let (wrong, mended) = match cause {
        "ledger_problem" => (
            format!(
                "update gateway.accounts set balance = balance + 1 where id = '{}';
                 update gateway.alert_rounds set ledger_day = ledger_day - 1",
                account.id
            ),
            format!("update gateway.accounts set balance = balance - 1 where id = '{}'", account.id),
        ),
        "ledger_check_failed" => {
            world.platform.postgrest.control().fail(Some("check_ledger_by_itself"), None, NoDatabase::Refuse);
            (String::new(), String::new())
        }
        "redis_unavailable" => {
            upstash.control().fault_always(NoRedis::Refuse);
            (String::new(), String::new())
        }
        "outbox_waits" => {
            upstash.execute(&["RPUSH", "outbox", "{}"]).await.expect("RPUSH");
            (String::new(), String::new())
        }
        "provider_account" => {
            upstash.execute(&["HSET", "breaker", "chutes", "1 99999999999999"]).await.expect("HSET");
            (String::new(), String::new())
        }
        "payment_mismatch" => (events("mismatch", 1, "0"), "delete from gateway.stripe_events".to_owned()),
        "payment_unmatched" => (events("unmatched", 1, "61 minutes"), "delete from gateway.stripe_events".to_owned()),
        "payments_untold" => (events("applied", 3, "0"), "delete from gateway.stripe_events".to_owned()),
        "dispute" => (
            "insert into gateway.reversals (id, kind, amount, status, rank, counts, observed_at, created_at)
               values ('du_1', 'dispute', 1000, 'needs_response', 0, true, gateway.now(), gateway.now())"
                .to_owned(),
            "delete from gateway.reversals".to_owned(),
        ),
        "error_rate" => (
            "insert into gateway.requests (call_id, account_id, key_id, model, outcome, error_code, held, cost, created_at, finished_at)
               select gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'm', 'failed', 'upstream_error', 0, 0,
                      gateway.now() - interval '1 minute', gateway.now() - interval '1 minute' from generate_series(1, 50)"
                .to_owned(),
            "delete from gateway.requests".to_owned(),
        ),
        "budget" => (
            "insert into gateway.promotions (id, budget, spent, created_at) values ('spring', 100, 80, gateway.now())".to_owned(),
            "delete from gateway.promotions".to_owned(),
        ),
        "mail_waits" => (
            format!(
                "insert into gateway.notifications (account_id, kind, dedupe_key, payload, due_at, created_at)
                   values ('{}', 'test', 'late', '{{}}', gateway.now() - interval '61 minutes', gateway.now())",
                account.id
            ),
            "delete from gateway.notifications".to_owned(),
        ),
        "mail_returned" => (
            "insert into gateway.mail_suppressions (address_hash, reason, created_at)
               select n::text, 'bounced', gateway.now() from generate_series(1, 5) n"
                .to_owned(),
            "delete from gateway.mail_suppressions".to_owned(),
        ),
        other => panic!("nothing here makes `{other}` go wrong"),
    };
    world.sql(&wrong).await;
    mended
}

#[tokio::test]
async fn each_cause_is_told_where_it_is_there_and_no_other_is() {
    let (world, receiver) = watched().await;
    let account = world.account(1_000_000_000).await;
    assert_eq!(cron(&world, "alerts").await["found"], 0);
    for cause in CAUSES {
        let mended = goes_wrong(&world, &account, cause.name).await;
        cron(&world, "alerts").await;
        world.platform.postgrest.control().clear();
        world.platform.upstash.control().faults_clear();
        let told: Vec<String> = posted(&receiver).into_iter().map(|(cause, _)| cause).collect();
        assert_eq!(told, [cause.name]);
        world.sql(&format!("{mended}; delete from gateway.alerts")).await;
        for key in ["outbox", "breaker"] {
            world.platform.upstash.execute(&["DEL", key]).await.expect("DEL");
        }
        assert_eq!(cron(&world, "alerts").await["found"], json!(0), "{} is mended", cause.name);
    }
}
