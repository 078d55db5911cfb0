//! A whole platform for one test: its own database, stores and providers, and a gateway in this process.
//!
//! - `accounts`: accounts, their keys, credit and limits. `models`: models and what they cost.
//! - `requests`: requests to the gateway and their answers.
//! - `books`: what the stores hold when calls are over. `locks`: the database's clock and locks in a test's hands.

mod accounts;
mod books;
mod locks;
mod models;
mod requests;

use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use axum::Router;
use local::database::{Cluster, Database};
use local::platform::Platform;
use local::schema::Layout;
use local::secrets::Secrets;
use local::upstash::Engine;
use reqwest::Client;
use serde_json::Value;
use shared::app::{App, SharedApp};
use shared::config::Config;
use shared::routes::{self, ROUTES};
use shared::serve::serve_plain;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::{certain, http_client};

pub use accounts::{Account, CREDIT};
pub use books::nanos;
pub use models::{MODEL, Route, price, price_of};
pub use requests::{events, hello, read, send};

/// The gateways of tests wait for their stores as long as it takes: a busy machine must not look like a broken one. A
/// test about slow stores sets its own.
const PATIENT: [(&str, &str); 2] = [("DATABASE_TIMEOUT_MS", "30000"), ("REDIS_TIMEOUT_MS", "30000")];

/// A platform and a gateway. Dropping it stops and forgets everything.
pub struct World {
    /// The services.
    pub platform: Platform,
    /// Where the gateway listens.
    pub base_url: String,
    /// A client without retries.
    pub http: Client,
    gateway: Gateway,
    variables: Vec<(String, String)>,
    /// The accounts that it has made, where its database is not its own.
    own: Option<Mutex<Vec<Uuid>>>,
}

struct Gateway {
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<std::io::Result<()>>,
}

impl World {
    /// A world on the database that the environment names, with Redis in process.
    ///
    /// # Panics
    /// When something cannot start.
    pub async fn start() -> Self {
        Self::with(Engine::InProcess, &[]).await
    }

    /// A world on the database that the environment names, or nothing, said loudly, when that is the embedded one: it takes one
    /// connection only, so a test about concurrency would prove nothing there.
    ///
    /// # Panics
    /// When something cannot start.
    pub async fn concurrent(test: &str) -> Option<Self> {
        Self::on_a_server(test, "the embedded database has one connection, so it cannot show concurrency").await
    }

    /// A world on a database whose functions can catch errors, or nothing, said loudly: on the embedded one such a function fails
    /// as a whole.
    ///
    /// # Panics
    /// When something cannot start.
    pub async fn catching(test: &str) -> Option<Self> {
        Self::on_a_server(test, "on the embedded database a function that catches an error fails as a whole").await
    }

    async fn on_a_server(test: &str, otherwise: &str) -> Option<Self> {
        let world = Self::start().await;
        if world.platform.database.max_connections() > 1 {
            return Some(world);
        }
        crate::skipped(&format!("{test}: {otherwise}"));
        None
    }

    /// A world with this Redis, whose gateway has these variables besides its own.
    ///
    /// # Panics
    /// When something cannot start.
    pub async fn with(engine: Engine, variables: &[(&str, &str)]) -> Self {
        let world = Self::around(Deployment::new().await, engine, variables, None).await;
        world.model(MODEL, &[Route::new("openrouter", "standin/normal")]).await;
        world
    }

    /// A world of a deployment that has others as well: their database is one, all else is its own. It knows no model yet, and of
    /// the accounts it looks after those that it has made.
    ///
    /// # Panics
    /// When something cannot start.
    pub async fn of(deployment: &Deployment, variables: &[(&str, &str)]) -> Self {
        Self::around(deployment.clone(), Engine::InProcess, variables, Some(Mutex::default())).await
    }

