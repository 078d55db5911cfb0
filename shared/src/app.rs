//! What one process holds: the configuration and the connections, built once, outside any request.

use std::sync::{Arc, OnceLock};

use reqwest::Url;

use crate::config::{Config, Misconfigured, Setting, configured};
use crate::connections::clients::{ClientError, Clients};
use crate::credits::turns::Turns;
use crate::error::Error;
use crate::limits::Limiter;
use crate::model_lists::ModelLists;
use crate::refusals::Refusals;
use crate::route::Route;
use crate::sign_in::privy::Privy;
use crate::supabase::Supabase;
use crate::traces::Exporter;
use crate::upstash::Upstash;
use crate::zipped::Zipped;

/// The state behind every endpoint.
pub struct App {
    /// The environment as read at the start.
    pub config: Config,
    /// The HTTP client for all but the stores.
    pub http: reqwest::Client,
    /// Another that keeps no connections; built when it is first needed.
    http_unkept: OnceLock<reqwest::Client>,
    clients: Clients,
    /// The rate limiter.
    pub limiter: Limiter,
    /// The queues of calls for the database, which take a few of an account at a time.
    pub turns: Turns,
    /// Who verifies Privy's tokens.
    pub privy: Privy,
    /// The refused calls that the database has not been told of.
    pub refusals: Refusals,
    /// The lists of models as the database last sent them.
    pub model_lists: ModelLists,
    /// Lists that were compressed before.
    pub zipped: Zipped,
    /// Where traces of calls go, where anybody asks for them.
    pub traces: Option<Exporter>,
    /// The table of everything that this gateway serves, for its service card.
    pub routes: &'static [Route],
    supabase: Setting<Supabase>,
    upstash: Setting<Upstash>,
}

/// Shared by all requests of a process.
pub type SharedApp = Arc<App>;

/// Why the process cannot start.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// An HTTP client cannot be built.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// A variable that every endpoint depends on is malformed.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Malformed(Vec<Misconfigured>),
}

impl App {
    /// Builds the connections that `config` allows, for a gateway that serves `routes`; opens none of them yet.
    ///
    /// # Errors
    /// When the HTTP client cannot be built, or a variable that every endpoint depends on is malformed.
    pub fn new(config: Config, routes: &'static [Route]) -> Result<SharedApp, AppError> {
        if !config.malformed.is_empty() {
            return Err(AppError::Malformed(config.malformed));
        }
        let clients = Clients::new(log_unusable(&config.proxies).unwrap_or_default())?;
        let http = clients.web()?;
        let store = |url: &Url| clients.store(url, &http);
        let supabase = config.supabase.clone().and_then(|settings| Supabase::new(&settings, store));
        let upstash = config.upstash.clone().and_then(|settings| Upstash::new(&settings, store));
        let limiter = Limiter::new(upstash.clone(), config.redis_prefix.clone());
        let privy = Privy::new(config.privy.clone(), http.clone());
        let environment = config.environment.as_str();
        let traces = log_unusable(&config.traces).map(|settings| Exporter::new(settings, environment, http.clone()));
        Ok(Arc::new(Self {
            config,
            http,
            http_unkept: OnceLock::new(),
            clients,
            limiter,
            turns: Turns::default(),
            privy,
            refusals: Refusals::default(),
            model_lists: ModelLists::default(),
            zipped: Zipped::default(),
            traces,
            routes,
            supabase,
            upstash,
        }))
    }

    /// An HTTP client that opens a connection for each request.
    #[must_use]
    pub fn http_unkept(&self) -> &reqwest::Client {
        // The first client was built from the same settings, so this one can be built as well.
        self.http_unkept.get_or_init(|| self.clients.web_unkept().unwrap_or_else(|_| self.http.clone()))
    }

    /// The database.
    ///
    /// # Errors
    /// `not_configured`, after a log line that names the variable.
    pub fn supabase(&self) -> Result<&Supabase, Error> {
        configured(&self.supabase)
    }

    /// Redis, which holds counters, breakers and the outbox.
    ///
    /// # Errors
    /// `not_configured`, after a log line that names the variable.
    pub fn upstash(&self) -> Result<&Upstash, Error> {
        configured(&self.upstash)
    }

    /// The database, or `None` where it is not configured.
    #[must_use]
    pub fn supabase_if_configured(&self) -> Option<&Supabase> {
        self.supabase.as_ref().ok()
    }

    /// Redis, or `None` where it is not configured.
    #[must_use]
    pub fn upstash_if_configured(&self) -> Option<&Upstash> {
        self.upstash.as_ref().ok()
    }
}

/// A setting that nothing is refused for: what is wrong with it is logged.
fn log_unusable<T: Clone>(setting: &Setting<T>) -> Option<T> {
    if let Some(malformed) = setting.as_ref().err().filter(|misconfigured| !misconfigured.is_missing()) {
        malformed.log();
    }
    setting.as_ref().ok().cloned()
}
