//! What it costs to look does not grow with what was used.

use serde_json::{Value, json};
use tests::world::{Account, World};

use super::{get, raw, record_many, sums};

/// Old requests, and those of the current hour.
const OLD: i64 = 50_000;
const NEW: i64 = 30;
/// After five times Postgres may choose a plan that suits any arguments, so once is not enough.
const TIMES: usize = 8;

/// Functions of the endpoints that show totals.
const TOTALS: [&str; 4] = [
    "public.get_monitor(CALLER)",
    "public.get_environment_usage(CALLER, '{}')",
    "public.get_activity_stats(CALLER, '{\"from\": \"2020-01-01T00:00:00Z\"}')",
    "public.list_key_usage(CALLER, '{\"limit\": 50}')",
];

/// The rows of gateway.requests that Postgres reads for a call, by its own count.
async fn rows_read(world: &World, account: &Account, call: &str) -> i64 {
    let caller = format!("'{}'", json!({ "key_hashes": [world.hash(&account.key)] }));
    let call = call.replace("CALLER", &caller);
    let read = "(select coalesce(sum(seq_tup_read + idx_tup_fetch), 0) from pg_stat_xact_user_tables
                 where relid in (select inhrelid from pg_inherits where inhparent = 'gateway.requests'::regclass))";
    world.sql("create table if not exists gateway.rows_read (number bigint)").await;
    world
        .sql(&format!(
            "do $$ declare earlier bigint := {read}; begin
               perform {call};
               delete from gateway.rows_read;
               insert into gateway.rows_read select {read} - earlier;
             end $$"
        ))
        .await;
    world.value("select number from gateway.rows_read").await.as_i64().expect("a number")
}

/// An account with many old requests, and a few of this hour.
async fn busy(world: &World) -> Account {
    world.set_clock("2027-03-17 12:30Z").await;
    let account = world.account(0).await;
    record_many(world, &account, "test/old", ("2027-01-01 00:00Z", "2 minutes"), OLD, 3).await;
    record_many(world, &account, "test/new", ("2027-03-17 12:00Z", "10 seconds"), NEW, 3).await;
    world.sql("analyze gateway.requests").await;
    account
}

#[tokio::test]
async fn a_total_reads_none_of_the_requests_that_are_summed_up() {
    let world = World::start().await;
    let account = busy(&world).await;
    let first = rows_read(&world, &account, TOTALS[0]).await;
    if first == 0 {
        tests::skipped("the rows read for a total: this database does not count them");
        return;
    }
    assert!(first >= OLD, "the first look reads them all once, not {first}");
    // What it left to the next ones.
    world.sql(&format!("select gateway.roll_up('{}', gateway.now(), {OLD})", account.id)).await;
    for call in TOTALS {
        for time in 1..=TIMES {
            let read = rows_read(&world, &account, call).await;
            // The monitor counts the current hour for the day, for the month and for ever.
            assert!((1..=4 * NEW).contains(&read), "{call}, time {time}: {read} rows");
        }
    }
}

#[tokio::test]
async fn a_total_does_not_come_from_requests_that_are_summed_up() {
    let world = World::start().await;
    let account = busy(&world).await;
    let all = raw(&world, &account, "true").await;
    assert_eq!(all[0], OLD + NEW);
    let totals = async || {
        [
            sums(&get(&world, &account, "/user/monitor").await["all_time"]),
            sums(&get(&world, &account, "/user/activity/stats?from=2026-06-01T00:00:00Z").await["totals"]),
            sums(&get(&world, &account, "/user/api-keys/usage?from=2026-06-01T00:00:00Z").await["data"][0]["usage"]),
        ]
    };
    assert_eq!(totals().await, [all; 3]);
    world.sql("delete from gateway.requests where model = 'test/old'").await;
    assert_eq!(totals().await, [all; 3]);
}

#[tokio::test]
async fn a_page_of_the_log_looks_through_so_many_requests_and_no_more() {
    let world = World::start().await;
    let account = busy(&world).await;
    let log = |query: Value| format!("public.list_activity(CALLER, '{query}')");
    if rows_read(&world, &account, &log(json!({"limit": 50}))).await == 0 {
        tests::skipped("the rows read for the log: this database does not count them");
        return;
    }
    let late = json!({"at": "2027-01-20T00:00:00Z", "id": "0193a5b0-7c3e-7000-8000-000000000001"});
    for (query, most) in [
        (json!({"limit": 50}), 60),
        (json!({"limit": 50, "cursor": late}), 60),
        (json!({"limit": 50, "from": "2027-01-01T00:00:00Z", "to": "2027-01-10T00:00:00Z"}), 60),
        (json!({"limit": 50, "model": "test/never"}), 5_010),
        (json!({"limit": 50, "outcome": "failed", "cursor": late}), 5_010),
    ] {
        for time in 1..=TIMES {
            let read = rows_read(&world, &account, &log(query.clone())).await;
            assert!((1..=most).contains(&read), "{query}, time {time}: {read} rows");
        }
    }
}
