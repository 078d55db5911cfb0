//! Databases for tests: one server a process, a template that is migrated once, and a copy of it for each test.
use super::{
    Database, DatabaseError, Source,
    error::explain,
    installed::Installed,
    migrate::{self, Migration},
    pool::{Pool, quoted},
    with_database,
};
use sha2::{Digest, Sha256};
use std::{
    path::Path,
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::sync::{OnceCell, mpsc, oneshot};
use tokio_postgres::{Client, NoTls};

/// How long a test's end waits for its database to be dropped.
const DROP: Duration = Duration::from_secs(10);

/// Test processes that share one server take turns at its template by this advisory lock.
const LOCK: i64 = 0x6761_7465_7761_7902;

/// A server for tests. Dropping it stops the server.
pub struct Cluster(Kind);

enum Kind {
    Server {
        url: String,
        keeper: mpsc::UnboundedSender<Task>,
        numbers: AtomicU64,
    },
    /// The engine holds one database: each test has its own engine.
    Embedded {
        migrations: Vec<Migration>,
        seeds: Vec<(String, String)>,
    },
}

enum Task {
    Create { name: String, done: oneshot::Sender<Result<(), DatabaseError>> },
    Drop { name: String, done: Sender<()> },
}

/// The part of a test's database that drops it.
pub(super) struct Copy {
    name: String,
    keeper: mpsc::UnboundedSender<Task>,
}

impl Cluster {
    /// The one cluster of this process, started by the first who asks, on the source that the environment names. The
    /// operating system's end of the process stops it.
    pub async fn shared(migrations: &Path, seeds: &[&Path]) -> Result<&'static Cluster, DatabaseError> {
        static SHARED: OnceCell<Cluster> = OnceCell::const_new();
        SHARED
            .get_or_try_init(|| async {
                let source = Source::detect(|name| std::env::var(name).ok(), None)?;
                Cluster::start(source, migrations, seeds).await
            })
            .await
    }

    /// Starts a server, if one must be, and prepares the template.
    pub async fn start(source: Source, migrations: &Path, seeds: &[&Path]) -> Result<Cluster, DatabaseError> {
        let migrations = migrate::read(migrations)?;
        let seeds = migrate::read_seeds(seeds)?;
        if source == Source::Embedded {
            return Ok(Cluster(Kind::Embedded { migrations, seeds }));
        }
        let (keeper, tasks) = mpsc::unbounded_channel();
        let (started, start) = oneshot::channel();
        // A thread of its own: it outlives the runtime of the test that happened to come first.
        thread::Builder::new()
            .name("test-databases".to_owned())
            .spawn(move || keep(source, &migrations, &seeds, started, tasks))
            .map_err(DatabaseError::io(Path::new("thread")))?;
        let url = start.await.map_err(|_| DatabaseError::ClusterGone)??;
        Ok(Cluster(Kind::Server { url, keeper, numbers: AtomicU64::new(0) }))
    }

    /// A fresh, migrated database. It is dropped with the handle.
    pub async fn create_database(&self) -> Result<Database, DatabaseError> {
        match &self.0 {
            Kind::Embedded { migrations, seeds } => {
                let database = Database::start(Source::Embedded, None).await?;
                database.apply(migrations, seeds).await?;
                Ok(database)
            }
            Kind::Server { url, keeper, numbers } => {
                // Processes that share a server may have the same number in different containers.
                let time = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
                let number = numbers.fetch_add(1, Ordering::Relaxed);
                let name = format!("gateway_test_{}_{time}_{number}", std::process::id());
                let (done, created) = oneshot::channel();
                let task = Task::Create { name: name.clone(), done };
                keeper.send(task).map_err(|_| DatabaseError::ClusterGone)?;
                created.await.map_err(|_| DatabaseError::ClusterGone)??;
                let copy = Copy { name: name.clone(), keeper: keeper.clone() };
                Database::new(with_database(url, &name), Some(Box::new(copy)), None)
            }
        }
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let (done, dropped): (Sender<()>, Receiver<()>) = channel();
        let task = Task::Drop { name: std::mem::take(&mut self.name), done };
        if self.keeper.send(task).is_ok() {
            // An error means that the server is gone, and with it the database.
            let _ = dropped.recv_timeout(DROP);
        }
    }
}

