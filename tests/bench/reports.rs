//! What operators and accounts look at, beside few and beside many requests.

use std::time::{Duration, Instant};

use local::database::{Database, Source};
use local::schema::Layout;
use serde_json::{Value, json};
use tokio_postgres::{Client, types::Json};

use crate::accounts::create;
use crate::figures::{Table, median, percentile};
use crate::{Bench, Result};

/// Requests of the smaller database.
const FEW: i64 = 10_000;
/// Readings a round, of which the median counts.
const READINGS: usize = 20;
/// What the measured key is known by.
const KEY_HASH: &str = "measured";

/// Measures them by SQL over one connection, on two databases of one server in turn.
///
/// # Errors
/// When a reading is refused.
pub async fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    let many = bench.options.rows;
    let books = [Books::create(bench, "reports_few", FEW).await?, Books::create(bench, "reports_many", many).await?];
    let of_few = format!("{FEW} requests");
    table.begin(&["what is read", &of_few, &format!("{many} requests"), "ratio"]);
    for (name, function, query) in books[0].readings().await? {
        let mut figures = [Vec::new(), Vec::new()];
        for _ in 0..=bench.options.rounds {
            for (place, books) in books.iter().enumerate() {
                figures[place].push(percentile(&mut books.read(function, &query).await?, 0.5));
            }
        }
        // The first round fills the caches.
        let [few, many] = figures.map(|figures| figures[1..].to_vec());
        let ratio = median(many.clone()) / median(few.clone());
        table.row(name, "µs", &[Some(few), Some(many), Some(vec![ratio])]);
    }
    Ok(())
}

/// What is read, by which function, and what it is asked.
type Reading = (&'static str, &'static str, Option<Value>);

/// A database with requests that are summed up, and the connection that is measured.
struct Books {
    client: Client,
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
        Ok(Self { client })
    }

    /// What is read: in windows that both databases fill.
    async fn readings(&self) -> Result<[Reading; 6]> {
        let sql = "select jsonb_build_object('from', date_trunc('hour', now()) - interval '1 hour',
                                             'to', date_trunc('hour', now()) + interval '1 hour')";
        let Json(window): Json<Value> = self.client.query_one(sql, &[]).await?.try_get(0)?;
        let mut report = window.clone();
        report["group_by"] = "model".into();
        Ok([
            ("the monitor", "get_platform_monitor", Some(json!({ "hours": 2 }))),
            ("the metrics", "get_platform_metrics", None),
            ("the platform's usage", "get_platform_usage", Some(window.clone())),
            ("a report", "get_report", Some(report)),
            ("an account's activity", "get_activity_stats", Some(window)),
            ("an account's requests", "list_activity", Some(json!({ "limit": 50 }))),
        ])
    }

    /// How long each reading took, the round trip to Postgres included.
    async fn read(&self, function: &str, query: &Option<Value>) -> Result<Vec<Duration>> {
        let caller = Json(json!({ "key_hashes": [KEY_HASH], "ip": "203.0.113.7", "request_id": "bench" }));
        let mut took = Vec::new();
        for _ in 0..READINGS {
            let began = Instant::now();
            match query {
                Some(query) => {
                    let sql = format!("select public.{function}($1, $2)");
                    self.client.query_one(&sql, &[&caller, &Json(query)]).await?;
                }
                None => {
                    self.client.query_one(&format!("select public.{function}($1)"), &[&caller]).await?;
                }
            }
            took.push(began.elapsed());
        }
        Ok(took)
    }
}

/// Requests of the measured account and a hundred others, one a second until now, to ten models at three providers, a tenth of which have
/// failed; and all hours that are over summed up, as the cron job does.
async fn fill(database: &Database, rows: i64) -> Result<()> {
    database
        .execute(&format!(
            "update gateway.accounts set role = 'admin';
             insert into gateway.accounts (email, plan, balance)
               select 'other-' || n || '@bench.example', 'bench', 0 from generate_series(1, 100) as n;
             create temporary table owners as
               select row_number() over (order by email like 'other-%', id) - 1 as place, id as account_id from gateway.accounts;
             create temporary table times as
               select n, date_trunc('second', now()) - ({rows} - n) * interval '1 second' as at from generate_series(1, {rows}) as n;
             select gateway.make_month(min(at)) from times group by gateway.month_name(at);
             insert into gateway.requests
               (call_id, account_id, key_id, request_id, model, provider, outcome, error_code, stream, prompt_tokens, completion_tokens,
                held, cost, markup, first_byte_ms, duration_ms, asked_ms, created_at, finished_at)
               select gen_random_uuid(), o.account_id, o.account_id, n::text, 'model-' || n % 10,
                      (array['openrouter', 'chutes', 'featherless'])[1 + n % 3], case when n % 10 = 0 then 'failed' else 'completed' end,
                      case when n % 10 = 0 then 'upstream_error' end, n % 2 = 0, 100 + n % 900, 50 + n % 450,
                      1000, 500 + n % 500, 10500, 200 + n % 800, 900 + n % 4100, 3, at, at
               from times join owners o on o.place = case when n % 2 = 0 then 0 else 1 + (n / 2) % 100 end
               order by at;
             drop table times, owners;"
        ))
        .await?;
    database.execute("vacuum analyze").await?;
    // In as many steps as the cron job would take.
    database
        .execute(
            "do $$
             declare
               after uuid;
               step jsonb;
             begin
               while gateway.roll_up_platform(now()) loop
               end loop;
               loop
                 step := public.roll_up_usage(after);
                 after := (step ->> 'next')::uuid;
                 exit when after is null;
               end loop;
             end $$;",
        )
        .await?;
    database.execute("vacuum analyze").await?;
    Ok(())
}
