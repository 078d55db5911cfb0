//! Stands where the embedded engine would be in a build without it.
use super::DatabaseError;
use std::path::Path;
use tokio::runtime::Handle;

/// An engine that cannot be had.
pub(super) enum Embedded {}

impl Embedded {
    pub(super) fn start(_dir: Option<&Path>) -> Result<(Embedded, String, Handle), DatabaseError> {
        Err(DatabaseError::NoEmbedded)
    }
}

impl super::Server for Embedded {}
