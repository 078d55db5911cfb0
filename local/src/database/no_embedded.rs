//! Stands where the embedded engine would be in a build without it.
use super::DatabaseError;
use std::path::Path;
use tempfile::TempDir;
use tokio::runtime::Handle;

/// See the engine's.
pub(super) const FOLDER: &str = "embedded";

/// An engine that cannot be had.
pub(super) enum Embedded {}

impl Embedded {
    pub(super) fn start(_dir: Option<&Path>) -> Result<(Embedded, String, Handle), DatabaseError> {
        Err(DatabaseError::NoEmbedded)
    }

    pub(super) fn start_in(_folder: TempDir) -> Result<(Embedded, String, Handle), DatabaseError> {
        Err(DatabaseError::NoEmbedded)
    }
}

impl super::Server for Embedded {}
