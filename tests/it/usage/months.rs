//! The tables that grow with every call have a partition a month: made in time, once, and dropped when all is summed up.

use serde_json::{Value, json};
use tests::world::{Account, Route, World};

use super::record_many;

const PARENTS: [&str; 3] = ["requests", "credit_transactions", "audit_logs"];

const MODEL: &str = "test/priced";

/// An account with a dollar, and a model that costs.
async fn scene(world: &World) -> Account {
    let route = Route {
        provider: "openrouter",
        upstream: "standin/echo",
        prompt: 1_000_000,
        cached: 1_000_000,
        completion: 2_000_000,
    };
    world.model(MODEL, &[route]).await;
    world.account(1_000_000_000).await
}

/// The months that a table has.
async fn months(world: &World, table: &str) -> Value {
    let sql = format!(
        "select coalesce(jsonb_agg(right(relname, 7) order by relname), '[]')
         from pg_inherits join pg_class on oid = inhrelid where inhparent = 'gateway.{table}'::regclass"
    );
    world.value(&sql).await
}

/// The clock, without what a real month's last week would have prepared.
async fn jump(world: &World, at: &str) {
    world
        .sql(&format!(
            "create or replace function gateway.now() returns timestamptz language sql volatile set search_path = ''
             as $$ select timestamptz '{at}' $$"
        ))
        .await;
}

fn call(world: &World, account: &Account, id: &str) -> String {
    let caller = json!({ "key_hashes": [world.hash(&account.key)] });
    let call = json!({"call_id": id, "model": MODEL, "providers": ["openrouter"], "allowed": [], "modalities": [],
                      "prompt_bound": 10, "images": 0, "tools": false, "choices": 1, "output_limit": 300, "hold_seconds": 600,
                      "markup": 10_000});
    format!("public.begin_request('{}')", json!({ "caller": caller, "call": call }))
}

fn settle(id: &str) -> String {
    let settlement = json!({"call_id": id, "outcome": "completed", "provider": "openrouter",
                            "usage": {"prompt": 5, "completion": 7}});
    format!("public.finish_request('{settlement}')")
}

#[tokio::test]
async fn the_first_call_of_a_month_makes_it_and_in_the_last_week_the_next_one() {
    let world = World::start().await;
    let account = scene(&world).await;
    let before = months(&world, "requests").await.as_array().map_or(0, Vec::len);
    jump(&world, "2031-05-02 10:00Z").await;
    // Neither of these ids says when its call began.
    let id = "3f2b8c1e-5d1a-4b7e-9c3d-8e2f1a0b4c5d";
    let begun = world.value(&format!("select {}", call(&world, &account, id))).await;
    assert_eq!(begun["refused"], Value::Null, "{begun}");
    let settled = world.value(&format!("select {}", settle(id))).await;
    assert!(settled["cost"].as_i64() > Some(0), "{settled}");
    for table in PARENTS {
        let made = months(&world, table).await;
        assert_eq!(made.as_array().map(|made| made[before..].to_vec()), Some(vec![json!("2031_05")]), "{table}");
    }
    jump(&world, "2031-05-26 10:00Z").await;
    world.value(&format!("select {}", settle("00000000-0000-4000-8000-000000000001"))).await;
    for table in PARENTS {
        let made = months(&world, table).await;
        assert_eq!(made.as_array().map(|made| made[before..].to_vec()), Some(vec![json!("2031_05"), json!("2031_06")]));
    }
    // What a month's table does not inherit is there all the same.
    let open = "select count(*) from pg_class where relnamespace = 'gateway'::regnamespace and relkind in ('r', 'p')
                and not relrowsecurity";
    assert_eq!(world.value(open).await, json!(0));
    let again = world.value(&format!("select {}", settle(id))).await;
    assert_eq!((&again["cost"], &again["repeated"]), (&settled["cost"], &json!(true)));
    let check = world.value("select gateway.ledger_check()").await;
    assert_eq!(check["ok"], json!(true), "{check}");
}

