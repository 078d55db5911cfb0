//! begin_request and finish_request beside few and beside many usage rows.

use std::time::{Duration, Instant};

use local::database::{Database, Source};
use local::schema::Layout;
use serde_json::{Value, json};
use shared::credits::hold::Hold;
use shared::money::Nanos;
use tests::rows;
use tokio_postgres::{Client, Statement, types::Json};
use uuid::Uuid;

use crate::accounts::{check_ledger, create, model};
use crate::figures::{Table, percentile};
use crate::{Bench, Result};

/// Usage rows of each database: half of them the measured account's, the rest of a thousand others.
const FEW: i64 = 1_000;
const MANY: i64 = 1_000_000;
/// Pairs of begin and finish a round.
const PAIRS: usize = 500;
/// What the measured key is known by.
const KEY_HASH: &str = "measured";

/// Measures both, by SQL over one connection, on two databases of one server in turn.
///
/// # Errors
/// When a call is refused.
pub async fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    let mut few = Books::create(bench, "usage_few", FEW).await?;
    let mut many = Books::create(bench, "usage_many", MANY).await?;
    few.pairs().await?;
    many.pairs().await?;
    let (mut begins, mut finishes) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    for _ in 0..bench.options.rounds {
        for (place, books) in [&mut few, &mut many].into_iter().enumerate() {
            let (mut begin, mut finish) = books.pairs().await?;
            begins[place].push(percentile(&mut begin, 0.5));
            finishes[place].push(percentile(&mut finish, 0.5));
        }
    }
    for (function, [few, many]) in [("begin_request", begins), ("finish_request", finishes)] {
        for (rows, figures) in [(FEW, few), (MANY, many)] {
            let figure = format!("{function} with {rows} usage rows, p50");
            table.single(&figure, "µs", crate::figures::median(figures));
        }
    }
    check_ledger(&few.database).await?;
    check_ledger(&many.database).await
}

/// A database with usage rows, and the connection that is measured.
struct Books {
    database: Database,
    client: Client,
    begin: Statement,
    finish: Statement,
}

impl Books {
    async fn create(bench: &Bench, name: &str, rows: i64) -> Result<Self> {
        let server = bench.services.database().await?;
        server.execute(&format!("create database {name}")).await?;
        let url = format!("{} dbname={name}", bench.services.database_url);
        let database = Database::start(Source::Url(url.clone()), None).await?;
        database.apply(&Layout::of_repository().for_tests()?).await?;
        model(&database, "standin/fast").await?;
        create(&database, "measured@bench.example", KEY_HASH).await?;
        fill(&database, rows).await?;
        let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await?;
        tokio::spawn(connection);
        let begin = client.prepare("select public.begin_request($1)").await?;
        let finish = client.prepare("select public.finish_request($1)").await?;
        Ok(Self { database, client, begin, finish })
    }

    /// How long each begin and each finish took, the round trip to Postgres included.
    async fn pairs(&mut self) -> Result<(Vec<Duration>, Vec<Duration>)> {
        let (mut begins, mut finishes) = (Vec::new(), Vec::new());
        for _ in 0..PAIRS {
            let call_id = Uuid::now_v7();
            let caller = json!({ "key_hashes": [KEY_HASH], "ip": "203.0.113.7", "domain": null, "user_agent": "bench",
                "request_id": call_id });
            let call = json!({ "call_id": call_id, "begun": call_id.get_timestamp().map(|made| made.to_unix().0), "model": "standin/fast", "providers": ["openrouter"], "allowed": [],
                "prompt_bound": 180, "images": 0, "tools": false, "modalities": [], "choices": 1, "output_limit": 256,
                "hold_seconds": 660, "markup": 10_000 });
            let began = Instant::now();
            let held = self
                .client
                .query_one(&self.begin, &[&Json(rows::asked(&json!({ "caller": caller, "call": call })))])
                .await?;
            begins.push(began.elapsed());
            let Json(held): Json<Value> = held.try_get(0)?;
            let hold: Hold = serde_json::from_value(held)?;
            if hold.amount == Nanos(0) {
                return Err("a hold of nothing".into());
            }
            let settlement = json!({ "call_id": call_id, "outcome": "completed", "provider": "openrouter",
                "usage": { "prompt": 8, "cached": 0, "written": 0, "completion": 16, "reasoning": 0 }, "estimated": false,
                "charge_hold": false, "request_id": call_id, "error_code": null, "stream": false,
                "first_byte_ms": 1, "duration_ms": 2, "app": null, "hold": hold.facts(Some("openrouter"), None, None, 0) });
            let began = Instant::now();
            self.client.query_one(&self.finish, &[&Json(rows::settled(&settlement))]).await?;
            finishes.push(began.elapsed());
        }
        Ok((begins, finishes))
    }
}

/// Books `rows` calls of one nano-dollar each, ledger rows included, as if they had been made one a second until now.
async fn fill(database: &Database, rows: i64) -> Result<()> {
    database
        .execute(&format!(
            "do $$
             declare others constant integer := 1000;
             begin
               insert into gateway.accounts (email, plan, balance)
                 select 'other-' || n || '@bench.example', 'customize', 0 from generate_series(1, others) as n;
               insert into gateway.api_keys (account_id, key_hash, prefix, last_four, name, environment)
                 select id, email, 'gw_live_', 'last', 'bench', 'live' from gateway.accounts
                 where email like 'other-%';
               perform gateway.grant_credit(accounts, 'purchase', 1000000000000, null, 'bench', now())
                 from gateway.accounts where email like 'other-%';
             end $$;
             create temporary table owners as
               select row_number() over (order by a.email like 'other-%', a.id) - 1 as place, a.id as account_id,
                      k.id as key_id, c.id as grant_id
               from gateway.accounts a join gateway.api_keys k on k.account_id = a.id
               join gateway.credit_grants c on c.account_id = a.id;
             create temporary table calls as
               select (lpad(to_hex(ms), 12, '0') || '7' || substr(digest, 1, 3) || '8' || substr(digest, 4, 15))::uuid
                        as call_id, at, owners.*
               from (select n, extract(epoch from at)::bigint * 1000 as ms, at, md5(n::text) as digest
                     from (select n, date_trunc('second', now()) - ({rows} - n) * interval '1 second' as at
                           from generate_series(1, {rows}) as n) as times) as ids
               join owners on owners.place = case when n % 2 = 0 then 0 else 1 + (n / 2) % 1000 end;
             select gateway.make_month(min(at)) from calls group by gateway.month_name(at);
             insert into gateway.requests
               (call_id, account_id, key_id, request_id, model, provider, outcome, prompt_tokens, completion_tokens,
                held, cost, first_byte_ms, duration_ms, created_at, finished_at)
               select call_id, account_id, key_id, call_id, 'standin/fast', 'openrouter', 'completed', 8, 16, 1, 1, 1,
                      2, at, at
               from calls order by at;
             insert into gateway.credit_transactions
               (account_id, type, amount, grant_id, call_id, balance_after, description, created_at)
               select account_id, 'usage', -1, grant_id, call_id, 0, 'standin/fast', at from calls order by at;
             update gateway.credit_grants c set remaining = remaining - spent
               from (select grant_id, count(*) as spent from calls group by grant_id) as used
               where used.grant_id = c.id;
             update gateway.accounts a set balance = balance - spent
               from (select account_id, count(*) as spent from calls group by account_id) as used
               where used.account_id = a.id;
             drop table calls, owners;"
        ))
        .await?;
    database.execute("vacuum analyze").await?;
    Ok(())
}
