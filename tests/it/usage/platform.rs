//! What the platform's usage is read from: hours, days and a beginning that are summed up, in all and by each model, provider and kind of
//! error. Each figure is that of the requests, at whatever level it is read and whoever sums up beside it.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Account, World, nanos};

use super::cron;

/// Requests that differ in all that they are summed up by, so many from a moment on, each a while after the one before.
async fn record_different(world: &World, account: &Account, (first, apart): (&str, &str), number: i64) {
    world
        .sql(&format!(
            "select gateway.make_month('{first}');
             insert into gateway.requests
               (call_id, account_id, key_id, model, provider, outcome, error_code, stream, prompt_tokens, cached_tokens, written_tokens,
                completion_tokens, reasoning_tokens, estimated, own_key, held, cost, markup, first_byte_ms, duration_ms, created_at,
                finished_at)
             select gen_random_uuid(), '{0}', '{1}', 'model-' || h % 5, (array['openrouter', 'chutes', null])[1 + h / 5 % 3],
                    (array['completed', 'failed', 'cut', 'client_left'])[1 + h / 15 % 4]::gateway.request_outcome,
                    (array[null, 'upstream_error', 'upstream_timeout', null])[1 + h / 15 % 4], h / 60 % 2 = 0, h % 101, h % 7, h % 3, h % 53,
                    h % 5, h % 11 = 0, h % 13 = 0, 0, case when h / 15 % 4 = 1 then 0 else h % 10007 end, 11750,
                    case when h % 17 > 0 then h % 3001 end, h % 400000, at, at
             from generate_series(1, {number}) as n
             cross join lateral (select abs(hashint8extended(n, 7)) as h, timestamptz '{first}' + n * interval '{apart}' as at) as of",
            account.id, account.key_id
        ))
        .await;
}

/// What requests come to, as both sides of a comparison have it.
fn told(usage: &Value) -> Value {
    let members = [
        "requests",
        "failed",
        "own_key",
        "estimated",
        "prompt_tokens",
        "cached_tokens",
        "written_tokens",
        "completion_tokens",
        "reasoning_tokens",
        "duration_ms",
        "first_byte_ms",
    ];
    let mut told: BTreeMap<&str, Value> = members.iter().map(|name| (*name, usage[name].clone())).collect();
    for money in ["cost", "provider_cost"] {
        told.insert(money, nanos(&usage[money]).into());
    }
    json!(told)
}

/// The same of the requests themselves, by an expression: what of them is in a window.
async fn raw(world: &World, expression: &str, (from, to): (&str, &str)) -> BTreeMap<String, Value> {
    let sql = format!(
        "select coalesce(jsonb_object_agg(value, told), '{{}}') from (
           select {expression} as value, jsonb_build_object(
             'requests', count(*), 'failed', count(*) filter (where outcome in ('failed', 'cut', 'deadline')),
             'own_key', count(*) filter (where own_key), 'estimated', count(*) filter (where estimated),
             'prompt_tokens', sum(prompt_tokens), 'cached_tokens', sum(cached_tokens), 'written_tokens', sum(written_tokens),
             'completion_tokens', sum(completion_tokens), 'reasoning_tokens', sum(reasoning_tokens), 'cost', sum(cost),
             'provider_cost', coalesce(sum(round(cost * 10000.0 / markup)) filter (where not own_key), 0)::bigint,
             'duration_ms', gateway.latency(sum(gateway.histogram(duration_ms))),
             'first_byte_ms', gateway.latency(sum(gateway.histogram(first_byte_ms)))) as told
           from gateway.requests where finished_at >= '{from}' and finished_at < '{to}' group by 1) as parts where value is not null"
    );
    serde_json::from_value(world.value(&sql).await).expect("parts")
}

fn listed(list: &Value, name: &str) -> BTreeMap<String, Value> {
    let parts = list.as_array().expect("a list").iter();
    parts.map(|part| (part[name].as_str().expect("a name").to_owned(), told(&part["usage"]))).collect()
}

