//! Who calls and what: accounts with credit, their keys and the models.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderValue, Method};
use local::database::Database;
use local::secrets::Secrets;
use serde_json::{Value, json};
use shared::api_key::hash;
use shared::config::Pepper;

use crate::Result;
use crate::load::Target;
use crate::services::Services;

/// The last call of a section must have been settled by then.
const SETTLE: Duration = Duration::from_secs(30);

/// A plan beyond what any run asks for: every limit is checked and none is met.
const PLAN: &str = "insert into gateway.plans
    (id, name, requests_per_minute, burst, requests_per_hour, requests_per_day, requests_per_month, tokens_per_minute,
     tokens_per_day, tokens_per_month, concurrency, credits_per_month)
    select 'bench', 'Bench', most, most, most, most, most, most, most, most, 1000000, 0
    from (values (1000000000000::bigint)) as figures (most)
    on conflict do nothing";

/// What is asked for.
#[derive(Clone, Copy)]
pub enum Ask {
    /// A plain completion, from memory: the stand-in's behaviour `fast`.
    Plain,
    /// The same, streamed in this many chunks, each written by itself.
    Stream(usize),
    /// The same as a response, which is stored or is not.
    Response { stored: bool },
}

impl Ask {
    /// The stand-in's name of the model.
    fn upstream(self) -> String {
        match self {
            Self::Plain | Self::Response { .. } => "standin/fast".to_owned(),
            Self::Stream(chunks) => format!("standin/fast?chunks={chunks}&flush=1"),
        }
    }

    const fn path(self) -> &'static str {
        match self {
            Self::Response { .. } => "/v1/responses",
            Self::Plain | Self::Stream(_) => "/v1/chat/completions",
        }
    }

    fn body(self, model: &str) -> Bytes {
        if let Self::Response { stored } = self {
            let input = "Where does the water of a river come from in a summer without any rain?";
            return json!({ "model": model, "max_output_tokens": 256, "store": stored, "input": input })
                .to_string()
                .into();
        }
        let mut body = json!({ "model": model, "max_tokens": 256, "temperature": 0.7, "messages": [
            { "role": "system", "content": "You are a helpful assistant. Answer shortly and to the point." },
            { "role": "user", "content": "Where does the water of a river come from in a summer without any rain?" },
        ]});
        if let Self::Stream(_) = self {
            body["stream"] = Value::Bool(true);
            // The gateway asks for it in any case.
            body["stream_options"] = json!({ "include_usage": true });
        }
        body.to_string().into()
    }

    const fn ends(self) -> &'static [u8] {
        match self {
            Self::Plain | Self::Response { .. } => b"}",
            Self::Stream(_) => b"data: [DONE]\n\n",
        }
    }
}

/// The accounts.
pub struct Accounts {
    database: Database,
    keys: Vec<HeaderValue>,
}

