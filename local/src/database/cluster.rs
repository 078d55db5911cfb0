//! Databases for tests: one server a process, a template that is made once, and a copy of it for each test.
use super::{
    Blueprint, Database, DatabaseError, Source, embedded, error::explain, image::Image, installed::Installed,
    pool::quoted, scratch, template::prepare, with_database,
};
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::sync::{OnceCell, mpsc, oneshot};

/// How long a test's end waits for its database to be dropped.
const DROP: Duration = Duration::from_secs(10);

/// A server for tests. Dropping it stops the server.
pub struct Cluster(Kind);

enum Kind {
    Server {
        url: String,
        keeper: mpsc::UnboundedSender<Task>,
        numbers: AtomicU64,
    },
    /// The engine holds one database: each test has its own engine, on a copy of what the blueprint has made of the first.
    Embedded {
        blueprint: Blueprint,
        image: OnceCell<Arc<Image>>,
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
    pub async fn shared(
        blueprint: impl FnOnce() -> Result<Blueprint, DatabaseError>,
    ) -> Result<&'static Cluster, DatabaseError> {
        static SHARED: OnceCell<Cluster> = OnceCell::const_new();
        SHARED
            .get_or_try_init(|| async {
                let source = Source::detect(|name| std::env::var(name).ok(), None)?;
                Cluster::start(source, blueprint()?).await
            })
            .await
    }

    /// Starts a server, if one must be, and prepares the template.
    pub async fn start(source: Source, blueprint: Blueprint) -> Result<Cluster, DatabaseError> {
        if source == Source::Embedded {
            return Ok(Cluster(Kind::Embedded { blueprint, image: OnceCell::new() }));
        }
        let (keeper, tasks) = mpsc::unbounded_channel();
        let (started, start) = oneshot::channel();
        // A thread of its own: it outlives the runtime of the test that happened to come first.
        thread::Builder::new()
            .name("test-databases".to_owned())
            .spawn(move || keep(source, &blueprint, started, tasks))
            .map_err(DatabaseError::io(Path::new("thread")))?;
        let url = start.await.map_err(|_| DatabaseError::ClusterGone)??;
        Ok(Cluster(Kind::Server { url, keeper, numbers: AtomicU64::new(0) }))
    }

    /// A fresh database as the blueprint says. It is dropped with the handle.
    pub async fn create_database(&self) -> Result<Database, DatabaseError> {
        match &self.0 {
            Kind::Embedded { blueprint, image } => {
                let image = image.get_or_try_init(|| prepared(blueprint)).await?;
                Database::start_on(Arc::clone(image)).await
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

/// The data of an embedded engine of which the blueprint has been made.
async fn prepared(blueprint: &Blueprint) -> Result<Arc<Image>, DatabaseError> {
    let folder = scratch::folder("gateway-embedded-template-")?;
    let database = Database::start(Source::Embedded, Some(folder.path())).await?;
    database.apply(blueprint).await?;
    database.stop().await;
    Ok(Arc::new(Image::read(&folder.path().join(embedded::FOLDER))?))
}

impl super::Server for Copy {}

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
    blueprint: &Blueprint,
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
        let (client, template) = match prepare(&url, blueprint).await {
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
                    let sql = format!("create database {} {template}", quoted(&name));
                    let _ = done.send(client.batch_execute(&sql).await.map_err(DatabaseError::from));
                }
                Task::Drop { name, done } => {
                    let sql = format!("drop database if exists {} with (force)", quoted(&name));
                    if let Err(error) = client.batch_execute(&sql).await {
                        tracing::warn!(error = explain(&error), name, "a test's database could not be dropped");
                    }
                    let _ = done.send(());
                }
            }
        }
    });
}