async fn assert_exact(world: &World, admin: &Account, (from, to): (&str, &str), when: &str) {
    let usage = Answer::to(world.get(&format!("/admin/usage?from={from}&to={to}"), &admin.key)).await.success();
    let when = format!("{when}, {from} to {to}");
    for (list, name, expression) in [
        ("by_model", "model", "model"),
        ("by_provider", "provider", "provider"),
        ("by_day", "day", "(finished_at at time zone 'utc')::date::text"),
    ] {
        assert_eq!(listed(&usage[list], name), raw(world, expression, (from, to)).await, "{name}, {when}");
    }
    let all = raw(world, "'all'", (from, to)).await;
    assert_eq!(all.get("all").map_or(json!(0), |all| all["requests"].clone()), usage["totals"]["requests"], "{when}");
    if let Some(all) = all.get("all") {
        assert_eq!(&told(&usage["totals"]), all, "{when}");
    }
    let analytics =
        Answer::to(world.get(&format!("/admin/transaction-analytics?from={from}&to={to}"), &admin.key)).await;
    let analytics = analytics.success();
    let of_calls = analytics["by_type"].as_array().expect("a list").iter().find(|it| it["type"] == "usage");
    let charged = format!(
        "select jsonb_build_array(count(*), coalesce(-sum(cost), 0)) from gateway.requests
         where cost > 0 and finished_at >= '{from}' and finished_at < '{to}'"
    );
    let shown = of_calls.map_or(json!([0, 0]), |it| json!([it["transactions"], nanos(&it["amount"])]));
    assert_eq!(shown, world.value(&charged).await, "{when}");
}

/// The monitor of so many hours up to the end of this one: its window, the one before it, and what requests failed with.
async fn assert_monitored(world: &World, admin: &Account, hours: i64, when: &str) {
    let monitor = Answer::to(world.get(&format!("/admin/monitor?hours={hours}"), &admin.key)).await.success();
    let (from, to) = (monitor["from"].as_str().expect("a time"), monitor["to"].as_str().expect("a time"));
    let before = world.value(&format!("select '{from}'::timestamptz - interval '{hours} hours'")).await;
    let window = raw(world, "'all'", (from, to)).await;
    assert_eq!(told(&monitor["window"]), window["all"], "{hours} hours, {when}");
    let before = raw(world, "'all'", (before.as_str().expect("a time"), from)).await;
    match before.get("all") {
        Some(before) => assert_eq!(&told(&monitor["before"]), before, "before {hours} hours, {when}"),
        None => assert_eq!(monitor["before"]["requests"], 0, "before {hours} hours, {when}"),
    }
    let errors = raw(world, "error_code", (from, to)).await;
    let shown = monitor["errors"].as_array().expect("a list").iter();
    let shown: BTreeMap<String, Value> =
        shown.map(|it| (it["code"].as_str().expect("a code").to_owned(), it["requests"].clone())).collect();
    assert_eq!(shown, errors.into_iter().map(|(code, told)| (code, told["requests"].clone())).collect(), "{when}");
}

async fn count(world: &World, sql: &str) -> i64 {
    world.value(sql).await.as_i64().expect("a number")
}

