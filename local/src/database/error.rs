//! What can go wrong with the local database, in words for whoever started it.
use super::pool::PoolError;
use std::path::{Path, PathBuf};

/// A failure to find, start or prepare the database.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    #[error("GATEWAY_DATABASE is `{0}`; it may be `embedded` or `installed`")]
    UnknownChoice(String),
    #[error(
        "no installed Postgres found (looked in PG_BIN, PATH and the usual folders for `initdb` and `postgres`); \
         install one, set DATABASE_URL, or set GATEWAY_DATABASE=embedded"
    )]
    NotInstalled,
    #[error("this build holds no embedded Postgres (cargo feature `embedded`); set DATABASE_URL or install Postgres")]
    NoEmbedded,
    #[error("Postgres refuses to run as root and its own user cannot enter {}; use a folder that others may enter, \
             or set GATEWAY_DATABASE=embedded", .0.display())]
    Unreachable(PathBuf),
    #[error("{}: {source}", path.display())]
    Io { path: PathBuf, source: std::io::Error },
    #[error("Postgres did not start: {0}")]
    Start(String),
    #[error(
        "Postgres has ended by itself ({status}), so the gateway stops. Its data are kept: start it again, and Postgres \
         recovers them. Its log is {}", log.display()
    )]
    Ended { status: std::process::ExitStatus, log: PathBuf },
    #[error("DATABASE_URL is not a Postgres URL: {}", explain(.0))]
    Url(tokio_postgres::Error),
    #[error("{}", explain(.0))]
    Postgres(#[from] tokio_postgres::Error),
    #[error("the database has been stopped")]
    Stopped,
    #[error("supabase/schemas/{file}:{line}: {message}")]
    Schema { file: String, line: usize, message: String },
    #[error("{file}: a migration is named VERSION_NAME.sql, VERSION being digits that no other migration has")]
    MigrationName { file: String },
    #[error("{file}:{line}: {message}")]
    Migration { file: String, line: usize, message: String },
    #[error("{file} has changed since it was applied to this database; start anew with --fresh")]
    MigrationChanged { file: String },
    #[error("migration {version} was applied to this database but is not in the folder; start anew with --fresh")]
    MigrationGone { version: String },
    #[error("{file} comes before migrations that were applied already; start anew with --fresh")]
    MigrationOrder { file: String },
    #[error("a seed failed, {file}:{line}: {message}; if it was changed, start anew with --fresh")]
    Seed { file: String, line: usize, message: String },
    #[error("the task that keeps the test databases is gone")]
    ClusterGone,
}

impl DatabaseError {
    /// Wraps an I/O error with the path it is about.
    pub(super) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> DatabaseError {
        let path = path.to_owned();
        move |source| DatabaseError::Io { path, source }
    }
}

impl From<PoolError> for DatabaseError {
    fn from(error: PoolError) -> DatabaseError {
        match error {
            PoolError::Closed => DatabaseError::Stopped,
            PoolError::Connect(error) => DatabaseError::Postgres(error),
        }
    }
}

/// The error with its causes; the driver's own text says no more than "db error".
pub(crate) fn explain(error: &tokio_postgres::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
