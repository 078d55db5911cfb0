//! Memory of a gateway that has worked for a while.

use crate::accounts::Ask;
use crate::figures::Table;
use crate::{ACCOUNTS, Bench, CONNECTIONS, Result, load};

/// What fills the pools and caches.
const WARM_UP: usize = 2_000;

/// Measures it at rest, warm, and after many requests.
///
/// # Errors
/// When an answer is wrong.
pub async fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    let server = bench.functions.gateway(&bench.services.variables).await?;
    let mut note = |when: &str| -> Result<()> {
        table.single(&format!("resident memory {when}"), "MB", server.resident()? as f64 * 1024.0 / 1e6);
        Ok(())
    };
    note("at the start")?;
    let through = bench.accounts.through(server.address, Ask::Plain, ACCOUNTS);
    let requests = bench.options.requests;
    load::round(&through, CONNECTIONS, WARM_UP).await?;
    bench.accounts.settled().await?;
    note(&format!("after {WARM_UP} requests"))?;
    for part in 1..=4 {
        load::round(&through, CONNECTIONS, requests / 4).await?;
        bench.accounts.settled().await?;
        note(&format!("after {} more", requests / 4 * part))?;
    }
    Ok(())
}
