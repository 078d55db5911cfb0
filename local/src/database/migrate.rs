//! Brings a database to the present schema: Supabase's own ground, the migrations, the seeds.
//!
//! The records are those of the Supabase CLI (`supabase_migrations.schema_migrations` and `.seed_files`), so that it
//! and we can take turns on one database.
use super::{DatabaseError, error::explain, pool::Connection};
use sha2::{Digest, Sha256};
use std::{
    fs,
    path::{Path, PathBuf},
};
use tokio_postgres::{Client, error::ErrorPosition};

/// Roles, default privileges and the tables of records.
pub(super) const BOOTSTRAP: &str = include_str!("bootstrap.sql");

/// Two processes that migrate one database take turns by this advisory lock.
const LOCK: i64 = 0x6761_7465_7761_7901;

/// What [`super::Database::migrate`] did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Migrated {
    /// File names of the migrations that were applied now.
    pub applied: Vec<String>,
    /// File names of the seeds that were run now.
    pub seeded: Vec<String>,
}

/// A migration on disk.
pub(super) struct Migration {
    version: String,
    name: String,
    file: String,
    pub(super) sql: String,
}

/// Reads the migrations of a folder in the order of their names. A folder that is not there has none.
pub(super) fn read(folder: &Path) -> Result<Vec<Migration>, DatabaseError> {
    let mut files: Vec<PathBuf> = match fs::read_dir(folder) {
        Ok(entries) => entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()
            .map_err(DatabaseError::io(folder))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(DatabaseError::io(folder)(error)),
    };
    files.retain(|path| path.extension().is_some_and(|end| end == "sql"));
    files.sort();
    let mut migrations: Vec<Migration> = Vec::with_capacity(files.len());
    for path in files {
        let file = file_name(&path);
        let stem = file.trim_end_matches(".sql");
        let Some((version, name)) = stem.split_once('_').filter(|(version, _)| {
            !version.is_empty()
                && version.bytes().all(|byte| byte.is_ascii_digit())
                && migrations.iter().all(|other| other.version != *version)
        }) else {
            return Err(DatabaseError::MigrationName { file });
        };
        migrations.push(Migration { version: version.to_owned(), name: name.to_owned(), sql: read_file(&path)?, file });
    }
    Ok(migrations)
}

/// A seed on disk: its file name and its SQL.
pub(super) fn read_seeds(paths: &[&Path]) -> Result<Vec<(String, String)>, DatabaseError> {
    paths.iter().map(|path| Ok((seed_name(path), read_file(path)?))).collect()
}

/// A seed's folder and file, as the Supabase CLI records `supabase/seed.sql`.
fn seed_name(path: &Path) -> String {
    let folder = path.parent().map(file_name).unwrap_or_default();
    format!("{folder}/{}", file_name(path))
}

fn read_file(path: &Path) -> Result<String, DatabaseError> {
    fs::read_to_string(path).map_err(DatabaseError::io(path))
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Applies what is missing, as the owner of the database.
pub(super) async fn apply(
    connection: &mut Connection,
    migrations: &[Migration],
    seeds: &[(String, String)],
) -> Result<Migrated, DatabaseError> {
    connection.act_as_owner().await?;
    let client = &connection.client;
    // Migrations drop what may not be there; the notices about it are for nobody.
    client.batch_execute("set client_min_messages = warning").await?;
    client.execute("select pg_advisory_lock($1)", &[&LOCK]).await?;
    client.batch_execute(&format!("begin;\n{BOOTSTRAP}\n;commit")).await?;
    let mut migrated = Migrated::default();
    for migration in missing(client, migrations).await? {
        let failed = |line, message| DatabaseError::Migration { file: migration.file.clone(), line, message };
        run(client, &migration.sql, failed, async || {
            client
                .execute(
                    "insert into supabase_migrations.schema_migrations (version, name, statements) values ($1, $2, $3)",
                    &[&migration.version, &migration.name, &vec![&migration.sql]],
                )
                .await
        })
        .await?;
        migrated.applied.push(migration.file.clone());
    }
    for (file, sql) in seeds {
        let hash = hex::encode(Sha256::digest(sql));
        let unchanged = client
            .query_opt("select from supabase_migrations.seed_files where path = $1 and hash = $2", &[file, &hash])
            .await?;
        if unchanged.is_some() {
            continue;
        }
        let failed = |line, message| DatabaseError::Seed { file: file.clone(), line, message };
        run(client, sql, failed, async || {
            client
                .execute(
                    "insert into supabase_migrations.seed_files (path, hash) values ($1, $2) \
                     on conflict (path) do update set hash = excluded.hash",
                    &[file, &hash],
                )
                .await
        })
        .await?;
        migrated.seeded.push(file.clone());
    }
    client.execute("select pg_advisory_unlock($1)", &[&LOCK]).await?;
    client.batch_execute("reset all").await?;
    Ok(migrated)
}

/// Runs one file and its record in one transaction. A failure leaves the connection in the aborted transaction; the
/// caller's lease is then not released, so the connection is closed.
async fn run(
    client: &Client,
    sql: &str,
    failed: impl Fn(usize, String) -> DatabaseError,
    record: impl AsyncFnOnce() -> Result<u64, tokio_postgres::Error>,
) -> Result<(), DatabaseError> {
    client.batch_execute("begin").await?;
    if let Err(error) = client.batch_execute(sql).await {
        return Err(failed(line_of(&error, sql), explain(&error)));
    }
    record().await?;
    client.batch_execute("commit").await?;
    Ok(())
}

/// The migrations that the database has not seen, once those it has seen prove to be the same.
async fn missing<'a>(client: &Client, migrations: &'a [Migration]) -> Result<Vec<&'a Migration>, DatabaseError> {
    let rows = client.query("select version, statements from supabase_migrations.schema_migrations", &[]).await?;
    let mut newest = String::new();
    for row in &rows {
        let version: String = row.try_get(0)?;
        let recorded: Option<Vec<String>> = row.try_get(1)?;
        let Some(migration) = migrations.iter().find(|migration| migration.version == version) else {
            return Err(DatabaseError::MigrationGone { version });
        };
        // The Supabase CLI records a file cut into its statements; one that holds several cannot be compared.
        if let Some([whole]) = recorded.as_deref()
            && trimmed(whole) != trimmed(&migration.sql)
        {
            return Err(DatabaseError::MigrationChanged { file: migration.file.clone() });
        }
        newest = newest.max(version);
    }
    let new: Vec<&Migration> = migrations
        .iter()
        .filter(|migration| rows.iter().all(|row| row.get::<_, &str>(0) != migration.version))
        .collect();
    match new.iter().find(|migration| migration.version < newest) {
        Some(late) => Err(DatabaseError::MigrationOrder { file: late.file.clone() }),
        None => Ok(new),
    }
}

fn trimmed(sql: &str) -> &str {
    sql.trim().trim_end_matches(';').trim_end()
}

/// The line that an error points at, or the first.
fn line_of(error: &tokio_postgres::Error, sql: &str) -> usize {
    let position = error.as_db_error().and_then(|error| error.position());
    match position {
        Some(ErrorPosition::Original(position)) => {
            let before = sql.chars().take(usize::try_from(*position).unwrap_or(0));
            1 + before.filter(|c| *c == '\n').count()
        }
        _ => 1,
    }
}