impl Accounts {
    /// Makes `number` accounts, each with a live key of every scope and credit without end.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn create(services: &Services, number: usize) -> Result<Self> {
        let database = services.database().await?;
        let mut keys = Vec::new();
        for account in 0..number {
            let key = format!("gw_live_{}", Secrets::random().of("key"));
            create(&database, &format!("bench-{account}@bench.example"), &hash(&key, &pepper(services)?)).await?;
            keys.push(HeaderValue::from_str(&format!("Bearer {key}"))?);
        }
        for ask in [Ask::Plain, Ask::Stream(crate::streaming::CHUNKS)] {
            model(&database, &ask.upstream()).await?;
        }
        Ok(Self { database, keys })
    }

    /// The load on the gateway at `address`, from the first `accounts` accounts in turn.
    pub fn through(&self, address: SocketAddr, ask: Ask, accounts: usize) -> Target {
        Target {
            method: Method::POST,
            address,
            path: ask.path().to_owned(),
            callers: self.keys[..accounts].to_vec(),
            headers: &[],
            // A model of the catalog is named as the provider names it.
            body: ask.body(&ask.upstream()),
            signed: Arc::default(),
            ends: ask.ends(),
        }
    }

    /// The same load straight on the provider stand-in.
    ///
    /// # Errors
    /// When the platform does not say where that is.
    pub fn straight(services: &Services, ask: Ask) -> Result<Target> {
        let url: http::Uri = services.variable("OPENROUTER_BASE_URL")?.parse()?;
        let key = services.variable("OPENROUTER_API_KEY")?;
        Ok(Target {
            method: Method::POST,
            address: url.authority().ok_or("the provider has no address")?.as_str().parse()?,
            path: format!("{}/chat/completions", url.path()),
            callers: vec![HeaderValue::from_str(&format!("Bearer {key}"))?],
            headers: &[],
            body: ask.body(&ask.upstream()),
            signed: Arc::default(),
            ends: ask.ends(),
        })
    }

    /// Waits until every call is settled: the settle is off the client's path.
    ///
    /// # Errors
    /// When holds stay open.
    pub async fn settled(&self) -> Result<()> {
        let began = Instant::now();
        while count(&self.database, "select count(*) from gateway.holds").await? > 0 {
            if began.elapsed() > SETTLE {
                return Err("holds stay open".into());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    /// Calls that have been charged.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn charged(&self) -> Result<i64> {
        count(&self.database, "select count(*) from gateway.requests where cost > 0").await
    }

    /// Every invariant of the ledger must hold.
    ///
    /// # Errors
    /// When one does not.
    pub async fn check(&self, services: &Services) -> Result<()> {
        self.settled().await?;
        check_ledger(&self.database).await?;
        eprintln!("the ledger is clean: {} calls charged, at {}", self.charged().await?, services.database_url);
        Ok(())
    }
}

/// An account, its key and its credit.
///
/// # Errors
/// When the database refuses.
pub async fn create(database: &Database, email: &str, key_hash: &str) -> Result<()> {
    database.execute(PLAN).await?;
    database
        .query(
            "with account as (
               insert into gateway.accounts (email, plan) values ($1::text, 'bench') returning accounts.*
             ), key as (
               insert into gateway.api_keys (account_id, key_hash, prefix, last_four, name, environment, scopes)
               select id, $2::text, 'gw_live_', 'last', 'bench', 'live', array['*'] from account
             )
             select from account",
            &[&email, &key_hash],
        )
        .await?;
    database
        .query(
            "select gateway.grant_credit(accounts, 'purchase', 1000000000000000, null, 'bench', now())
             from gateway.accounts where email = $1::text",
            &[&email],
        )
        .await?;
    Ok(())
}

/// A model that OpenRouter serves under the same name, at 1 000 nano-dollars a prompt token and 2 000 a completion
/// token.
///
/// # Errors
/// When the database refuses.
pub async fn model(database: &Database, name: &str) -> Result<()> {
    database
        .query(
            "with model as (
               insert into gateway.models (id, name, developer, context_length, max_output)
               values ($1::text, $1::text, 'bench', 128000, 16384) returning id
             )
             insert into gateway.model_routes
               (model_id, provider, upstream_model, prompt_price, cached_price, completion_price)
             select id, 'openrouter', id, 1000000000, 500000000, 2000000000 from model",
            &[&name],
        )
        .await?;
    Ok(())
}

/// Fails unless the ledger is clean.
///
/// # Errors
/// With what is wrong.
pub async fn check_ledger(database: &Database) -> Result<()> {
    let rows = database.query("select gateway.ledger_check()::text", &[]).await?;
    let report: String = rows.first().ok_or("no report")?.get(0);
    let report: Value = serde_json::from_str(&report)?;
    if report["ok"] == true { Ok(()) } else { Err(format!("the ledger is not clean: {report}").into()) }
}

/// The one number that a query answers.
///
/// # Errors
/// When the database refuses.
pub async fn count(database: &Database, sql: &str) -> Result<i64> {
    Ok(database.query(sql, &[]).await?.first().ok_or("no row")?.try_get(0)?)
}

fn pepper(services: &Services) -> Result<Pepper> {
    Ok(Pepper { version: 1, secret: services.variable("API_KEY_PEPPER")?.to_owned() })
}
