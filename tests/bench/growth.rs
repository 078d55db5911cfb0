//! What a call leaves behind: bytes on disk by table, and bytes of the log that replicas and backups read.

use std::collections::BTreeMap;

use local::database::Database;

use crate::accounts::{Accounts, Ask};
use crate::figures::Table;
use crate::functions::Server;
use crate::services::Services;
use crate::storage::Storage;
use crate::{ACCOUNTS, Bench, CONNECTIONS, Result, load};

/// So many calls that the pages they share with what was there before do not count.
const CALLS: usize = 20_000;

/// A table with all its partitions: the bytes of its rows and of its indexes.
const SIZES: &str = "select coalesce(pg_partition_root(c.oid), c.oid)::regclass::text,
    sum(pg_table_size(c.oid))::bigint, sum(pg_indexes_size(c.oid))::bigint
  from pg_class c where relnamespace = 'gateway'::regnamespace and relkind = 'r' group by 1";

/// Measures it on the Postgres that flushes, whose log holds whole pages too.
///
/// # Errors
/// When an answer is wrong.
pub async fn measure(bench: &Bench, table: &mut Table) -> Result<()> {
    let services = Services::start(&std::env::current_exe()?, &Storage::Flushed(bench.options.disk.clone()))?;
    let accounts = Accounts::create(&services, ACCOUNTS).await?;
    let server = Server::start(bench.functions.gateway_program(), &services.variables).await?;
    let target = accounts.through(server.address, Ask::Plain, ACCOUNTS);
    load::round(&target, CONNECTIONS, CALLS / 10).await?;
    accounts.settled().await?;

    let database = services.database().await?;
    database.execute("checkpoint").await?;
    let (before, log_before) = (sizes(&database).await?, log(&database).await?);
    let calls_before = accounts.charged().await?;
    load::round(&target, CONNECTIONS, CALLS).await?;
    accounts.settled().await?;
    let (after, log_after) = (sizes(&database).await?, log(&database).await?);
    let calls = (accounts.charged().await? - calls_before) as f64;

    table.begin(&["bytes a call", "rows", "indexes"]);
    for (name, [rows, indexes]) in after {
        let [rows_before, indexes_before] = before.get(&name).copied().unwrap_or_default();
        let a_call = |grown: i64| Some(vec![grown as f64 / calls]);
        // Rows that are changed in place, and holds that come and go, keep their size once they are vacuumed.
        if rows - rows_before > 0 {
            table.row(&name, "", &[a_call(rows - rows_before), a_call(indexes - indexes_before)]);
        }
    }
    table.row("write-ahead log", "", &[Some(vec![(log_after - log_before) as f64 / calls]), None]);
    accounts.check(&services).await
}

async fn sizes(database: &Database) -> Result<BTreeMap<String, [i64; 2]>> {
    let rows = database.query(SIZES, &[]).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, [row.try_get(1)?, row.try_get(2)?]))).collect()
}

/// The bytes that the write-ahead log has had since the database was made.
///
/// # Errors
/// When the database refuses.
pub async fn log(database: &Database) -> Result<i64> {
    crate::accounts::count(database, "select (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint").await
}
