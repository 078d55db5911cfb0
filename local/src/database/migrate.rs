//! Brings a database to what a blueprint says: Supabase's own ground, the schemas or the migrations, the seeds.
//!
//! The records of migrations and seeds are those of the Supabase CLI (`supabase_migrations.schema_migrations` and `.seed_files`), so that it
//! and we can take turns on one database.
use super::{
    DatabaseError,
    blueprint::{Blueprint, Migration, SqlFile, Structure},
    error::explain,
    pool::Connection,
};
use sha2::{Digest, Sha256};
use tokio_postgres::{Client, error::ErrorPosition};

/// Roles, default privileges and the tables of records.
pub(super) const BOOTSTRAP: &str = include_str!("bootstrap.sql");

/// Two processes that migrate one database take turns by this advisory lock.
const LOCK: i64 = 0x6761_7465_7761_7901;

/// What [`super::Database::apply`] did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Migrated {
    /// File names of the migrations that were applied now.
    pub applied: Vec<String>,
    /// File names of the seeds that were run now.
    pub seeded: Vec<String>,
}

/// Applies what is missing, as the owner of the database.
pub(super) async fn apply(connection: &mut Connection, blueprint: &Blueprint) -> Result<Migrated, DatabaseError> {
    connection.act_as_owner().await?;
    let client = &connection.client;
    // Migrations drop what may not be there; the notices about it are for nobody.
    client.batch_execute("set client_min_messages = warning").await?;
    client.execute("select pg_advisory_lock($1)", &[&LOCK]).await?;
    client.batch_execute(&format!("begin;\n{BOOTSTRAP}\n;commit")).await?;
    let applied = match &blueprint.structure {
        Structure::Schemas(files) => create(client, files).await?,
        Structure::Migrations(migrations) => migrate(client, migrations).await?,
    };
    let seeded = seed(client, &blueprint.seeds).await?;
    client.execute("select pg_advisory_unlock($1)", &[&LOCK]).await?;
    client.batch_execute("reset all").await?;
    Ok(Migrated { applied, seeded })
}

/// Makes everything that the schemas say, or nothing. There is no record of it: it is for a database that is new.
async fn create(client: &Client, files: &[SqlFile]) -> Result<Vec<String>, DatabaseError> {
    client.batch_execute("begin").await?;
    for SqlFile { name, sql } in files {
        if let Err(error) = client.batch_execute(sql).await {
            let (file, line) = (name.clone(), line_of(&error, sql));
            return Err(DatabaseError::Schema { file, line, message: explain(&error) });
        }
    }
    client.batch_execute("commit").await?;
    Ok(Vec::new())
}

async fn migrate(client: &Client, migrations: &[Migration]) -> Result<Vec<String>, DatabaseError> {
    let mut applied = Vec::new();
    for migration in missing(client, migrations).await? {
        let SqlFile { name: file, sql } = &migration.file;
        let failed = |line, message| DatabaseError::Migration { file: file.clone(), line, message };
        run(client, sql, failed, async || {
            client
                .execute(
                    "insert into supabase_migrations.schema_migrations (version, name, statements) values ($1, $2, $3)",
                    &[&migration.version, &migration.name, &vec![sql]],
                )
                .await
        })
        .await?;
        applied.push(file.clone());
    }
    Ok(applied)
}

async fn seed(client: &Client, seeds: &[SqlFile]) -> Result<Vec<String>, DatabaseError> {
    let mut seeded = Vec::new();
    for SqlFile { name: file, sql } in seeds {
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
        seeded.push(file.clone());
    }
    Ok(seeded)
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
            && trimmed(whole) != trimmed(&migration.file.sql)
        {
            return Err(DatabaseError::MigrationChanged { file: migration.file.name.clone() });
        }
        newest = newest.max(version);
    }
    let new: Vec<&Migration> = migrations
        .iter()
        .filter(|migration| rows.iter().all(|row| row.get::<_, &str>(0) != migration.version))
        .collect();
    match new.iter().find(|migration| migration.version < newest) {
        Some(late) => Err(DatabaseError::MigrationOrder { file: late.file.name.clone() }),
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
