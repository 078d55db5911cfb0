//! What it costs that a response is stored: sealed and written with its settlement, before the client has its answer.

use crate::accounts::{Ask, count};
use crate::figures::{Table, percentile};
use crate::side::Side;
use crate::{ACCOUNTS, Bench, CONNECTIONS, Result, load};

/// Requests a round, at one connection and under load.
const ALONE: usize = 1_000;
const UNDER_LOAD: usize = 4_000;

/// Measures /v1/responses without and with `store`.
///
/// # Errors
/// When an answer is wrong, or one that was to be stored is not.
pub async fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    let side = Side::start(bench.functions.gateway_program(), &bench.services, &bench.accounts).await?;
    let asks = [false, true].map(|stored| side.asks(Ask::Response { stored }, ACCOUNTS));
    let database = bench.services.database().await?;
    let stored = || count(&database, "select count(*) from gateway.stored_responses");
    let before = stored().await?;
    for ask in &asks {
        load::round(ask, CONNECTIONS, UNDER_LOAD / 4).await?;
    }
    let (mut alone, mut rates, mut backends) = ([vec![], vec![]], [vec![], vec![]], [vec![], vec![]]);
    for _ in 0..bench.options.rounds {
        for (place, ask) in asks.iter().enumerate() {
            alone[place].push(percentile(&mut load::round(ask, 1, ALONE).await?.totals(), 0.5));
            let metered = side.round(ask, UNDER_LOAD).await?;
            rates[place].push(metered.round.rate());
            backends[place]
                .push(metered.cpu.iter().filter(|(part, _)| part.starts_with("Postgres")).map(|(_, used)| used).sum());
        }
    }
    if stored().await? - before < (bench.options.rounds * UNDER_LOAD) as i64 {
        return Err("not every response was stored".into());
    }
    table.begin(&["/v1/responses", "not stored", "stored"]);
    for (figure, unit, [without, with]) in [
        ("latency at 1 connection, p50", "µs", alone),
        ("64 accounts, 32 connections", "requests/s", rates),
        ("CPU a request, Postgres", "µs", backends),
    ] {
        table.row(figure, unit, &[Some(without), Some(with)]);
    }
    Ok(())
}
