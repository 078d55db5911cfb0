//! Two checkouts under the same load in turns: what a change is worth, on a machine that also does other things.
//!
//! Each side is a whole: its own gateway, its own stand-ins and its own database with its own schema, built from its own
//! sources. Only the load generator is this one's.

use std::path::{Path, PathBuf};

use crate::accounts::Accounts;
use crate::figures::Table;
use crate::functions::cargo;
use crate::services::Services;
use crate::side::{Metered, Side, figures};
use crate::storage::Storage;
use crate::{ACCOUNTS, CONNECTIONS, Options, Result, load};

/// Requests a round and side.
const REQUESTS: usize = 3_000;

/// A checkout's programs.
struct Built {
    bench: PathBuf,
    gateway: PathBuf,
}

/// Measures both with commits that wait for a disk and without. An older checkout, whose services cannot flush, is
/// left out of the former.
///
/// # Errors
/// When an answer is wrong, or the other checkout cannot be built.
pub async fn measure(options: &Options, base: &Path, gateway: &Path, table: &mut Table) -> Result<()> {
    let sides = [Built::from(base)?, Built { bench: std::env::current_exe()?, gateway: gateway.to_owned() }];
    for storage in [Storage::Unflushed, Storage::Flushed(options.disk.clone())] {
        eprintln!("comparing: {storage}");
        let mut services = Vec::new();
        for built in &sides {
            let services_of_side = Services::start(&built.bench, &storage)?;
            let accounts = Accounts::create(&services_of_side, ACCOUNTS).await?;
            services.push((services_of_side, accounts));
        }
        if flushes(&services).await?.windows(2).any(|pair| pair[0] != pair[1]) {
            eprintln!("  left out: the services of {} do not flush", base.display());
            continue;
        }
        let mut gateways = Vec::new();
        for (built, (services, accounts)) in sides.iter().zip(&services) {
            let side = Side::start(&built.gateway, services, accounts).await?;
            load::round(&side.load(ACCOUNTS), CONNECTIONS, REQUESTS).await?;
            gateways.push((side, Vec::<Metered>::new(), Vec::<Metered>::new()));
        }
        for _ in 0..options.rounds {
            for (side, many, one) in &mut gateways {
                many.push(side.round(&side.load(ACCOUNTS), REQUESTS).await?);
                one.push(side.round(&side.load(1), REQUESTS / 2).await?);
            }
        }
        for (services, accounts) in &services {
            accounts.check(services).await?;
        }
        table.begin(&[&format!("{CONNECTIONS} connections, {storage}"), "base", "now", "change", "ratio"]);
        let all: Vec<_> = gateways.iter().map(|(_, many, one)| figures(many, one)).collect();
        for (figure, unit, now) in &all[1] {
            match all[0].iter().find(|(name, _, _)| name == figure) {
                Some((_, _, base)) => table.compare(figure, unit, base, now),
                None => table.row(figure, unit, &[None, Some(now.clone()), None, None]),
            }
        }
    }
    Ok(())
}

/// Whether each side's server waits for its disk.
async fn flushes(services: &[(Services, Accounts)]) -> Result<Vec<bool>> {
    let mut flushes = Vec::new();
    for (services, _) in services {
        let database = services.database().await?;
        let rows = database.query("select current_setting('fsync') = 'on'", &[]).await?;
        flushes.push(rows.first().ok_or("no row")?.try_get(0)?);
    }
    Ok(flushes)
}

impl Built {
    /// Has cargo build a checkout, into its own target folder.
    fn from(checkout: &Path) -> Result<Self> {
        let target = checkout.join("target");
        // One after the other, so that the gateway is built with nothing of the bench's features in it.
        for arguments in [
            ["-p", "tests", "--no-default-features", "--bin", "bench"].as_slice(),
            ["-p", "functions", "--bin", "index"].as_slice(),
        ] {
            let status = cargo()
                .args(["build", "--quiet", "--release", "--target-dir"])
                .arg(&target)
                .args(arguments)
                .current_dir(checkout)
                .status()?;
            if !status.success() {
                return Err(format!("{} cannot be built", checkout.display()).into());
            }
        }
        let release = target.join("release");
        Ok(Self { bench: release.join("bench"), gateway: release.join("index") })
    }
}
