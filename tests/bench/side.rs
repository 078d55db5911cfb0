//! One gateway with the services around it, and what a round of load costs each of their processes.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use local::database::Database;

use crate::accounts::{Accounts, Ask, count};
use crate::figures::{micros, percentile};
use crate::functions::Server;
use crate::growth::log;
use crate::load::{Round, Target};
use crate::services::Services;
use crate::{ACCOUNTS, CONNECTIONS, Result, load, process};

/// A gateway under load.
pub struct Side<'a> {
    services: &'a Services,
    accounts: &'a Accounts,
    server: Server,
    database: Database,
    postmaster: u32,
}

/// A round, and what a request of it cost.
pub struct Metered {
    /// What the load generator saw.
    pub round: Round,
    /// CPU time in µs by part; see [`Side::parts`].
    pub cpu: BTreeMap<String, f64>,
    /// Bytes of the write-ahead log.
    pub log: f64,
}

impl<'a> Side<'a> {
    /// Starts the gateway beside its services.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start(gateway: &Path, services: &'a Services, accounts: &'a Accounts) -> Result<Self> {
        let server = Server::start(gateway, &services.variables).await?;
        let database = services.database().await?;
        let backend = count(&database, "select pg_backend_pid()::bigint").await?;
        let postmaster = process::parent(u32::try_from(backend)?)?;
        Ok(Self { services, accounts, server, database, postmaster })
    }

    /// The load on this gateway, from so many accounts in turn.
    pub fn load(&self, accounts: usize) -> Target {
        self.asks(Ask::Plain, accounts)
    }

    /// The same, of something else.
    pub fn asks(&self, ask: Ask, accounts: usize) -> Target {
        self.accounts.through(self.server.address, ask, accounts.min(ACCOUNTS))
    }

    /// One round of load, and what it cost.
    ///
    /// # Errors
    /// When an answer is wrong.
    pub async fn round(&self, target: &Target, requests: usize) -> Result<Metered> {
        let log_before = log(&self.database).await?;
        let before = self.parts()?;
        let round = load::round(target, CONNECTIONS, requests).await?;
        // The settles belong to the round.
        self.accounts.settled().await?;
        let after = self.parts()?;
        let used = |(part, after): (String, Duration)| {
            let used = after - before.get(&part).copied().unwrap_or_default();
            (part, micros(used) / requests as f64)
        };
        let logged = log(&self.database).await? - log_before;
        Ok(Metered { round, cpu: after.into_iter().map(used).collect(), log: logged as f64 / requests as f64 })
    }

    /// The CPU time that each part has used.
    fn parts(&self) -> Result<BTreeMap<String, Duration>> {
        let [backends, others] = process::cpu_of_postgres(self.postmaster)?;
        let mut parts = BTreeMap::from([
            (GATEWAY.to_owned(), self.server.cpu()?),
            ("Postgres, backends".to_owned(), backends),
            ("Postgres, the rest".to_owned(), others),
            ("load generator".to_owned(), process::cpu(std::process::id())?),
        ]);
        for (part, pid) in &self.services.parts {
            parts.insert(part.clone(), process::cpu(*pid)?);
        }
        Ok(parts)
    }
}

/// The part that is ours.
const GATEWAY: &str = "gateway";

/// The figures of some rounds by their names, with their units: one value a round.
pub fn figures(rounds: &[Metered], one_account: &[Metered]) -> Vec<(String, &'static str, Vec<f64>)> {
    let rates = |rounds: &[Metered]| rounds.iter().map(|metered| metered.round.rate()).collect::<Vec<_>>();
    let latency =
        |share: f64| rounds.iter().map(|metered| percentile(&mut metered.round.totals(), share)).collect::<Vec<_>>();
    let mut figures = vec![
        ("64 accounts".to_owned(), "requests/s", rates(rounds)),
        ("1 account".to_owned(), "requests/s", rates(one_account)),
        ("latency, 64 accounts, p50".to_owned(), "µs", latency(0.5)),
        ("latency, 64 accounts, p99".to_owned(), "µs", latency(0.99)),
    ];
    let parts = rounds.first().map(|metered| metered.cpu.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
    let used = |named: &dyn Fn(&str) -> bool| {
        let of = |metered: &Metered| metered.cpu.iter().filter(|(part, _)| named(part)).map(|(_, used)| used).sum();
        rounds.iter().map(of).collect::<Vec<f64>>()
    };
    for part in parts {
        figures.push((format!("CPU a request, {part}"), "µs", used(&|named| named == part)));
    }
    // Summed too, so that a checkout whose stand-ins are one process can be compared.
    figures.push(("CPU a request, all stand-ins".to_owned(), "µs", used(&|named| named.contains("stand-in"))));
    figures.push(("CPU a request, all".to_owned(), "µs", used(&|_| true)));
    let logged = rounds.iter().map(|metered| metered.log).collect();
    figures.push(("write-ahead log a request".to_owned(), "bytes", logged));
    figures
}
