//! A small pool of connections, shared by the PostgREST stand-in and by whoever looks into the database beside it.
//!
//! It is shared because the embedded engine takes one connection only.
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinHandle,
};
use tokio_postgres::{Client, Config, NoTls, Statement, error::SqlState};

/// Errors that a connection to the embedded engine takes. Each leaves its frames on the engine's stack, which ends with
/// the connection: after 1 700 errors two functions deep, or 280 sixteen deep, it is full and the engine dies for good.
const MOST_ERRORS: u32 = 100;

/// Connections to one database, at most a fixed number at a time.
#[derive(Clone)]
pub struct Pool {
    shared: Arc<Shared>,
}

struct Shared {
    config: Config,
    driver: Option<Handle>,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Connection>>,
}

/// No connection could be had.
#[derive(Debug, thiserror::Error)]
pub enum PoolError {
    #[error("the database has been stopped")]
    Closed,
    #[error("{0}")]
    Connect(#[from] tokio_postgres::Error),
}

/// One connection, with what has been prepared on it.
pub struct Connection {
    pub client: Client,
    driver: JoinHandle<()>,
    /// Prepared statements by their SQL.
    pub statements: HashMap<String, Statement>,
    /// How many calls on it have ended in an error.
    pub errors: u32,
    /// The user that the connection was made as, once it has acted as another.
    owner: Option<Owner>,
    /// Whether it acts as another now.
    is_authenticator: bool,
}

/// A user of the database.
struct Owner {
    name: String,
    /// A superuser may act as another; anyone else stays who they are, and Postgres checks what they may do.
    may_change: bool,
}

/// What Supabase gives PostgREST's login role: a search path and time limits.
const AUTHENTICATORS: &str =
    "set search_path = public, extensions; set statement_timeout = '8s'; set lock_timeout = '8s'";

impl Pool {
    /// A pool of at most `size` connections. They are driven by `driver`, or by the runtime that asks for them.
    pub(super) fn new(config: Config, size: usize, driver: Option<Handle>) -> Pool {
        let permits = Arc::new(Semaphore::new(size));
        let idle = Mutex::default();
        Pool { shared: Arc::new(Shared { config, driver, permits, idle }) }
    }

    /// Waits for a free connection; makes one if none is idle.
    pub async fn acquire(&self) -> Result<Lease, PoolError> {
        let permits = Arc::clone(&self.shared.permits);
        let permit = permits.acquire_owned().await.map_err(|_| PoolError::Closed)?;
        let idle = loop {
            match self.shared.idle().pop() {
                Some(connection) if connection.client.is_closed() => {}
                other => break other,
            }
        };
        let connection = match idle {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        Ok(Lease { pool: Arc::clone(&self.shared), connection, _permit: permit })
    }

    async fn connect(&self) -> Result<Connection, PoolError> {
        let config = self.shared.config.clone();
        let connect = async move {
            let (client, driver) = config.connect(NoTls).await?;
            let driver = tokio::spawn(async move {
                if let Err(error) = driver.await {
                    tracing::debug!(%error, "a database connection ended");
                }
            });
            Ok::<_, tokio_postgres::Error>((client, driver))
        };
        let connected = match &self.shared.driver {
            // The socket belongs to the runtime that made it.
            Some(driver) => driver.spawn(connect).await.map_err(|_| PoolError::Closed)?,
            None => connect.await,
        };
        let (client, driver) = connected?;
        Ok(Connection { client, driver, statements: HashMap::new(), errors: 0, owner: None, is_authenticator: false })
    }

    /// Closes idle connections, and lets nobody have one any more.
    pub(super) fn close(&self) {
        self.shared.permits.close();
        self.shared.idle().clear();
    }
}

impl Shared {
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        // A panic elsewhere leaves the list as good as it was: it is only pushed to and popped from.
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection {
    /// Prepares a statement, or finds it prepared.
    pub async fn prepare(&mut self, sql: &str) -> Result<Statement, tokio_postgres::Error> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql).await?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    /// Acts as the user that the server was connected to as: migrations, tests, the platform's own queries.
    pub async fn act_as_owner(&mut self) -> Result<(), tokio_postgres::Error> {
        if let Some(owner) = self.owner.as_ref().filter(|_| self.is_authenticator) {
            // By name: a reset does nothing in the embedded engine, which has never been told a default.
            let sql = format!(
                "set session authorization {}; reset search_path; \
                 set statement_timeout = 0; set lock_timeout = 0",
                quoted(&owner.name)
            );
            self.client.batch_execute(&sql).await?;
            self.is_authenticator = false;
        }
        Ok(())
    }

    /// Acts as PostgREST's login role, if its user may, with the search path and the time limits that Supabase gives that role.
    pub async fn act_as_authenticator(&mut self) -> Result<(), tokio_postgres::Error> {
        const CHANGE: &str = "set session authorization authenticator";
        if self.is_authenticator {
            return Ok(());
        }
        match &self.owner {
            Some(owner) if owner.may_change => {
                self.client.batch_execute(&format!("{CHANGE}; {AUTHENTICATORS}")).await?;
            }
            Some(_) => self.client.batch_execute(AUTHENTICATORS).await?,
            None => {
                let row = self.client.query_one("select session_user::text", &[]).await?;
                let name = row.try_get(0)?;
                let may_change = match self.client.batch_execute(CHANGE).await {
                    Ok(()) => true,
                    Err(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => false,
                    Err(error) => return Err(error),
                };
                self.client.batch_execute(AUTHENTICATORS).await?;
                self.owner = Some(Owner { name, may_change });
            }
        }
        self.is_authenticator = true;
        Ok(())
    }
}

/// An identifier as SQL.
pub(crate) fn quoted(identifier: &str) -> String {
    format!("\"{}\"", identifier.replace('"', "\"\""))
}

/// A connection taken from the pool. It goes back by [`Lease::release`]; dropped without (the work on it was cut
/// short, so its state is unknown) it is closed.
pub struct Lease {
    pub connection: Connection,
    pool: Arc<Shared>,
    _permit: OwnedSemaphorePermit,
}

impl Lease {
    /// Puts the connection back; the caller has left no transaction open on it.
    pub fn release(self) {
        let spent = self.pool.driver.is_some() && self.connection.errors >= MOST_ERRORS;
        if !spent && !self.connection.client.is_closed() && !self.pool.permits.is_closed() {
            self.pool.idle().push(self.connection);
        }
    }

    /// Closes the connection, and waits until the server has been told.
    pub(super) async fn close(self) {
        drop(self.connection.client);
        // An error is a driver that was stopped with its runtime, its connection with it.
        let _ = self.connection.driver.await;
    }
}
