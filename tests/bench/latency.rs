//! Added latency at one connection.

use crate::accounts::{Accounts, Ask};
use crate::figures::{Table, percentile};
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
    load::round(&through, 1, 500).await?;
    let shares = [(0.5, "p50"), (0.99, "p99")];
    let mut figures = shares.map(|_| (Vec::new(), Vec::new()));
    for _ in 0..bench.options.rounds {
        let mut without = load::round(&direct, 1, REQUESTS).await?.totals();
        let mut with = load::round(&through, 1, REQUESTS).await?.totals();
        bench.accounts.settled().await?;
        for ((share, _), (direct, gateway)) in shares.iter().zip(&mut figures) {
            direct.push(percentile(&mut without, *share));
            gateway.push(percentile(&mut with, *share));
        }
    }
    for ((_, name), (direct, gateway)) in shares.iter().zip(&figures) {
        table.compare(&format!("latency at 1 connection, {name}"), "µs", direct, gateway);
    }
    Ok(())
}
