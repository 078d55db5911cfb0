//! What the schema command can refuse, in words for whoever typed it.
use super::{derive::FIRST, migration::OPEN};
use crate::database::DatabaseError;
use std::path::{Path, PathBuf};

/// Why nothing was derived, drafted or released.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    #[error("{0}")]
    Database(#[from] DatabaseError),
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: std::io::Error },
    #[error(
        "{FIRST} is released, so it is frozen: databases exist that have run it. \
         `cargo run -- schema migration NAME` drafts a migration of what the schemas say beyond it"
    )]
    Frozen,
    #[error(
        "nothing is released yet, so there is no database to migrate: \
         `cargo run -- schema --write` derives the first migration anew"
    )]
    NothingReleased,
    #[error("`{0}` is no name for a migration: lower-case letters, digits and _, a letter first, 60 at most")]
    Name(String),
    #[error("`{0}` is no name for a release: one word without spaces, such as v1.2.0, that is not taken")]
    Version(String),
    #[error("supabase/RELEASED:{line}: `# VERSION` begins a release; its files follow, one a line as SHA-256 and path")]
    Released { line: usize },
    #[error("there is no migration since the last release, so nothing to release")]
    NothingNew,
    #[error("not released, because of this:\n{}", .0.join("\n"))]
    Unready(Vec<String>),
    #[error("{file} still says `{OPEN}`: write what it leaves open before drafting another migration")]
    Open { file: String },
}

impl SchemaError {
    /// Wraps an I/O error with the path it is about.
    pub(super) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> SchemaError {
        let path = path.to_owned();
        move |source| SchemaError::Io { path, source }
    }
}