#[tokio::test]
async fn every_level_and_every_part_of_it_has_the_figures_of_the_requests() {
    let world = World::start().await;
    world.set_clock("2027-03-20 14:40Z").await;
    let (account, admin) = (world.account(0).await, world.administrator().await);
    record_different(&world, &account, ("2027-03-17 05:00Z", "7 minutes"), 690).await;
    record_different(&world, &account, ("2027-03-20 14:00Z", "2 seconds"), 1190).await;
    let windows = [
        ("2027-03-17T00:00:00Z", "2027-03-21T00:00:00Z"),
        ("2027-03-17T20:00:00Z", "2027-03-19T07:00:00Z"),
        ("2027-03-18T00:00:00Z", "2027-03-19T00:00:00Z"),
        ("2027-03-19T03:00:00Z", "2027-03-20T15:00:00Z"),
        ("2027-03-20T14:00:00Z", "2027-03-20T15:00:00Z"),
        ("2027-03-16T00:00:00Z", "2027-03-17T01:00:00Z"),
    ];
    let exact = async |when: &str| {
        for window in windows {
            assert_exact(&world, &admin, window, when).await;
        }
        for hours in [2, 25, 40, 100] {
            assert_monitored(&world, &admin, hours, when).await;
        }
    };
    // Whoever looks first sums up what is over and much: three days, their last hours, and the beginning of this one.
    exact("at first").await;
    assert_eq!(count(&world, "select sum(requests) from gateway.platform_heads").await, 1139);
    assert_eq!(count(&world, "select count(distinct hour) from gateway.platform_days").await, 3);
    // Days and hours by themselves, and what is counted one by one by itself.
    world.sql("delete from gateway.platform_heads; update gateway.platform_roll_up set head_to = null").await;
    exact("again").await;
    world.set_clock("2027-03-20 15:20Z").await;
    exact("when the hour is over").await;
    assert_eq!(count(&world, "select count(*) from gateway.platform_heads").await, 0);
    world.set_clock("2027-03-21 00:20Z").await;
    cron(&world).await;
    assert_eq!(count(&world, "select count(distinct hour) from gateway.platform_days").await, 4);
    // So far in the past that hours and days alone are read.
    assert_exact(&world, &admin, windows[0], "when the day is over").await;
    assert_monitored(&world, &admin, 34, "when the day is over").await;
    for level in ["gateway.platform_hours", "gateway.platform_days"] {
        for part in ["total", "model"] {
            let sql = format!("select sum(requests) from {level} where part = '{part}'");
            assert_eq!(count(&world, &sql).await, 690 + 1190, "{part} of {level}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_platform_is_summed_up_once_whoever_does_it_and_wherever_they_stop() {
    let Some(world) = World::concurrent("the platform's roll-up beside another").await else { return };
    world.set_clock("2027-03-19 14:40Z").await;
    let (account, admin) = (world.account(0).await, world.administrator().await);
    record_different(&world, &account, ("2027-03-17 05:00Z", "5 minutes"), 600).await;
    record_different(&world, &account, ("2027-03-19 14:00Z", "2 seconds"), 1190).await;
    let window = ("2027-03-17T00:00:00Z", "2027-03-20T00:00:00Z");
    let hours = "select coalesce(sum(requests), 0) from gateway.platform_hours where part = 'total'";
    let days = "select coalesce(sum(requests), 0) from gateway.platform_days where part = 'total'";
    let totals = "select coalesce(sum(requests), 0) from gateway.platform_totals";
    let (client, connection) =
        tokio_postgres::connect(world.platform.database.url(), tokio_postgres::NoTls).await.expect("a connection");
    tokio::spawn(connection);
    for ends in ["rollback", "commit"] {
        // Another session has summed up everything, and nobody knows yet whether it gets to the end.
        let sum_up = "begin; do $$ begin while gateway.roll_up_platform(gateway.now(), 50) loop end loop; end $$";
        client.batch_execute(sum_up).await.expect("sums");
        for _ in 0..2 {
            assert_exact(&world, &admin, window, "beside one that sums up").await;
            cron(&world).await;
            assert_eq!(count(&world, hours).await + count(&world, days).await + count(&world, totals).await, 0);
        }
        client.batch_execute(ends).await.expect("its end");
    }
    for _ in 0..2 {
        assert_exact(&world, &admin, window, "behind it").await;
        cron(&world).await;
        let first_days = "select count(*) from gateway.requests where finished_at < '2027-03-19Z'";
        let summed = (count(&world, hours).await, count(&world, totals).await, count(&world, days).await);
        assert_eq!(summed, (600, 600, count(&world, first_days).await));
    }
    // And many at once.
    world.set_clock("2027-03-20 00:10Z").await;
    let looks = (0..12).map(|_| assert_exact(&world, &admin, window, "at once"));
    futures_util::future::join_all(looks).await;
    let summed = (count(&world, hours).await, count(&world, totals).await, count(&world, days).await);
    assert_eq!(summed, (1790, 1790, 1790));
}

#[tokio::test]
async fn percentiles_lie_where_the_latencies_do() {
    let world = World::start().await;
    let of = async |latencies: &str| {
        let sql = "select gateway.latency(sum(gateway.histogram(ms))) from unnest(array";
        world.value(&format!("{sql}[{latencies}]::integer[]) as ms")).await
    };
    assert_eq!(of("null").await, json!({"p50": null, "p95": null, "p99": null}));
    assert_eq!(of("10, 10, 10").await["p99"], 10);
    assert_eq!(of("999999").await["p50"], 327_680);
    for exact in [12, 100, 777, 5000, 60_000] {
        let shown = of(&format!("{exact}, {exact}, {exact}")).await["p95"].as_f64().expect("a number");
        assert!((shown / f64::from(exact) - 1.0).abs() < 0.42, "{exact} is shown as {shown}");
    }
    // However many are added, each place has its own.
    let counted = world
        .value(
            "select bool_and(told[place] = 7000000 * (
               select count(*) from generate_series(1, 400000, 997) as ms where ms > lower and (ms <= upper) is not false))
             from (select gateway.buckets(7000000 * sum(gateway.histogram(ms))) as told from generate_series(1, 400000, 997) as ms) as sums,
                  (select row_number() over () as place, upper, coalesce(lag(upper) over (), 0) as lower
                   from unnest(gateway.latency_bounds() || null::integer) as upper) as bounds",
        )
        .await;
    assert_eq!(counted, true);
}
