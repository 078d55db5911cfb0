//! A whole platform for one test: its own database, stores and providers, and a gateway in this process.

use std::path::Path;
use std::sync::Arc;

use local::database::{Cluster, Database};
use local::platform::Platform;
use local::schema::Layout;
use local::secrets::Secrets;
use local::upstash::{Engine, Reply};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::{Value, json};
use shared::app::App;
use shared::config::{Config, Pepper};
use shared::routes::{self, ROUTES};
use shared::serve::serve_plain;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::{certain, http_client};

/// The model that most tests call: 1 000 nano-dollars a prompt token, 2 000 a completion token, on OpenRouter.
pub const MODEL: &str = "test/model";

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
}

struct Gateway {
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<std::io::Result<()>>,
}

/// An account with one key of every scope.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its id.
    pub id: Uuid,
    /// The id of its key.
    pub key_id: Uuid,
    /// Its key.
    pub key: String,
}

/// A route of a test's model; prices in nano-dollars per million tokens.
#[derive(Clone, Copy, Debug)]
pub struct Route<'a> {
    /// The provider.
    pub provider: &'a str,
    /// What it calls the model: a behaviour of the stand-in.
    pub upstream: &'a str,
    /// The price of the prompt.
    pub prompt: i64,
    /// The price of cached prompt tokens.
    pub cached: i64,
    /// The price of the completion.
    pub completion: i64,
}

impl<'a> Route<'a> {
    /// 1 000 nano-dollars a prompt token, 500 a cached one, 2 000 a completion token.
    #[must_use]
    pub const fn new(provider: &'a str, upstream: &'a str) -> Self {
        Self { provider, upstream, prompt: 1_000_000_000, cached: 500_000_000, completion: 2_000_000_000 }
    }
}

impl World {
    /// A world on the database that the environment names, with Redis in process.
    ///
    /// # Panics
    /// When something cannot start.
    pub async fn start() -> Self {
        Self::with(Engine::InProcess, &[]).await
    }

    /// A world on the database that the environment names, or nothing, said loudly, when that takes one connection
    /// only: a test about concurrency would prove nothing there.
    ///
    /// # Panics
    /// When something cannot start.
    pub async fn concurrent(test: &str) -> Option<Self> {
        let world = Self::start().await;
        if world.platform.database.max_connections() > 1 {
            return Some(world);
        }
        crate::skipped(&format!("{test}: the embedded database has one connection, so it cannot show concurrency"));
        None
    }

    /// A world on a database whose functions can catch errors, or nothing, said loudly: on the embedded one such a function fails
    /// as a whole.
    ///
    /// # Panics
    /// When something cannot start.
    pub async fn catching(test: &str) -> Option<Self> {
        let world = Self::start().await;
        if world.platform.database.max_connections() > 1 {
            return Some(world);
        }
        crate::skipped(&format!("{test}: on the embedded database a function that catches an error fails as a whole"));
        None
    }

    /// A world with this Redis, whose gateway has these variables besides its own.
    ///
    /// # Panics
    /// When something cannot start.
    pub async fn with(engine: Engine, variables: &[(&str, &str)]) -> Self {
        let database = database().await;
        let environment =
            |name: &str| variables.iter().find(|(own, _)| *own == name).map(|(_, value)| (*value).to_owned());
        let platform =
            Platform::start(database, engine, Secrets::random(), environment).await.expect("the platform starts");
        let (gateway, base_url) = gateway(&platform, variables).await;
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let world = Self { platform, base_url, http: http_client(), gateway, variables };
        world.model(MODEL, &[Route::new("openrouter", "standin/normal")]).await;
        world
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
        let rows = self.platform.database.query(&wrapped, &[]).await.expect(sql);
        assert_eq!(rows.len(), 1, "{sql}");
        let text: Option<String> = rows[0].get(0);
        text.map_or(Value::Null, |text| serde_json::from_str(&text).expect("json"))
    }

