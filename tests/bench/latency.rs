//! Added latency at one connection, and how long an answer from the cache takes.

use crate::accounts::{Accounts, Ask};
use crate::figures::{Table, percentile};
use crate::load::Target;
use crate::{ACCOUNTS, Bench, Result, load};

/// Requests a round, of each kind.
const REQUESTS: usize = 1500;

/// Measures it: p50 and p99 of each round.
///
/// # Errors
/// When an answer is wrong.
pub async fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    let server = bench.functions.gateway(&bench.services.variables).await?;
    let direct = Accounts::straight(&bench.services, Ask::Plain)?;
    let through = bench.accounts.through(server.address, Ask::Plain, ACCOUNTS);
    let cached = Target { headers: &[("x-gateway-cache", "true")], ..through.clone() };
    load::round(&through, 1, 500).await?;
    // Each account's first one is kept for those that follow.
    load::round(&cached, 1, ACCOUNTS).await?;
    let shares = [(0.5, "p50"), (0.99, "p99")];
    let mut figures = shares.map(|_| (Vec::new(), Vec::new()));
    let mut hits = shares.map(|_| Vec::new());
    for _ in 0..bench.options.rounds {
        let mut without = load::round(&direct, 1, REQUESTS).await?.totals();
        let mut with = load::round(&through, 1, REQUESTS).await?.totals();
        bench.accounts.settled().await?;
        let charged = bench.accounts.charged().await?;
        let mut from_cache = load::round(&cached, 1, REQUESTS).await?.totals();
        bench.accounts.settled().await?;
        if bench.accounts.charged().await? != charged {
            return Err("an answer that was to come from the cache was charged".into());
        }
        for (((share, _), (direct, gateway)), hits) in shares.iter().zip(&mut figures).zip(&mut hits) {
            direct.push(percentile(&mut without, *share));
            gateway.push(percentile(&mut with, *share));
            hits.push(percentile(&mut from_cache, *share));
        }
    }
    for ((_, name), (direct, gateway)) in shares.iter().zip(&figures) {
        table.compare(&format!("latency at 1 connection, {name}"), "µs", direct, gateway);
    }
    for ((_, name), hits) in shares.iter().zip(hits) {
        table.single(&format!("an answer from the cache, {name}"), "µs", crate::figures::median(hits));
    }
    Ok(())
}