    async fn around(
        deployment: Deployment,
        engine: Engine,
        variables: &[(&str, &str)],
        own: Option<Mutex<Vec<Uuid>>>,
    ) -> Self {
        let environment =
            |name: &str| variables.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned());
        let Deployment { database, secrets } = deployment;
        let platform = Platform::start(database, engine, secrets, environment).await.expect("the platform starts");
        let (gateway, base_url) = gateway(&platform, variables).await;
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { platform, base_url, http: http_client(), gateway, variables, own }
    }

    /// A second gateway beside the same services, as another instance of the function would be.
    pub async fn another_gateway(&self) -> String {
        self.another_gateway_with(&[]).await
    }

    /// A second gateway, which has these variables besides those of the first.
    pub async fn another_gateway_with(&self, further: &[(&str, &str)]) -> String {
        let own = self.variables.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let variables: Vec<_> = own.chain(further.iter().copied()).collect();
        let (gateway, base_url) = gateway(&self.platform, &variables).await;
        // It stops with the runtime of the test.
        std::mem::forget(gateway);
        base_url
    }

    /// Stops the gateway as SIGTERM would: it drains its calls first.
    ///
    /// # Panics
    /// When it does not end.
    pub async fn stop_gateway(&mut self) {
        if let Some(stop) = self.gateway.stop.take() {
            let _ = stop.send(());
        }
        certain("the gateway's end", &mut self.gateway.task).await.expect("no panic").expect("no error");
    }

    /// The SQL condition that rows are of this world's accounts, by the column that has the account's id.
    fn is_own(&self, column: &str) -> String {
        let Some(own) = &self.own else { return "true".to_owned() };
        let own: Vec<String> = own.lock().unwrap_or_else(PoisonError::into_inner).iter().map(Uuid::to_string).collect();
        format!("{column} = any('{{{}}}')", own.join(","))
    }

    /// Runs SQL as the database's owner.
    ///
    /// # Panics
    /// When it fails.
    pub async fn sql(&self, sql: &str) {
        self.platform.database.execute(sql).await.expect(sql);
    }

    /// The first column of the one row of a query, as JSON.
    ///
    /// # Panics
    /// When it fails or gives another number of rows.
    pub async fn value(&self, sql: &str) -> Value {
        let wrapped = format!("select to_jsonb(found)::text from ({sql}) as wrapped (found)");
        let rows = self.platform.database.texts(&wrapped).await.expect(sql);
        assert_eq!(rows.len(), 1, "{sql}");
        rows[0].as_ref().map_or(Value::Null, |text| serde_json::from_str(text).expect("json"))
    }
}

/// A database, and the secrets of the deployment that it belongs to.
#[derive(Clone)]
pub struct Deployment {
    database: Database,
    secrets: Secrets,
}

impl Deployment {
    /// A fresh database as the schemas say, without the catalog's models.
    ///
    /// # Panics
    /// When there is none to be had.
    pub async fn new() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let blueprint = || Layout::of_repository().for_tests()?.with_seeds(folder, &["src/patience.sql"]);
        let cluster = Cluster::shared(blueprint).await.expect("a database server");
        Self { database: cluster.create_database().await.expect("a database"), secrets: Secrets::random() }
    }
}

/// The endpoints of every gateway: a table of hundreds of paths, which is made once.
fn endpoints() -> Router<SharedApp> {
    static ENDPOINTS: OnceLock<Router<SharedApp>> = OnceLock::new();
    ENDPOINTS.get_or_init(routes::all).clone()
}

async fn gateway(platform: &Platform, further: &[(&str, &str)]) -> (Gateway, String) {
    let mut variables = platform.variables().clone();
    variables.extend(PATIENT.iter().chain(further).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let variables = Arc::new(variables);
    let app = App::new(Config::from_lookup(|name| variables.get(name).cloned()), ROUTES).expect("a gateway");
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let base_url = format!("http://{}", listener.local_addr().expect("an address"));
    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = async {
        let _ = stopped.await;
    };
    let task = tokio::spawn(serve_plain(listener, endpoints(), app, shutdown));
    (Gateway { stop: Some(stop), task }, base_url)
}