    /// An account on pay-as-you-go, with limits that no test meets unless it lowers them, and this credit in
    /// nano-dollars.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn account(&self, nanos: i64) -> Account {
        let (id, key_id) = (Uuid::new_v4(), Uuid::new_v4());
        let key = format!("gw_live_{}", &Secrets::random().of("key"));
        let hash = self.hash(&key);
        self.sql(&format!(
            r#"insert into gateway.accounts (id, email, plan, rate_limits) values ('{id}', '{id}@test.example', 'pay_as_you_go',
                 '{{"requests_per_minute": 1000000, "burst": 1000000, "concurrency": 100000}}');
               insert into gateway.api_keys (id, account_id, key_hash, prefix, last_four, name, environment, scopes)
                 values ('{key_id}', '{id}', '{hash}', 'gw_live_', 'test', 'test', 'live', array['*']);"#
        ))
        .await;
        if nanos > 0 {
            self.grant(id, nanos, "purchase", None).await;
        }
        Account { id, key_id, key }
    }

    /// Sets limits of an account in place of its plan's, by the names of `gateway.plans`.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn limit(&self, account: Uuid, limits: &Value) {
        let sql = format!("update gateway.accounts set rate_limits = rate_limits || '{limits}' where id = '{account}'");
        self.sql(&sql).await;
    }

    /// An account that may administer.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn administrator(&self) -> Account {
        let account = self.account(0).await;
        self.sql(&format!("update gateway.accounts set role = 'admin' where id = '{}'", account.id)).await;
        account
    }

    /// Gives an account credit.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn grant(&self, account: Uuid, nanos: i64, source: &str, expires_in: Option<&str>) {
        let expires_at = expires_in.map_or("null".to_owned(), |within| format!("gateway.now() + interval '{within}'"));
        self.sql(&format!(
            "do $$ declare account gateway.accounts; begin
               select * into account from gateway.accounts where id = '{account}' for update;
               perform gateway.grant_credit(account, '{source}', {nanos}, {expires_at}, 'test', gateway.now());
             end $$"
        ))
        .await;
    }

    /// Puts a model with these routes, and no others, into the catalog.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn model(&self, id: &str, routes: &[Route<'_>]) {
        let mut sql = format!(
            "insert into gateway.models (id, name, developer, context_length, max_output, input_modalities, image_tokens)
               values ('{id}', '{id}', 'test', 128000, 16384, array['text', 'image'], 1000) on conflict do nothing;
             delete from gateway.model_routes where model_id = '{id}';"
        );
        for Route { provider, upstream, prompt, cached, completion } in routes {
            sql.push_str(&format!(
                "insert into gateway.model_routes
                   (model_id, provider, upstream_model, prompt_price, cached_price, completion_price)
                   values ('{id}', '{provider}', '{upstream}', {prompt}, {cached}, {completion});"
            ));
        }
        self.sql(&sql).await;
    }

    /// The hash under which the gateway knows a key.
    #[must_use]
    pub fn hash(&self, key: &str) -> String {
        let secret = self.platform.variables()["API_KEY_PEPPER"].clone();
        shared::api_key::hash(key, &Pepper { version: 1, secret })
    }

    /// A GET with this key.
    pub fn get(&self, path: &str, key: &str) -> RequestBuilder {
        self.http.get(format!("{}{path}", self.base_url)).bearer_auth(key)
    }

    /// A POST of JSON with this key.
    pub fn post(&self, path: &str, key: &str, body: &Value) -> RequestBuilder {
        self.http
            .post(format!("{}{path}", self.base_url))
            .bearer_auth(key)
            .header("content-type", "application/json")
            .body(body.to_string())
    }

    /// A chat completion with this key; [`hello`] makes bodies.
    pub fn chat(&self, key: &str, body: &Value) -> RequestBuilder {
        self.post("/v1/chat/completions", key, body)
    }

    /// Sends a plain chat completion that must be served and gives its JSON.
    ///
    /// # Panics
    /// When it is not served.
    pub async fn completion(&self, key: &str, body: &Value) -> Value {
        let (status, answer) = read(send(self.chat(key, body)).await).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    /// Waits until no hold is open and no lease is left: every call has been settled.
    ///
    /// # Panics
    /// When that does not come.
    pub async fn settled(&self) {
        let settled = async {
            while self.value("select count(*) from gateway.holds where state = 'open'").await != json!(0)
                || self.leases().await > 0
            {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        certain("the settle of every call", settled).await;
    }

    /// Leases of accounts that have not been ended.
    ///
    /// # Panics
    /// When Redis does not answer.
    pub async fn leases(&self) -> usize {
        let accounts = self.platform.database.query("select id::text from gateway.accounts", &[]).await.expect("ids");
        let mut leases = 0;
        for account in accounts {
            let key = format!("lease:account:{}", account.get::<_, String>(0));
            let reply = self.platform.upstash.execute(&["ZCARD", &key]).await.expect("ZCARD");
            if let Reply::Integer(count) = reply {
                leases += usize::try_from(count).expect("a count");
            }
        }
        leases
    }

    /// The ledger's invariants hold.
    ///
    /// # Panics
    /// When one does not.
    pub async fn assert_ledger_clean(&self) {
        let report = self.value("select gateway.ledger_check()").await;
        assert_eq!(report["ok"], json!(true), "{report}");
    }

    /// Balance, held and debt of an account, in nano-dollars.
    ///
    /// # Panics
    /// When there is no such account.
    pub async fn money(&self, account: Uuid) -> (i64, i64, i64) {
        let sql = format!("select jsonb_build_array(balance, held, debt) from gateway.accounts where id = '{account}'");
        let money = self.value(&sql).await;
        let amount = |i: usize| money[i].as_i64().expect("an amount");
        (amount(0), amount(1), amount(2))
    }
}

/// A fresh database as the schemas say, without the catalog's models.
async fn database() -> Database {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let blueprint = || Layout::of_repository().for_tests()?.with_seeds(folder, &["src/patience.sql"]);
    let cluster = Cluster::shared(blueprint).await.expect("a database server");
    cluster.create_database().await.expect("a database")
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
    let task = tokio::spawn(serve_plain(listener, routes::all(), app, shutdown));
    (Gateway { stop: Some(stop), task }, base_url)
}

/// A short chat completion of [`MODEL`], with further members.
///
/// # Panics
/// When `further` is not an object.
#[must_use]
pub fn hello(further: &Value) -> Value {
    let mut body = json!({ "model": MODEL, "messages": [{ "role": "user", "content": "Hello" }] });
    let members = further.as_object().expect("an object").clone();
    body.as_object_mut().expect("an object").extend(members);
    body
}

/// Sends a request that must be answered.
///
/// # Panics
/// When it is not.
pub async fn send(request: RequestBuilder) -> Response {
    certain("an answer", request.send()).await.expect("an answer")
}

/// A response's status and JSON.
///
/// # Panics
/// When the body is not JSON.
pub async fn read(response: Response) -> (u16, Value) {
    let status = response.status().as_u16();
    let text = certain("a body", response.text()).await.expect("a body");
    (status, serde_json::from_str(&text).unwrap_or_else(|_| panic!("not JSON: {text}")))
}

/// The `data:` events of a stream's text, parsed, without `[DONE]`.
///
/// # Panics
/// When one is not JSON.
#[must_use]
pub fn events(stream: &str) -> Vec<Value> {
    let data = stream.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| *data != "[DONE]");
    data.map(|data| serde_json::from_str(data).unwrap_or_else(|_| panic!("not JSON: {data}"))).collect()
}

/// An amount of dollars in an answer, in nano-dollars.
///
/// # Panics
/// When it is not an amount.
#[must_use]
pub fn nanos(dollars: &Value) -> i64 {
    // Small figures are exact in an f64's shortest form, which is how serde_json prints them.
    let text = dollars.to_string();
    let text = match text.split_once('e') {
        Some((digits, exponent)) => {
            let decimals = digits.split_once('.').map_or(0, |(_, fraction)| fraction.len());
            let places = exponent.trim_start_matches('-').parse::<usize>().expect("an exponent") + decimals;
            format!("{:.places$}", dollars.as_f64().expect("a number"))
        }
        None => text,
    };
    shared::money::Nanos::from_dollars(text.trim_end_matches(".0")).unwrap_or_else(|e| panic!("{text}: {e}")).0
}
