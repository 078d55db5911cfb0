//! What operators and accounts look at, beside few and beside many requests of the same thirty days, models, providers and accounts.

use std::time::{Duration, Instant};

use local::database::{Database, Source};
use local::schema::Layout;
use serde_json::{Value, json};
use tokio_postgres::{Client, types::Json};
use uuid::Uuid;

use crate::accounts::create;
use crate::figures::{Table, median, micros, percentile};
use crate::process::time_on_core;
use crate::{Bench, Result};

/// Requests of the smaller database.
const FEW: i64 = 10_000;
/// Readings a round, of which the median counts.
const READINGS: u32 = 20;
/// What the measured key is known by.
const KEY_HASH: &str = "measured";

/// Measures them by SQL over one connection, on two databases of one server in turn: how long each takes, the round trip to Postgres
/// included, and how long Postgres is on a core for it, which a busy machine does not change.
///
/// # Errors
/// When a reading is refused.
pub async fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    let many = bench.options.rows;
    let books = [Books::create(bench, "reports_few", FEW).await?, Books::create(bench, "reports_many", many).await?];
    let of_few = format!("{FEW} requests");
    table.begin(&["what is read", &of_few, &format!("{many} requests"), "ratio"]);
    for (name, reading) in readings() {
        let (mut took, mut on_core) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
        for _ in 0..=bench.options.rounds {
            for (place, books) in books.iter().enumerate() {
                let (mut times, core) = books.read(&reading).await?;
                took[place].push(percentile(&mut times, 0.5));
                on_core[place].push(core);
            }
        }
        for (what, figures) in [("µs", took), ("µs of CPU", on_core)] {
            // The first round fills the caches.
            let [few, many] = figures.map(|figures| figures[1..].to_vec());
            let ratio = median(many.clone()) / median(few.clone());
            table.row(name, what, &[Some(few), Some(many), Some(vec![ratio])]);
        }
    }
    Ok(())
}

