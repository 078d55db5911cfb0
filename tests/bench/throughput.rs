//! Requests a second under load, and whose CPU time they cost, with commits that wait for a disk and without.

use crate::accounts::{Accounts, Ask};
use crate::figures::Table;
use crate::side::{Side, figures};
use crate::storage::Storage;
use crate::{ACCOUNTS, Bench, CONNECTIONS, Result, load, services::Services};

/// Requests a round: some seconds of each kind.
const DIRECT: usize = 60_000;
const THROUGH: usize = 5_000;
/// Where every call waits for the disk twice, so many take as long.
const THROUGH_FLUSHED: usize = 2_500;

/// Measures 64 accounts, and apart the ceiling of one.
///
/// # Errors
/// When an answer is wrong.
pub async fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    let disk = Storage::Flushed(bench.options.disk.clone());
    let flush = disk.flush_time()?;
    let on_disk = Services::start(&std::env::current_exe()?, &disk)?;
    let accounts_on_disk = Accounts::create(&on_disk, ACCOUNTS).await?;
    let gateway = bench.functions.gateway_program();
    let sides = [
        Side::start(gateway, &bench.services, &bench.accounts).await?,
        Side::start(gateway, &on_disk, &accounts_on_disk).await?,
    ];
    let requests = [THROUGH, THROUGH_FLUSHED];
    let direct = Accounts::straight(&bench.services, Ask::Plain)?;
    for (side, requests) in sides.iter().zip(requests) {
        load::round(&side.load(ACCOUNTS), CONNECTIONS, requests).await?;
    }

    let mut straight = Vec::new();
    let mut through = [(Vec::new(), Vec::new()), (Vec::new(), Vec::new())];
    for _ in 0..bench.options.rounds {
        straight.push(sides[0].round(&direct, DIRECT).await?);
        for ((side, requests), (many, one)) in sides.iter().zip(requests).zip(&mut through) {
            many.push(side.round(&side.load(ACCOUNTS), requests).await?);
            one.push(side.round(&side.load(1), requests / 2).await?);
        }
    }
    accounts_on_disk.check(&on_disk).await?;

    table.begin(&[&format!("{CONNECTIONS} connections"), "stand-in", "gateway, no flushes", "gateway, flushed"]);
    let [unflushed, flushed] = through.map(|(many, one)| figures(&many, &one));
    let straight = figures(&straight, &[]);
    for ((figure, unit, unflushed), (_, _, flushed)) in unflushed.into_iter().zip(flushed) {
        let straight = straight.iter().find(|(name, _, values)| *name == figure && !values.is_empty());
        table.row(&figure, unit, &[straight.map(|(_, _, values)| values.clone()), Some(unflushed), Some(flushed)]);
    }
    table.row("a flush of the disk, p50", "µs", &[None, None, flush.map(|flush| vec![flush])]);
    Ok(())
}
