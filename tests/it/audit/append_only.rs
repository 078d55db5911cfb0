//! What is on the trail stays there as it is.

use serde_json::{Value, json};
use tests::world::World;

/// Every way to change or lose an entry, or the trigger that forbids it.
const CHANGES: [&str; 9] = [
    "update gateway.audit_logs set details = '{}'",
    "delete from gateway.audit_logs",
    "delete from only gateway.MONTH",
    "update gateway.MONTH set details = '{}'",
    "truncate gateway.MONTH",
    "truncate gateway.audit_logs",
    "truncate gateway.audit_logs cascade",
    "insert into gateway.audit_logs (id, action) select max(id), 'x' from gateway.audit_logs
       on conflict (id) do update set action = 'x'",
    "merge into gateway.audit_logs l using (select max(id) from gateway.audit_logs) as v (id) on l.id = v.id
       when matched then delete",
];

/// What would open the table.
const OPENINGS: [&str; 10] = [
    "select from gateway.audit_logs",
    "insert into gateway.audit_logs (action) values ('forged')",
    "select gateway.audit('{}', null, null, 'forged', null, null, '{}')",
    "alter table gateway.audit_logs disable trigger all",
    "alter table gateway.audit_logs disable trigger append_only",
    "drop trigger append_only on gateway.audit_logs",
    "drop table gateway.audit_logs cascade",
    "drop schema gateway cascade",
    "create or replace function gateway.forbid_change() returns trigger language plpgsql as 'begin return old; end'",
    "set session_replication_role = replica",
];

async fn world_with_an_entry() -> (World, Value) {
    let world = World::start().await;
    world.sql("select gateway.audit('{}', null, null, 'test', null, null, '{\"a\": 1}')").await;
    let rows = world.value("select jsonb_agg(l order by id) from gateway.audit_logs l").await;
    assert_eq!(rows.as_array().map(Vec::len), Some(1));
    (world, rows)
}

async fn refusal(world: &World, sql: &str) -> String {
    let month = world.value("select to_jsonb('audit_logs_' || gateway.month_name(gateway.now()))").await;
    let sql = sql.replace("MONTH", month.as_str().expect("a name"));
    let refused = world.platform.database.execute(&sql).await.expect_err(&sql);
    format!("{refused:?}")
}

#[tokio::test]
async fn no_role_of_the_api_can_read_or_change_it_or_take_its_guard_away() {
    let (world, before) = world_with_an_entry().await;
    for role in ["anon", "authenticated", "service_role"] {
        for attempt in CHANGES.iter().chain(&OPENINGS) {
            let told = refusal(&world, &format!("set local role {role}; {attempt}")).await;
            assert!(told.contains("42501"), "{role}: {attempt}: {told}");
        }
    }
    assert_eq!(world.value("select jsonb_agg(l order by id) from gateway.audit_logs l").await, before);
}

#[tokio::test]
async fn not_even_the_owner_changes_it_without_dropping_the_trigger() {
    let (world, before) = world_with_an_entry().await;
    // A session that replays changes leaves ordinary triggers out.
    for mode in ["", "set session_replication_role = replica; "] {
        for attempt in CHANGES {
            let told = refusal(&world, &format!("{mode}{attempt}")).await;
            assert!(told.contains("append-only"), "{mode}{attempt}: {told}");
        }
    }
    assert_eq!(world.value("select jsonb_agg(l order by id) from gateway.audit_logs l").await, before);
    // Which is what these attempts run into.
    world.sql("drop trigger append_only on gateway.audit_logs; delete from gateway.audit_logs").await;
    assert_eq!(world.value("select count(*) from gateway.audit_logs").await, json!(0));
}
