//! What routing is worth when the cheapest provider is ill: how long calls take that insist on it, beside calls that leave it to the
//! gateway.
//!
//! A model has two routes, the cheaper one at the provider that is ill. A call that names that provider first
//! (`provider.order`) asks it each time and falls back from it: that is what every call would do without breakers, measured speeds
//! and hedging.

use bytes::Bytes;
use serde_json::{Value, json};

use crate::accounts::Ask;
use crate::figures::{Table, percentile};
use crate::functions::Server;
use crate::load::Target;
use crate::{ACCOUNTS, Bench, Result, load};

/// Requests a round, over how many connections.
const REQUESTS: usize = 2_000;
const CONNECTIONS: usize = 8;
/// Rounds at most: calls that wait for an ill provider take their time.
const ROUNDS: usize = 3;
/// How long a provider is waited for that says nothing.
const PATIENCE_MS: &str = "250";

/// What is wrong with the cheaper provider, and the stand-in's behaviour.
const ILLNESSES: [(&str, &str); 4] = [
    ("well", "standin/fast"),
    ("100 ms slower", "standin/delay?ms=100"),
    ("answers 500", "standin/status?code=500"),
    ("says nothing for 250 ms", "standin/hang"),
];

/// What the calls wish, and how the column is headed.
fn wishes() -> [(&'static str, Value); 4] {
    [
        ("cheapest first, always", json!({ "order": ["chutes"] })),
        ("as usual: breakers", json!({})),
        ("sort: latency", json!({ "sort": "latency" })),
        ("hedge_ms: 20", json!({ "order": ["chutes"], "hedge_ms": 20 })),
    ]
}

/// Measures p50 and p99 of calls under each illness and each wish.
///
/// # Errors
/// When a call fails.
pub async fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    let mut variables = bench.services.variables.clone();
    variables.insert("PROVIDER_TIMEOUT_MS".to_owned(), PATIENCE_MS.to_owned());
    let server = Server::start(bench.functions.gateway_program(), &variables).await?;
    let (wishes, shares) = (wishes(), [(0.5, "p50"), (0.99, "p99")]);
    let heads: Vec<&str> =
        std::iter::once("the cheapest provider").chain(wishes.iter().map(|(head, _)| *head)).collect();
    table.begin(&heads);
    for (number, (illness, behaviour)) in ILLNESSES.into_iter().enumerate() {
        let mut figures = shares.map(|_| vec![Vec::new(); wishes.len()]);
        for round in 0..bench.options.rounds.min(ROUNDS) {
            for (place, (_, wish)) in wishes.iter().enumerate() {
                // A model of its own, so that nothing is known of its routes when a round begins.
                let model = format!("bench/routing-{number}-{round}-{place}");
                two_routes(bench, &model, behaviour).await?;
                // How fast the other one is shows when it has been asked.
                let other = json!({ "only": ["openrouter"] });
                load::round(&asks(bench, &server, &model, &other), 1, CONNECTIONS).await?;
                bench.accounts.settled().await?;
                let mut totals =
                    load::round(&asks(bench, &server, &model, wish), CONNECTIONS, REQUESTS).await?.totals();
                for ((share, _), figures) in shares.iter().zip(&mut figures) {
                    figures[place].push(percentile(&mut totals, *share) / 1e3);
                }
            }
        }
        bench.accounts.settled().await?;
        for ((_, share), columns) in shares.iter().zip(figures) {
            table.row(&format!("{illness}, {share}"), "ms", &columns.into_iter().map(Some).collect::<Vec<_>>());
        }
    }
    Ok(())
}

/// Calls of this model with these wishes.
fn asks(bench: &Bench, server: &Server, model: &str, wish: &Value) -> Target {
    let body = json!({ "model": model, "max_tokens": 256, "provider": wish, "messages": [
        { "role": "user", "content": "Where does the water of a river come from in a summer without any rain?" } ]});
    Target { body: Bytes::from(body.to_string()), ..bench.accounts.through(server.address, Ask::Plain, ACCOUNTS) }
}

/// A model at Chutes, which behaves so, and for twice as much at OpenRouter, which is well.
async fn two_routes(bench: &Bench, model: &str, behaviour: &str) -> Result<()> {
    let database = bench.services.database().await?;
    let sql = "with model as (
           insert into gateway.models (id, name, developer, context_length, max_output)
           values ($1::text, $1::text, 'bench', 128000, 16384) returning id
         ), routes as (
           insert into gateway.model_routes (model_id, provider, upstream_model, prompt_price, cached_price, completion_price)
           select id, provider, upstream, price, price / 2, 2 * price
           from model, (values ('chutes', $2::text, 1000000000::bigint), ('openrouter', 'standin/fast', 2000000000)) as route (provider, upstream, price)
           returning 1
         )
         select count(*)::text from routes";
    database.query(sql, &[&model, &behaviour]).await?;
    Ok(())
}