/// What is read, and the statement that reads it.
fn readings() -> Vec<(&'static str, String)> {
    let asked = |function: &str, query: &Value| format!("select public.{function}($1, '{query}')");
    let window = "jsonb_build_object('from', date_trunc('day', now()) - interval '29 days', 'to', date_trunc('day', now()) + interval '1 day')";
    let over_window =
        |function: &str, group_by: &str| format!("select public.{function}($1, {window} || '{group_by}')");
    vec![
        ("the monitor of 24 hours", asked("get_platform_monitor", &json!({ "hours": 24 }))),
        ("the monitor of 31 days", asked("get_platform_monitor", &json!({ "hours": 744 }))),
        ("the platform's usage of 30 days", asked("get_platform_usage", &json!({}))),
        ("transaction analytics of 30 days", asked("get_transaction_analytics", &json!({}))),
        ("the metrics", "select public.get_platform_metrics($1)".to_owned()),
        (
            "the ranking of a month",
            "select public.get_ranking('{\"kind\": \"model\", \"window\": \"month\", \"limit\": 50}') from (select $1::jsonb) as caller"
                .to_owned(),
        ),
        ("a report of 30 days by model", over_window("get_report", r#"{"group_by": "model"}"#)),
        ("a report of 30 days by end user", over_window("get_report", r#"{"group_by": "user"}"#)),
        ("an account's activity of 30 days", over_window("get_activity_stats", "{}")),
        ("fifty requests of an account's log", asked("list_activity", &json!({ "limit": 50 }))),
    ]
}

/// A database with requests that are summed up, the connection that is measured, and the process that serves it.
struct Books {
    client: Client,
    backend: i32,
}

impl Books {
    async fn create(bench: &Bench, name: &str, rows: i64) -> Result<Self> {
        let server = bench.services.database().await?;
        server.execute(&format!("create database {name}")).await?;
        let url = format!("{} dbname={name}", bench.services.database_url);
        let database = Database::start(Source::Url(url.clone()), None).await?;
        database.apply(&Layout::of_repository().for_tests()?).await?;
        create(&database, "measured@bench.example", KEY_HASH).await?;
        fill(&database, rows).await?;
        let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await?;
        tokio::spawn(connection);
        let backend = client.query_one("select pg_backend_pid()", &[]).await?.try_get(0)?;
        Ok(Self { client, backend })
    }

    /// How long each reading took, and how long Postgres was on a core for one of them, in µs.
    async fn read(&self, reading: &str) -> Result<(Vec<Duration>, f64)> {
        let caller = Json(json!({ "key_hashes": [KEY_HASH], "ip": "203.0.113.7", "request_id": "bench" }));
        let mut took = Vec::new();
        let before = time_on_core(self.backend)?;
        for _ in 0..READINGS {
            let began = Instant::now();
            self.client.query_one(reading, &[&caller]).await?;
            took.push(began.elapsed());
        }
        Ok((took, micros((time_on_core(self.backend)? - before) / READINGS)))
    }
}

/// Requests of the measured account, which says for whom a quarter of its calls are, and of a hundred others: as far apart from each other
/// as thirty days allow, to twenty models at three providers, a tenth of which have failed, and half of which were streamed. What each is
/// comes from a hash of its number, so that any hour has of all. And all hours that are over summed up, as the cron job does.
async fn fill(database: &Database, rows: i64) -> Result<()> {
    database
        .execute(&format!(
            "update gateway.accounts set role = 'admin';
             insert into gateway.models (id, name, developer, context_length, max_output)
               select 'model-' || n, 'Model ' || n, 'bench', 100000, 10000 from generate_series(0, 19) as n;
             insert into gateway.accounts (email, plan, balance)
               select 'other-' || n || '@bench.example', 'bench', 0 from generate_series(1, 100) as n;
             create temporary table owners as
               select array_agg(id order by email like 'other-%', id) as ids from gateway.accounts;
             select gateway.make_month(min(at)) from generate_series(now() - interval '30 days', now(), '1 day') as at
               group by gateway.month_name(at);
             insert into gateway.requests
               (call_id, account_id, key_id, request_id, model, provider, outcome, error_code, stream, prompt_tokens, completion_tokens,
                held, cost, markup, first_byte_ms, duration_ms, asked_ms, app, end_user, created_at, finished_at)
               select gen_random_uuid(), ids[place], ids[place], n::text, 'model-' || h % 20,
                      (array['openrouter', 'chutes', 'featherless'])[1 + h / 20 % 3],
                      case when h / 60 % 10 = 0 then 'failed' else 'completed' end::gateway.request_outcome,
                      case when h / 60 % 10 = 0 then 'upstream_error' end, h / 600 % 2 = 0, 100 + h % 900, 50 + h % 450,
                      1000, case when h / 60 % 10 = 0 then 0 else 500 + h % 500 end, 10500, 50 * 2 ^ (h / 1200 % 500 / 100.0),
                      200 * 2 ^ (h / 1200 % 700 / 100.0), 3, 'app-' || h % 30,
                      case when place = 1 and h / 1200 % 4 = 0 then 'user-' || h / 4800 % 100 end, at, at
               from generate_series(1, {rows}::bigint) as n
               cross join lateral (select abs(hashint8extended(n, 1)) as h, now() - ({rows} - n) * (interval '30 days' / {rows}) as at) as of
               cross join lateral (select case when n % 2 = 0 then 1 else 2 + h / 1200 % 100 end as place) as whose cross join owners;
             drop table owners;"
        ))
        .await?;
    database.execute("vacuum analyze").await?;
    // In as many steps as the cron job would take, each in its own transaction: in one, no old version of a row would ever go.
    let told =
        async |sql: &str| -> Result<Option<String>> { Ok(database.texts(sql).await?.into_iter().next().flatten()) };
    while told("select gateway.roll_up_platform(now())::text").await?.as_deref() == Some("true") {}
    let mut after = Some(Uuid::nil().to_string());
    while let Some(id) = after {
        after = told(&format!("select public.roll_up_usage('{id}') ->> 'next'")).await?;
    }
    database.execute("vacuum analyze").await?;
    Ok(())
}
