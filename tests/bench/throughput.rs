//! Requests a second under load, and whose CPU time they cost.

use std::time::Duration;

use crate::accounts::{Accounts, Ask, count};
use crate::figures::{Table, median, micros, percentile};
use crate::functions::Server;
use crate::load::{Round, Target};
use crate::{ACCOUNTS, Bench, CONNECTIONS, Result, load, process};

/// Requests a round: about three seconds of each kind.
const DIRECT: usize = 60_000;
const THROUGH: usize = 5_000;

/// Measures both, and apart the ceiling of one account.
///
/// # Errors
/// When an answer is wrong.
pub async fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    let server = bench.functions.gateway(&bench.services.variables).await?;
    let meter = Meter::new(bench, &server).await?;
    let direct = Accounts::straight(&bench.services, Ask::Plain)?;
    let through = bench.accounts.through(server.address, Ask::Plain, ACCOUNTS);
    let of_one = bench.accounts.through(server.address, Ask::Plain, 1);
    load::round(&through, CONNECTIONS, THROUGH).await?;

    let (mut without, mut with, mut one) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..bench.options.rounds {
        without.push(meter.round(&direct, DIRECT).await?);
        with.push(meter.round(&through, THROUGH).await?);
        one.push(meter.round(&of_one, THROUGH / 2).await?);
    }

    let rates = |rounds: &[Metered]| rounds.iter().map(|metered| metered.round.rate()).collect::<Vec<_>>();
    table.compare("throughput at 32 connections, 64 accounts", "requests/s", &rates(&without), &rates(&with));
    table.compare("throughput at 32 connections, 1 account", "requests/s", &rates(&without), &rates(&one));
    for (share, name) in [(0.5, "p50"), (0.99, "p99")] {
        let latencies = |rounds: &[Metered]| {
            rounds.iter().map(|metered| percentile(&mut metered.round.totals(), share)).collect::<Vec<_>>()
        };
        let figure = format!("latency at 32 connections, 64 accounts, {name}");
        table.compare(&figure, "µs", &latencies(&without), &latencies(&with));
    }
    for (place, whose) in WHOSE.iter().enumerate() {
        let used = |rounds: &[Metered]| rounds.iter().map(|metered| metered.cpu[place]).collect::<Vec<_>>();
        table.compare(&format!("CPU time a request, {whose}"), "µs", &used(&without), &used(&with));
    }
    let steady = median(with.iter().map(|metered| metered.cpu.iter().sum()));
    table.single("CPU time a request, all", "µs", steady);
    Ok(())
}

const WHOSE: [&str; 4] = ["gateway", "Postgres", "stand-ins", "load generator"];

/// A round and the CPU time of each process, in µs a request.
struct Metered {
    round: Round,
    cpu: [f64; 4],
}

/// Reads the CPU times around a round.
struct Meter<'a> {
    bench: &'a Bench,
    server: &'a Server,
    postmaster: u32,
}

impl<'a> Meter<'a> {
    async fn new(bench: &'a Bench, server: &'a Server) -> Result<Self> {
        let database = bench.services.database().await?;
        let backend = count(&database, "select pg_backend_pid()::bigint").await?;
        Ok(Self { bench, server, postmaster: process::parent(u32::try_from(backend)?)? })
    }

    async fn round(&self, target: &Target, requests: usize) -> Result<Metered> {
        let before = self.read()?;
        let round = load::round(target, CONNECTIONS, requests).await?;
        // The settles belong to the round.
        self.bench.accounts.settled().await?;
        let after = self.read()?;
        let cpu = std::array::from_fn(|whose| micros(after[whose] - before[whose]) / requests as f64);
        Ok(Metered { round, cpu })
    }

    fn read(&self) -> Result<[Duration; 4]> {
        Ok([
            self.server.cpu()?,
            process::cpu_of_family(self.postmaster)?,
            process::cpu(self.bench.services.pid())?,
            process::cpu(std::process::id())?,
        ])
    }
}
