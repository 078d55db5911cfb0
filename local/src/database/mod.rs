//! The database of the local platform: a given Postgres, an installed one, or the one inside this program.
//!
//! - [`Source`] says which; [`Database::start`] starts it; [`Database::apply`] makes of it what a [`Blueprint`] says.
//! - [`Cluster`] makes databases for tests.
//! - [`pool`] shares the connections, of which the embedded engine takes one only.
mod blueprint;
mod cluster;
#[cfg(feature = "embedded")]
mod embedded;
#[cfg(not(feature = "embedded"))]
#[path = "no_embedded.rs"]
mod embedded;
mod error;
mod find;
mod image;
mod installed;
mod migrate;
pub mod pool;
mod scratch;
mod source;
mod template;
#[cfg(test)]
mod tests;
mod user;

pub use blueprint::Blueprint;
pub(crate) use blueprint::sql_files;
pub use cluster::Cluster;
pub use error::DatabaseError;
pub(crate) use error::explain;
pub use migrate::Migrated;
pub use source::Source;

use embedded::Embedded;
use image::Image;
use installed::Installed;
use pool::Pool;
use std::path::Path;
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio_postgres::{Row, SimpleQueryMessage, types::ToSql};

/// Connections that this program opens at most to a real server: two a core, since the server is on this machine and
/// more than that only take the cores' caches from one another (measured on 2 cores: 16 cost a third more CPU time a
/// call than 4).
fn connections() -> usize {
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    (2 * cores).clamp(4, 16)
}

/// A database that accepts connections. Clones are the same one, with the same connections. Dropping the last of them stops
/// what was started for it and removes temporary data; this may block for some milliseconds.
#[derive(Clone)]
pub struct Database(Arc<Shared>);

struct Shared {
    url: String,
    pool: Pool,
    size: usize,
    // Declared last, so that the connections close before it stops.
    server: Option<Box<dyn Server>>,
}

/// What was started for a database. Dropping it stops it.
trait Server: Send + Sync {
    /// Why it runs no more, if it has ended by itself.
    fn ended(&self) -> Option<DatabaseError> {
        None
    }
}

/// How often a server is looked at.
const LOOK: std::time::Duration = std::time::Duration::from_millis(250);

impl Database {
    /// Starts the database, or connects to a given one. With `dir` the data stay there and commits wait for the disk;
    /// without, they are temporary. A given server keeps its data where it likes.
    pub async fn start(source: Source, dir: Option<&Path>) -> Result<Database, DatabaseError> {
        let dir = dir.map(Path::to_owned);
        let start = move || match source {
            Source::Url(url) => Database::new(url, None, None),
            Source::Installed(bin) => {
                let server = Installed::start(&bin, dir.as_deref())?;
                Database::new(server.url("postgres"), Some(Box::new(server)), None)
            }
            Source::Embedded => {
                let (server, url, driver) = Embedded::start(dir.as_deref())?;
                Database::new(url, Some(Box::new(server)), Some(driver))
            }
        };
        Self::started(start).await
    }

    /// Starts the embedded engine on a copy of these data, which is temporary.
    async fn start_on(image: Arc<Image>) -> Result<Database, DatabaseError> {
        Self::started(move || {
            let folder = scratch::folder("gateway-embedded-")?;
            image.write(&folder.path().join(embedded::FOLDER))?;
            let (server, url, driver) = Embedded::start_in(folder)?;
            Database::new(url, Some(Box::new(server)), Some(driver))
        })
        .await
    }

    async fn started(
        start: impl FnOnce() -> Result<Database, DatabaseError> + Send + 'static,
    ) -> Result<Database, DatabaseError> {
        let started = tokio::task::spawn_blocking(start).await;
        let database = started.map_err(|error| DatabaseError::Start(error.to_string()))??;
        // A wrong URL or password shows here and not at the first request.
        database.pool().acquire().await?.release();
        Ok(database)
    }

    /// `driver` drives the connection of an engine that has only one.
    fn new(url: String, server: Option<Box<dyn Server>>, driver: Option<Handle>) -> Result<Database, DatabaseError> {
        let size = if driver.is_some() { 1 } else { connections() };
        let config = url.parse().map_err(DatabaseError::Url)?;
        Ok(Database(Arc::new(Shared { pool: Pool::new(config, size, driver), url, size, server })))
    }

    /// A connection string, as tokio-postgres and psql understand it. The embedded engine's one connection is taken by
    /// this program: whoever else connects waits until it is closed.
    pub fn url(&self) -> &str {
        &self.0.url
    }

    /// How many connections may be open at a time: 1 on the embedded engine.
    pub fn max_connections(&self) -> usize {
        self.0.size
    }

    /// The connections of this program.
    pub fn pool(&self) -> &Pool {
        &self.0.pool
    }

    /// Makes of this database what the blueprint says. Schemas are for a new database. Migrations that it has not seen are
    /// applied, each in a transaction; then the seeds that it has not seen in their present form are run.
    pub async fn apply(&self, blueprint: &Blueprint) -> Result<Migrated, DatabaseError> {
        let mut lease = self.pool().acquire().await?;
        let migrated = migrate::apply(&mut lease.connection, blueprint).await?;
        lease.release();
        Ok(migrated)
    }

    /// Runs statements without parameters as the owner of the database, beside the API.
    pub async fn execute(&self, sql: &str) -> Result<(), DatabaseError> {
        let mut lease = self.pool().acquire().await?;
        lease.connection.act_as_owner().await?;
        // After an error the connection is given up: the statements may have opened a transaction.
        lease.connection.client.batch_execute(sql).await?;
        lease.release();
        Ok(())
    }

    /// Runs one query as the owner of the database, beside the API.
    pub async fn query(&self, sql: &str, parameters: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, DatabaseError> {
        let mut lease = self.pool().acquire().await?;
        lease.connection.act_as_owner().await?;
        let rows = lease.connection.client.query(sql, parameters).await;
        lease.release();
        Ok(rows?)
    }

    /// The first column of each row of a query without parameters, as text: one round trip, as the owner of the database, beside
    /// the API.
    pub async fn texts(&self, sql: &str) -> Result<Vec<Option<String>>, DatabaseError> {
        let mut lease = self.pool().acquire().await?;
        lease.connection.act_as_owner().await?;
        let messages = lease.connection.client.simple_query(sql).await;
        lease.release();
        let row = |message| match message {
            SimpleQueryMessage::Row(row) => Some(row.get(0).map(str::to_owned)),
            _ => None,
        };
        Ok(messages?.into_iter().filter_map(row).collect())
    }

    /// Waits until the server that was started for this database has ended by itself; answers why. A server that was
    /// given is somebody else's and may come back: it is waited for without end.
    pub async fn ended(&self) -> DatabaseError {
        loop {
            tokio::time::sleep(LOOK).await;
            if let Some(ended) = self.0.server.as_ref().and_then(|server| server.ended()) {
                return ended;
            }
        }
    }

    /// Stops the database, unless there are clones of it, without blocking the runtime. Dropping it does the same, but blocks.
    pub async fn stop(self) {
        if let Err(error) = tokio::task::spawn_blocking(move || drop(self)).await {
            tracing::warn!(%error, "the database did not stop cleanly");
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.pool.close();
    }
}

/// The same server's connection string with another database.
fn with_database(url: &str, name: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return format!("{url} dbname={name}");
    };
    let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = address.split_once('/').map_or(address, |(authority, _)| authority);
    let query = if query.is_empty() { String::new() } else { format!("?{query}") };
    format!("{scheme}://{authority}/{name}{query}")
}
