//! The server: routes a request, runs it in a task of its own, and answers.
use super::{
    answer::Answer,
    auth::{Caller, Verifier, authenticate},
    call::Call,
    catalog::{Arguments, Catalog, Function},
    control::{self, Control, Fault},
    keys::Keys,
};
use crate::database::{
    explain,
    pool::{Lease, Pool, PoolError},
};
use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    handler::Handler,
    http::{HeaderMap, Method, StatusCode, header, request::Parts},
    response::Response,
    serve::ListenerExt,
};
use bytes::Bytes;
use serde_json::json;
use std::{
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};
use tokio::{
    net::TcpListener,
    time::{sleep, timeout},
};
use tokio_util::task::TaskTracker;

/// The largest body, in bytes.
const BODY: usize = 64 << 20;

/// How long a call waits for a connection: PostgREST's `db-pool-acquisition-timeout`.
const ACQUIRE: Duration = Duration::from_secs(10);

/// What every request needs.
pub(super) struct Service {
    pool: Pool,
    keys: Keys,
    verifier: Verifier,
    catalog: RwLock<Arc<Catalog>>,
    pub control: Control,
    tasks: TaskTracker,
}

/// Accepts connections until told to stop, then lets those under way finish.
pub(super) async fn serve(
    listener: TcpListener,
    service: Arc<Service>,
    stopped: impl Future<Output = ()> + Send + 'static,
) {
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "a connection without TCP_NODELAY");
        }
    });
    let app = handle.with_state(service).into_make_service();
    if let Err(error) = axum::serve(listener, app).with_graceful_shutdown(stopped).await {
        tracing::error!(%error, "the PostgREST stand-in has stopped");
    }
}

async fn handle(State(service): State<Arc<Service>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY).await else {
        return Answer::json(StatusCode::PAYLOAD_TOO_LARGE, json!({"message": "the body is too large"}).to_string())
            .into_response();
    };
    // A task of its own: whoever leaves in the middle of a call drops this handler, and a transaction must run to its end.
    let task = service.tasks.spawn(respond(Arc::clone(&service), parts, body));
    match task.await {
        Ok(Some(answer)) => answer.into_response(),
        Ok(None) => broken(),
        Err(error) => {
            Answer::json(StatusCode::INTERNAL_SERVER_ERROR, json!({"message": error.to_string()}).to_string())
                .into_response()
        }
    }
}

/// A response that fails before its first byte, which closes the connection.
fn broken() -> Response {
    let nothing = futures_util::stream::iter([Err::<Bytes, _>(std::io::Error::other("withheld by a test"))]);
    Response::new(Body::from_stream(nothing))
}

/// Answers a request; none where a fault withholds the answer.
async fn respond(service: Arc<Service>, parts: Parts, body: Bytes) -> Option<Answer> {
    let started = Instant::now();
    let Some(function) = parts.uri.path().strip_prefix("/rest/v1/rpc/").filter(|name| !name.contains('/')) else {
        return Some(service.elsewhere(&parts).await);
    };
    let execute = service.execute(function, &parts, &body);
    let answer = match service.control.pass(function).await {
        None => Some(execute.await),
        Some(Fault::Refuse) => None,
        Some(Fault::DropAnswer) => {
            execute.await;
            None
        }
        Some(Fault::DelayBefore(delay)) => {
            sleep(delay).await;
            Some(execute.await)
        }
        Some(Fault::DelayAfter(delay)) => {
            let answer = execute.await;
            sleep(delay).await;
            Some(answer)
        }
        Some(Fault::Answer { status, content_type, body }) => Some(control::verbatim(status, &content_type, body)),
        Some(Fault::Raise(code)) => Some(control::raised(&code)),
    };
    service.control.note(function, started, answer.as_ref().map(|answer| answer.status));
    answer
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

    async fn execute(&self, function: &str, parts: &Parts, body: &[u8]) -> Answer {
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
        let function = self.function(name, &arguments).await?;
        let mut lease = self.connection().await?;
        let call = Call { function: &function, arguments: &arguments, body, caller: &caller, request: parts };
        let result = call.run(&mut lease.connection).await;
        lease.release();
        match result {
            Ok(Some(json)) => Ok(Answer::json(StatusCode::OK, json)),
            Ok(None) => Ok(Answer::no_content()),
            Err(error) => Err(Answer::database(&error, caller.anonymous)),
        }
    }

    /// Finds a function, in a fresh catalogue if the one at hand does not have it.
    async fn function(&self, name: &str, arguments: &Arguments) -> Result<Arc<Function>, Answer> {
        let catalog = Arc::clone(&self.catalog.read().unwrap_or_else(PoisonError::into_inner));
        if let Ok(function) = catalog.find(name, arguments) {
            return Ok(function);
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
        catalog.find(name, arguments)
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
    async fn elsewhere(&self, parts: &Parts) -> Answer {
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

fn check_method(method: &Method) -> Result<(), Answer> {
    match *method {
        Method::POST => Ok(()),
        Method::GET | Method::HEAD | Method::OPTIONS => Err(Answer::unsupported(&format!("the method {method}"))),
        _ => {
            let message = format!("Cannot use the {method} method on RPC");
            Err(Answer::error(StatusCode::METHOD_NOT_ALLOWED, "PGRST101", &message, None, None))
        }
    }
}

/// Checks what else a request says about its body and the answer it wants.
fn check_form(parts: &Parts) -> Result<(), Answer> {
    let text = |name: header::HeaderName| parts.headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let media = |value: &str| value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if let Some(content_type) = text(header::CONTENT_TYPE)
        && media(content_type) != "application/json"
    {
        let message = format!("Content-Type not acceptable: {content_type}");
        return Err(Answer::error(StatusCode::BAD_REQUEST, "PGRST102", &message, None, None));
    }
    if let Some(accept) = text(header::ACCEPT) {
        let json = |range: &str| matches!(media(range).as_str(), "application/json" | "application/*" | "*/*");
        if !accept.split(',').any(json) {
            let message = format!("None of these media types are available: {accept}");
            return Err(Answer::error(StatusCode::NOT_ACCEPTABLE, "PGRST107", &message, None, None));
        }
    }
    check_profile(&parts.headers)?;
    for unsupported in ["prefer", "range"] {
        if parts.headers.contains_key(unsupported) {
            return Err(Answer::unsupported(&format!("the header {unsupported}")));
        }
    }
    match parts.uri.query() {
        None | Some("") => Ok(()),
        Some(_) => Err(Answer::unsupported("a query string")),
    }
}

/// Only schema `public` is exposed.
fn check_profile(headers: &HeaderMap) -> Result<(), Answer> {
    match headers.get("content-profile").map(|value| value.to_str().unwrap_or_default()) {
        None | Some("public") => Ok(()),
        Some(other) => {
            let message = format!("Invalid schema: {other}");
            let hint = "Only the following schemas are exposed: public";
            Err(Answer::error(StatusCode::NOT_ACCEPTABLE, "PGRST106", &message, None, Some(hint)))
        }
    }
}
