//! What the gateway costs: the same load straight at the provider stand-in and through the gateway.
//!
//! ```text
//! cargo run --release -p tests --no-default-features --bin bench [-- SECTION …] [--rounds N] [--requests N]
//! cargo run --release -p tests --no-default-features --bin bench -- --base CHECKOUT [--rounds N]
//! ```
//!
//! The second measures two checkouts in turns, such as `git worktree add ../before main`: before and after in one run.
//!
//! What makes the figures honest:
//!
//! - **Processes.** The gateway is the function as it is deployed (`api/index.rs`, built by `cargo build --release`
//!   with nothing of this crate in it), run as a plain server by itself, so that its memory and CPU time are its own.
//!   Each stand-in is a process, Postgres several, and this one is the load generator: one thread, kept-alive HTTP/1.1
//!   connections, requests worded once.
//! - **Nothing is left out.** Every call validates its key, counts against every limit, places a hold and settles it,
//!   over loopback, in a real Postgres. The gateway logs as in production. Commits do not wait for a disk, so that CPU is
//!   what is measured; the throughput is measured on a Postgres beside it too whose commits do, as in production.
//! - **Side by side.** All figures are of one run. Each round asks the stand-in itself (A) and then the gateway (B),
//!   and a figure is the median over the rounds, so that whatever else the machine does meets both.
//! - **Closed loop.** A connection sends its next request when it has the last answer. The settle of a call, off the
//!   client's path, so competes with the next call: the latency of one connection is that of a busy client.
//! - **Checked.** Every answer must be a 200 that is complete, and at the end the ledger must be clean.
//!
//! CPU times are ticks of 10 ms from /proc, summed over a section: this runs on Linux only.

mod accounts;
mod catalog;
mod cold_start;
mod compare;
mod far;
mod figures;
mod functions;
mod growth;
mod latency;
mod load;
mod memory;
mod parts;
mod process;
mod reports;
mod routing;
mod services;
mod side;
mod storage;
mod stored;
mod streaming;
mod throughput;
mod usage_rows;
mod webhooks;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum};

use crate::accounts::Accounts;
use crate::figures::Table;
use crate::functions::Functions;
use crate::services::Services;
use crate::storage::Storage;

/// A failure ends the bench with one line.
type Failure = Box<dyn Error + Send + Sync>;
type Result<T, E = Failure> = std::result::Result<T, E>;

/// Accounts that share the load, each with one key.
const ACCOUNTS: usize = 64;
/// Connections under load.
const CONNECTIONS: usize = 32;

/// A group of figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Section {
    /// Added latency at one connection.
    Latency,
    /// Requests a second at 32 connections, the ceiling of one account, and whose CPU time it is.
    Throughput,
    /// Added time to the first token and for each chunk of a stream.
    Streaming,
    /// Resident memory before and after many requests.
    Memory,
    /// From exec to the first answer, and the first call beside services that are 30 ms away.
    ColdStart,
    /// Sizes of the functions.
    Size,
    /// What a call leaves on the disk.
    Growth,
    /// begin_request and finish_request on few and on many usage rows.
    UsageRows,
    /// Monitor, metrics, reports and activity beside few and beside many requests.
    Reports,
    /// Responses that are stored beside such that are not.
    Stored,
    /// Events of Stripe's a second.
    Webhooks,
    /// Calls while the cheapest provider is slow or fails, with and without what routing does about it.
    Routing,
    /// Lists of a thousand models.
    Catalog,
}

/// Measures the gateway beside the provider stand-in.
#[derive(Parser)]
struct Options {
    /// What to measure; everything if nothing is named.
    sections: Vec<Section>,
    /// Rounds of which each figure is the median.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Requests between the two looks at the memory.
    #[arg(long, default_value_t = 100_000)]
    requests: usize,
    /// Requests of the larger database that reports are read from.
    #[arg(long, default_value_t = 1_000_000)]
    rows: i64,
    /// Another build of api/index.rs to measure, such as one for a profiler.
    #[arg(long)]
    gateway: Option<PathBuf>,
    /// Another checkout, whose throughput is measured in turns with this one's and compared.
    #[arg(long)]
    base: Option<PathBuf>,
    /// A folder on a real disk, for the Postgres that flushes.
    #[arg(long, default_value = "/var/tmp")]
    disk: PathBuf,
}

/// What the sections measure.
struct Bench {
    options: Options,
    services: Services,
    accounts: Accounts,
    functions: Functions,
}

fn main() -> ExitCode {
    let child = std::env::args().nth(1).is_some_and(|argument| argument == services::ROLE);
    let outcome = if child {
        parts::run()
    } else if cfg!(debug_assertions) {
        Err("only a release build says anything: cargo run --release -p tests --bin bench".into())
    } else {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(Into::into)
            .and_then(|runtime| runtime.block_on(measure(Options::parse())))
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(options: Options) -> Result<()> {
    let functions = Functions::build(options.gateway.clone())?;
    let mut table = Table::default();
    if let Some(base) = &options.base {
        compare::measure(&options, base, functions.gateway_program(), &mut table).await?;
        print!("{table}");
        return Ok(());
    }
    let services = Services::start(&std::env::current_exe()?, &Storage::Unflushed)?;
    let accounts = Accounts::create(&services, ACCOUNTS).await?;
    let wanted = |section| options.sections.is_empty() || options.sections.contains(&section);
    let sections: Vec<_> = Section::value_variants().iter().copied().filter(|section| wanted(*section)).collect();
    let bench = Bench { options, services, accounts, functions };

    for section in sections {
        eprintln!("measuring: {section:?}; load average {}", process::load_average()?);
        table.begin_added();
        match section {
            Section::Latency => latency::measure(&bench, &mut table).await?,
            Section::Throughput => throughput::measure(&bench, &mut table).await?,
            Section::Streaming => streaming::measure(&bench, &mut table).await?,
            Section::Memory => memory::measure(&bench, &mut table).await?,
            Section::ColdStart => cold_start::measure(&bench, &mut table).await?,
            Section::Growth => growth::measure(&bench, &mut table).await?,
            Section::Size => bench.functions.sizes(&mut table)?,
            Section::UsageRows => usage_rows::measure(&bench, &mut table).await?,
            Section::Reports => reports::measure(&bench, &mut table).await?,
            Section::Stored => stored::measure(&bench, &mut table).await?,
            Section::Webhooks => webhooks::measure(&bench, &mut table).await?,
            Section::Routing => routing::measure(&bench, &mut table).await?,
            Section::Catalog => catalog::measure(&bench, &mut table).await?,
        }
    }
    bench.accounts.check(&bench.services).await?;
    print!("{table}");
    Ok(())
}