#[tokio::test]
async fn a_call_is_found_by_its_id_however_late_its_settle_is_repeated() {
    let world = World::start().await;
    let account = scene(&world).await;
    world.set_clock("2026-12-31 23:59Z").await;
    // A UUIDv7 of that minute, one of a clock that is five days ahead, and ids that say nothing or nonsense.
    let ids = [
        "01a2ce8a-e9a0-7000-8000-000000000001",
        "01a2e84a-b5a0-7000-8000-000000000002",
        "3f2b8c1e-5d1a-4b7e-9c3d-8e2f1a0b4c5d",
        "ffffffff-ffff-7fff-bfff-ffffffffffff",
        "00000000-0000-0000-0000-000000000000",
    ];
    for id in ids {
        let begun = world.value(&format!("select {}", call(&world, &account, id))).await;
        assert_eq!(begun["refused"], Value::Null, "{id}: {begun}");
    }
    world.set_clock("2027-01-01 00:01Z").await;
    for id in ids {
        let settled = world.value(&format!("select {}", settle(id))).await;
        assert!(settled["cost"].as_i64() > Some(0) && settled["repeated"] != json!(true), "{id}: {settled}");
    }
    let balance = world.money(account.id).await;
    world.set_clock("2027-06-01 00:00Z").await;
    for id in ids {
        let again = world.value(&format!("select {}", settle(id))).await;
        assert_eq!(again["repeated"], json!(true), "{id}: {again}");
        let begun = world.value(&format!("select {}", call(&world, &account, id))).await;
        assert_eq!(begun["refused"]["code"], json!("call_finished"), "{id}: {begun}");
    }
    assert_eq!(world.money(account.id).await, balance);
}

#[tokio::test]
async fn two_first_calls_at_once_make_a_month_once() {
    let Some(world) = World::concurrent("two first calls of a month").await else {
        return;
    };
    jump(&world, "2031-05-02 10:00Z").await;
    let ids: Vec<String> = (1..=8).map(|i| format!("00000000-0000-4000-8000-{i:012}")).collect();
    let calls = ids.iter().map(|id| async { world.value(&format!("select {}", settle(id))).await });
    for answer in futures_util::future::join_all(calls).await {
        assert_eq!(answer["tombstone"], json!(true), "{answer}");
    }
    for table in PARENTS {
        let made = months(&world, table).await;
        assert_eq!(made.as_array().and_then(|made| made.last()), Some(&json!("2031_05")), "{table}");
    }
}

#[tokio::test]
async fn a_month_goes_only_when_it_is_old_and_summed_up_and_leaves_its_sums() {
    let world = World::start().await;
    world.set_clock("2025-03-10 12:00Z").await;
    let account = scene(&world).await;
    let id = "3f2b8c1e-5d1a-4b7e-9c3d-8e2f1a0b4c5d";
    world.value(&format!("select {}", call(&world, &account, id))).await;
    world.value(&format!("select {}", settle(id))).await;
    record_many(&world, &account, "test/old", ("2025-02-27 00:00Z", "1 hour"), 100, 0).await;
    let run = |days: &str| format!("select public.roll_up_usage(kept_days => {days})");
    let used = format!("select gateway.used_ever('{}')", account.id);
    let before = world.value(&used).await;
    let earlier = months(&world, "requests").await;
    assert_eq!((&earlier[0], &earlier[1]), (&json!("2025_02"), &json!("2025_03")));

    world.set_clock("2026-04-05 12:00Z").await;
    // Old, but not summed up.
    let drop = "select gateway.drop_old_month(400, gateway.now())";
    assert_eq!(world.value(&format!("select to_jsonb(({drop}))")).await, Value::Null);
    // Without a setting nothing goes.
    assert_eq!(world.value(&run("null")).await["dropped"], Value::Null);
    assert_eq!(world.value(&run("400")).await["dropped"], json!("2025_02"));
    // March ended 370 days ago.
    assert_eq!(world.value(&run("400")).await["dropped"], Value::Null);
    assert_eq!(world.value(&run("360")).await["dropped"], json!("2025_03"));

    assert_eq!(world.value("select count(*) from gateway.requests").await, json!(0));
    assert_eq!(world.value(&used).await, before);
    let charged = format!("select count(*) from gateway.credit_transactions where call_id = '{id}'");
    assert_eq!(world.value(&charged).await, json!(1));
    let check = world.value("select gateway.ledger_check()").await;
    assert_eq!(check["ok"], json!(true), "{check}");
    // Whoever repeats its settle is charged nothing.
    let again = world.value(&format!("select {}", settle(id))).await;
    assert_eq!(again["cost"], json!(0), "{again}");
}
