//! What a request comes to: its caller, its function, its transaction, its answer.
use super::{
    answer::Answer,
    auth::{Caller, Verifier, authenticate},
    call::Call,
    catalog::{Arguments, Catalog, Function},
    control::Control,
    form::{check_form, check_method},
    keys::Keys,
};
use crate::database::{
    explain,
    pool::{Lease, Pool, PoolError},
};
use axum::http::{StatusCode, request::Parts};
use serde_json::json;
use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

/// How long a call waits for a connection: PostgREST's `db-pool-acquisition-timeout`.
const ACQUIRE: Duration = Duration::from_secs(10);

/// What every request needs.
pub(super) struct Service {
    pool: Pool,
    keys: Keys,
    verifier: Verifier,
    catalog: RwLock<Arc<Catalog>>,
    pub control: Control,
    /// The calls under way.
    pub tasks: TaskTracker,
}

impl Service {
    pub(super) fn new(pool: Pool, keys: Keys) -> Service {
        Service {
            pool,
            verifier: Verifier::new(&keys),
            keys,
            catalog: RwLock::default(),
            control: Control::default(),
            tasks: TaskTracker::new(),
        }
    }

    /// Waits for the calls under way.
    pub(super) async fn finish(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    /// Answers a call of a function.
    pub(super) async fn execute(&self, function: &str, parts: &Parts, body: &[u8]) -> Answer {
        self.call(function, parts, body).await.unwrap_or_else(|answer| answer)
    }

    async fn call(&self, name: &str, parts: &Parts, body: &[u8]) -> Result<Answer, Answer> {
        let caller = authenticate(&self.keys, &self.verifier, &parts.headers)?;
        check_method(&parts.method)?;
        check_form(parts)?;
        let invalid = |_| Answer::error(StatusCode::BAD_REQUEST, "PGRST102", "Empty or invalid json", None, None);
        // Without a body a function is called without arguments.
        let body = if body.is_empty() { "{}" } else { std::str::from_utf8(body).map_err(|_| invalid(()))? };
        let arguments = Arguments::parse(body).map_err(|_| invalid(()))?;
        let (catalog, function) = self.function(name, &arguments).await?;
        let mut lease = self.connection().await?;
        let timeout = catalog.timeout(&caller.role);
        let call = Call { function: &function, arguments: &arguments, body, caller: &caller, timeout, request: parts };
        let result = call.run(&mut lease.connection).await;
        lease.connection.errors += u32::from(result.is_err());
        lease.release();
        match result {
            Ok((json, headers)) => {
                let answer = json.map_or_else(Answer::no_content, |json| Answer::json(StatusCode::OK, json));
                answer.with_headers(headers.as_deref())
            }
            Err(error) => Err(Answer::database(&error, caller.anonymous)),
        }
    }

    /// Finds a function, in a fresh catalogue if the one at hand does not have it.
    async fn function(&self, name: &str, arguments: &Arguments) -> Result<(Arc<Catalog>, Arc<Function>), Answer> {
        let catalog = Arc::clone(&self.catalog.read().unwrap_or_else(PoisonError::into_inner));
        if let Ok(function) = catalog.find(name, arguments) {
            return Ok((catalog, function));
        }
        let lease = self.connection().await?;
        let read = Catalog::read(&lease.connection.client).await;
        lease.release();
        let catalog = match read {
            Ok(catalog) => Arc::new(catalog),
            Err(error) => {
                let message = "Could not query the database for the schema cache. Retrying.";
                let details = explain(&error);
                return Err(Answer::error(StatusCode::SERVICE_UNAVAILABLE, "PGRST002", message, Some(&details), None));
            }
        };
        *self.catalog.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&catalog);
        let function = catalog.find(name, arguments)?;
        Ok((catalog, function))
    }

    async fn connection(&self) -> Result<Lease, Answer> {
        match timeout(ACQUIRE, self.pool.acquire()).await {
            Ok(Ok(lease)) => Ok(lease),
            Ok(Err(error)) => {
                let message = "Database connection error. Retrying the connection.";
                let details = match &error {
                    PoolError::Connect(error) => explain(error),
                    PoolError::Closed => error.to_string(),
                };
                Err(Answer::error(StatusCode::SERVICE_UNAVAILABLE, "PGRST000", message, Some(&details), None))
            }
            Err(_) => {
                let message = "Timed out acquiring connection from connection pool.";
                Err(Answer::error(StatusCode::GATEWAY_TIMEOUT, "PGRST003", message, None, None))
            }
        }
    }

    /// Answers what is not a call of a function.
    pub(super) async fn elsewhere(&self, parts: &Parts) -> Answer {
        let Some(path) = parts.uri.path().strip_prefix("/rest/v1") else {
            let body = json!({"message": "no Route matched with those values"});
            return Answer::json(StatusCode::NOT_FOUND, body.to_string());
        };
        let caller = match authenticate(&self.keys, &self.verifier, &parts.headers) {
            Ok(caller) => caller,
            Err(answer) => return answer,
        };
        match path.trim_matches('/') {
            "" => Answer::unsupported("the description of the API"),
            table if table.contains('/') => {
                Answer::error(StatusCode::NOT_FOUND, "PGRST125", "Invalid path specified in request URL", None, None)
            }
            table => self.table(table, &caller).await.unwrap_or_else(|answer| answer),
        }
    }

    /// A table that schema `public` does not have is not found, as in the original; any other is refused.
    async fn table(&self, name: &str, caller: &Caller) -> Result<Answer, Answer> {
        let lease = self.connection().await?;
        let sql = "select exists (select from pg_catalog.pg_class \
                   where relnamespace = 'public'::regnamespace and relname = $1 and relkind in ('r', 'v', 'm', 'f', 'p'))";
        let found = lease.connection.client.query_one(sql, &[&name]).await.and_then(|row| row.try_get(0));
        lease.release();
        match found {
            Ok(true) => Ok(Answer::unsupported("tables and views")),
            Ok(false) => {
                let message = format!("Could not find the table 'public.{name}' in the schema cache");
                Ok(Answer::error(StatusCode::NOT_FOUND, "PGRST205", &message, None, None))
            }
            Err(error) => Err(Answer::database(&error, caller.anonymous)),
        }
    }
}