/// The life of the server: starts it, prepares the template, then makes and drops databases until nobody can ask.
fn keep(
    source: Source,
    migrations: &[Migration],
    seeds: &[(String, String)],
    started: oneshot::Sender<Result<String, DatabaseError>>,
    mut tasks: mpsc::UnboundedReceiver<Task>,
) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = started.send(Err(DatabaseError::io(Path::new("runtime"))(error)));
            return;
        }
    };
    runtime.block_on(async {
        let server;
        let url = match source {
            Source::Installed(bin) => match Installed::start(&bin, None) {
                Ok(installed) => {
                    server = installed;
                    server.url("postgres")
                }
                Err(error) => {
                    let _ = started.send(Err(error));
                    return;
                }
            },
            Source::Url(url) => url,
            Source::Embedded => return,
        };
        let (client, template) = match prepare(&url, migrations, seeds).await {
            Ok(prepared) => prepared,
            Err(error) => {
                let _ = started.send(Err(error));
                return;
            }
        };
        if started.send(Ok(url)).is_err() {
            return;
        }
        while let Some(task) = tasks.recv().await {
            match task {
                Task::Create { name, done } => {
                    let sql = format!("create database \"{name}\" {template}");
                    let _ = done.send(client.batch_execute(&sql).await.map_err(DatabaseError::from));
                }
                Task::Drop { name, done } => {
                    let sql = format!("drop database if exists \"{name}\" with (force)");
                    if let Err(error) = client.batch_execute(&sql).await {
                        tracing::warn!(error = explain(&error), name, "a test's database could not be dropped");
                    }
                    let _ = done.send(());
                }
            }
        }
    });
}

/// Makes sure that the server has a template of this schema. Its name says which schema it holds, so that processes
/// and runs share it where they share a server. Answers a client of the server and the clause that copies the template.
///
/// The client holds an advisory lock on the template for as long as it lives, so that nobody drops it meanwhile.
async fn prepare(
    url: &str,
    migrations: &[Migration],
    seeds: &[(String, String)],
) -> Result<(Client, String), DatabaseError> {
    let (client, driver) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(driver);
    let schema = fingerprint(migrations, seeds);
    let name = format!("gateway_template_{schema:016x}");
    client.execute("select pg_advisory_lock($1)", &[&LOCK]).await?;
    let templates = drop_unused(&client, schema).await?;
    client.execute("select pg_advisory_lock_shared($1)", &[&schema]).await?;
    if !templates.contains(&name) {
        let unfinished = format!("{name}_unfinished");
        client.batch_execute(&format!("create database \"{unfinished}\"")).await?;
        let config = with_database(url, &unfinished).parse().map_err(DatabaseError::Url)?;
        let mut lease = Pool::new(config, 1, None).acquire().await?;
        migrate::apply(&mut lease.connection, migrations, seeds).await?;
        lease.close().await;
        let rename = format!("alter database \"{unfinished}\" rename to \"{name}\"");
        client.batch_execute(&rename).await?;
    }
    client.execute("select pg_advisory_unlock($1)", &[&LOCK]).await?;
    let row = client.query_one("show fsync", &[]).await?;
    // Copying files takes 10 ms where nothing waits for the disk, and a second where it does: then the log is faster.
    let strategy = match row.try_get(0)? {
        "off" => " strategy file_copy",
        _ => "",
    };
    Ok((client, format!("template \"{name}\"{strategy}")))
}

/// Drops the templates of other schemas than `ours` that no process uses, and unfinished ones. Answers those left.
async fn drop_unused(client: &Client, ours: i64) -> Result<Vec<String>, DatabaseError> {
    let all = "select datname::text from pg_database where datname like 'gateway\\_template\\_%'";
    let mut left = Vec::new();
    for row in client.query(all, &[]).await? {
        let name: String = row.try_get(0)?;
        let digits = name.trim_start_matches("gateway_template_");
        let finished = !digits.ends_with("_unfinished");
        let Ok(schema) = u64::from_str_radix(digits.trim_end_matches("_unfinished"), 16) else {
            continue;
        };
        let schema = schema.cast_signed();
        if finished && schema == ours {
            left.push(name);
            continue;
        }
        let row = client.query_one("select pg_try_advisory_lock($1)", &[&schema]).await?;
        if row.try_get(0)? {
            let dropped = client.batch_execute(&format!("drop database {}", quoted(&name))).await;
            client.execute("select pg_advisory_unlock($1)", &[&schema]).await?;
            dropped?;
        }
    }
    Ok(left)
}

/// A number for what migrations and seeds make of a database.
fn fingerprint(migrations: &[Migration], seeds: &[(String, String)]) -> i64 {
    let sql = migrations.iter().map(|migration| &migration.sql);
    let mut hash = Sha256::new().chain_update(migrate::BOOTSTRAP);
    for sql in sql.chain(seeds.iter().map(|(_, sql)| sql)) {
        hash.update(sql.len().to_le_bytes());
        hash.update(sql);
    }
    let digest: [u8; 32] = hash.finalize().into();
    let [a, b, c, d, e, f, g, h, ..] = digest;
    i64::from_be_bytes([a, b, c, d, e, f, g, h])
}
