//! The Postgres inside this program (WebAssembly, Postgres 17). It takes one connection at a time.
//!
//! Its data survive the death of the program, but not that of the machine: it cannot run with `fsync` (it would flush
//! folders, which its file system refuses). Its `statement_timeout` never fires, and unbounded recursion ends it.
use super::DatabaseError;
use pglite_oxide::PgliteServer;
use std::{
    path::Path,
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::runtime::{Handle, Runtime};

/// Where the engine's data are within a folder of ours.
pub(super) const FOLDER: &str = "embedded";

/// How long to wait for a data folder that a program killed a moment ago still holds.
const HANDOVER: Duration = Duration::from_secs(2);

/// A running engine. Dropping it stops it, and removes its data if those are temporary.
pub(super) struct Embedded {
    server: Option<PgliteServer>,
    // The engine stops only when its client has gone, so the client's side must run on even where the caller blocks.
    driver: Option<Runtime>,
    _scratch: TempDir,
}

impl Embedded {
    /// Opens the engine on `dir`, or on a temporary folder, and blocks until it accepts its connection. Answers with it
    /// the connection string of its only database, and the runtime that must drive the client's side.
    pub(super) fn start(dir: Option<&Path>) -> Result<(Embedded, String, Handle), DatabaseError> {
        let scratch = tempfile::Builder::new()
            .prefix("gateway-embedded-")
            .tempdir()
            .map_err(DatabaseError::io(&std::env::temp_dir()))?;
        let Some(dir) = dir else { return Self::start_in(scratch) };
        std::fs::create_dir_all(dir).map_err(DatabaseError::io(dir))?;
        Self::on(&dir.join(FOLDER), scratch)
    }

    /// The same on a temporary folder, which may hold data already and is removed with it.
    pub(super) fn start_in(folder: TempDir) -> Result<(Embedded, String, Handle), DatabaseError> {
        Self::on(&folder.path().join(FOLDER), folder)
    }

    fn on(root: &Path, scratch: TempDir) -> Result<(Embedded, String, Handle), DatabaseError> {
        // Over TCP the engine's answers wait for delayed acknowledgements: 44 ms a transaction.
        let socket = scratch.path().join(".s.PGSQL.5432");
        let since = Instant::now();
        let server = loop {
            match open(root, &socket) {
                Ok(server) => break server,
                Err(error) if error.contains("already in use") && since.elapsed() < HANDOVER => {
                    std::thread::sleep(Duration::from_millis(100));
                }
                Err(error) => return Err(DatabaseError::Start(error)),
            }
        };
        let driver = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("embedded-postgres-client")
            .enable_all()
            .build()
            .map_err(DatabaseError::io(scratch.path()))?;
        let (url, handle) = (server.database_url(), driver.handle().clone());
        let embedded = Embedded { server: Some(server), driver: Some(driver), _scratch: scratch };
        Ok((embedded, url, handle))
    }
}

fn open(root: &Path, socket: &Path) -> Result<PgliteServer, String> {
    PgliteServer::builder()
        .path(root)
        .unix(socket)
        .postgres_config("shared_buffers", "16MB")
        .start()
        .map_err(|error| format!("{error:#}"))
}

impl super::Server for Embedded {}

impl Drop for Embedded {
    fn drop(&mut self) {
        if let Some(driver) = self.driver.take() {
            driver.shutdown_background();
        }
        if let Some(server) = self.server.take()
            && let Err(error) = server.shutdown()
        {
            tracing::warn!("the embedded Postgres did not stop cleanly: {error:#}");
        }
    }
}
