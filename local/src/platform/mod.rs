//! Everything a gateway needs, on this machine: what production has as services, as servers on loopback.
//!
//! The gateway itself is told about them by the variables of a deployment and does not know where it runs.

mod cron;
mod ready;
mod services;

use std::collections::HashMap;
use std::future::Future;
use std::path::Path;

use shared::app::App;
use shared::config::variables::{self, Group, PROVIDERS_JSON, REFUSED, RUST_LOG, Variable, WEBHOOK_LOCAL_HOSTS};
use shared::config::{Config, IN_LOWER_CASE};
use shared::providers::table::PROVIDERS;
use shared::routes::{self, ROUTES};
use shared::serve::serve_plain;
use tokio::net::TcpListener;

use crate::database::{Database, DatabaseError};
use crate::loopback::Loopback;
use crate::mailbox::{Mailbox, REQUESTS_A_SECOND};
use crate::pages;
use crate::postgrest::{Keys, Postgrest};
use crate::privy::Privy;
use crate::provider::{NAMES, ProviderKeys, Providers};
use crate::public_files;
use crate::secrets::Secrets;
use crate::stripe::Stripe;
use crate::upstash::{Engine, Upstash, UpstashError};

pub use ready::ReadyKeys;

/// Why the platform does not start.
#[derive(Debug, thiserror::Error)]
pub enum PlatformError {
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The Upstash stand-in.
    #[error("redis: {0}")]
    Upstash(#[from] UpstashError),
    /// A port or a file.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The keys of Supabase or of Privy.
    #[error("the keys of a stand-in cannot be made: {0}")]
    Keys(#[from] jsonwebtoken::errors::Error),
    /// The gateway.
    #[error(transparent)]
    Gateway(#[from] shared::app::AppError),
}

/// The running services.
pub struct Platform {
    /// The database behind PostgREST.
    pub database: Database,
    /// Supabase's stand-in.
    pub postgrest: Postgrest,
    /// Upstash's stand-in.
    pub upstash: Upstash,
    /// The providers' stand-ins.
    pub providers: Providers,
    /// What would go to Resend.
    pub mailbox: Mailbox,
    /// Privy's stand-in.
    pub privy: Privy,
    /// Stripe's stand-in.
    pub stripe: Stripe,
    /// The project's keys, `anon` among them.
    pub supabase_keys: Keys,
    secrets: Secrets,
    variables: HashMap<String, String>,
    /// The providers of `PROVIDERS_JSON`, all of which are real.
    own_providers: Vec<&'static str>,
    _resend: Loopback,
}

/// The root of this repository.
#[must_use]
pub fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

impl Platform {
    /// Starts the services around a migrated database. `environment` is where variables of the user come from: a
    /// provider that has a key there is the real one.
    ///
    /// # Errors
    /// When a service cannot start.
    pub async fn start(
        database: Database,
        engine: Engine,
        secrets: Secrets,
        environment: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, PlatformError> {
        let supabase_keys = Keys::derive(secrets.seed())?;
        let postgrest = Postgrest::start(&database, supabase_keys.clone()).await?;
        let upstash = Upstash::start(engine, secrets.of("upstash token")).await?;
        let providers = Providers::start(ProviderKeys::default()).await?;
        let mailbox = Mailbox::new(
            &secrets.of("resend key"),
            &format!("whsec_{}=", secrets.of("resend webhook").replace('-', "+").replace('_', "/")),
        );
        let resend = Loopback::serve(mailbox.api()).await?;
        let privy = Privy::start(&secrets).await?;
        let stripe = Stripe::start(&secrets).await?;

        let mut variables = HashMap::new();
        let mut set = |name: &str, value: String| variables.insert(name.to_owned(), value);
        for name in passed_on() {
            if let Some(value) = environment(name) {
                set(name, value);
            }
        }
        set("VERCEL_ENV", "development".to_owned());
        // A newcomer's own server, as they would write it.
        set(WEBHOOK_LOCAL_HOSTS.name, environment(WEBHOOK_LOCAL_HOSTS.name).unwrap_or_else(|| "localhost".to_owned()));
        set("SUPABASE_URL", postgrest.url().to_owned());
        set("SUPABASE_SECRET_KEY", supabase_keys.secret.clone());
        set("UPSTASH_REDIS_REST_URL", upstash.url());
        set("UPSTASH_REDIS_REST_TOKEN", upstash.token().to_owned());
        set("API_KEY_PEPPER", secrets.of("pepper"));
        set("CRON_SECRET", secrets.of("cron"));
        // 32 bytes in base64url, as Fernet wants them: with their padding.
        set("ENCRYPTION_KEYS", format!("1:{}=", secrets.of("encryption")));
        let resend_key = secrets.of("resend key");
        let mail = [
            ("RESEND_API_KEY", resend_key.as_str()),
            ("RESEND_BASE_URL", resend.url()),
            ("RESEND_WEBHOOK_SECRET", mailbox.webhook_secret()),
            ("FROM_EMAIL", "Gateway <gateway@gateway.local>"),
        ];
        let people =
            [("PRIVY_APP_ID", privy.app_id()), ("PRIVY_APP_SECRET", privy.app_secret()), ("PRIVY_URL", privy.url())];
        let real_mail = ["RESEND_API_KEY", "RESEND_BASE_URL", "RESEND_WEBHOOK_SECRET", "FROM_EMAIL"];
        let payments = [
            ("STRIPE_SECRET_KEY", stripe.key()),
            ("STRIPE_WEBHOOK_SECRET", stripe.webhook_secret()),
            ("STRIPE_BASE_URL", stripe.url()),
        ];
        let real_payments = ["STRIPE_SECRET_KEY", "STRIPE_WEBHOOK_SECRET", "STRIPE_BASE_URL"];
        let real_people = ["PRIVY_APP_ID", "PRIVY_APP_SECRET", "PRIVY_VERIFICATION_KEY", "PRIVY_URL"];
        for (name, value) in real_or(&environment, &real_mail, &mail)
            .into_iter()
            .chain(real_or(&environment, &real_people, &people))
            .chain(real_or(&environment, &real_payments, &payments))
        {
            set(name, value);
        }
        for name in NAMES {
            let upper = name.to_ascii_uppercase();
            let (key_name, url_name) = (key_variable(name), format!("{upper}_BASE_URL"));
            if let Some(key) = environment(&key_name) {
                set(&key_name, key);
                for further in [url_name, format!("{upper}_VIRTUAL_KEY"), format!("{upper}_PROVIDER")] {
                    if let Some(value) = environment(&further) {
                        set(&further, value);
                    }
                }
            } else if let (Some(key), Some(url)) = (providers.key(name), providers.base_url(name)) {
                set(&key_name, key.to_owned());
                set(&url_name, url);
            }
        }
        let own = Config::from_lookup(|name| environment(name).filter(|_| name == PROVIDERS_JSON.name)).rows.own();
        Ok(Self {
            database,
            postgrest,
            upstash,
            providers,
            mailbox,
            privy,
            stripe,
            supabase_keys,
            secrets,
            variables,
            own_providers: own.iter().map(|row| row.name).collect(),
            _resend: resend,
        })
    }

    /// Has one stand-in answer for every further provider that is no server of one's own, so that each model of the catalog can be asked. Not beside
    /// a real provider: what is made up must not pass for real.
    pub fn stand_in_for_others(&mut self) {
        let stand_in = self.providers.key("featherless").map(str::to_owned).zip(self.providers.base_url("featherless"));
        let Some((key, address)) = stand_in.filter(|_| self.real_providers().is_empty()) else { return };
        for row in PROVIDERS.iter().filter(|row| !NAMES.contains(&row.name) && !row.quirks.self_hosted) {
            self.variables.insert(row.key.name.to_owned(), key.clone());
            self.variables.insert(row.address.name.to_owned(), address.clone());
        }
    }

    /// The variables that a deployment of the gateway beside these services is given.
    #[must_use]
    pub fn variables(&self) -> &HashMap<String, String> {
        &self.variables
    }

    /// What cron callers must present.
    #[must_use]
    pub fn cron_secret(&self) -> &str {
        self.variables.get("CRON_SECRET").map_or("", String::as_str)
    }

    /// The real providers.
    #[must_use]
    pub fn real_providers(&self) -> Vec<&'static str> {
        let is_real = |name: &&str| {
            let key = self.variables.get(&key_variable(name)).map(String::as_str);
            key.is_some() && key != self.providers.key(name)
        };
        NAMES.into_iter().filter(is_real).chain(self.own_providers.iter().copied()).collect()
    }

    /// A gateway in this process.
    ///
    /// # Errors
    /// When its HTTP client cannot be built.
    pub fn gateway(&self) -> Result<shared::app::SharedApp, PlatformError> {
        Ok(App::new(Config::from_lookup(|name| self.variables.get(name).cloned()), ROUTES)?)
    }

    /// Whether people sign in with tokens of the stand-in, which hands them out.
    #[must_use]
    pub fn is_privy_stand_in(&self) -> bool {
        self.variables.get("PRIVY_APP_ID").map(String::as_str) == Some(self.privy.app_id())
    }

    /// Whether payments go to the stand-in.
    #[must_use]
    pub fn is_stripe_stand_in(&self) -> bool {
        self.variables.get("STRIPE_SECRET_KEY").map(String::as_str) == Some(self.stripe.key())
    }

    /// Serves a gateway on `listener` until `shutdown` resolves, with what runs here at `/_local`, the mailbox at `/_local/mail`,
    /// tokens of Privy's stand-in at `/_local/privy` and a timer that stands for the cron jobs.
    ///
    /// # Errors
    /// When the listener fails for good.
    pub async fn serve(
        &self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), PlatformError> {
        self.mailbox.limit(REQUESTS_A_SECOND);
        let address = format!("http://{}", listener.local_addr()?);
        let mut own = self.mailbox.page().merge(self.overview(&address).pages());
        if self.is_privy_stand_in() {
            own = own.merge(self.privy.page());
            self.privy.allow_origins([address.replace("127.0.0.1", "localhost"), address.clone()]);
        }
        let gateway = self.gateway()?;
        let mut events = vec![self.mailbox.serve_for(gateway.http.clone(), &address)];
        if self.is_stripe_stand_in() {
            own = own.merge(self.stripe.pages());
            events.push(self.stripe.serve_for(gateway.http.clone(), &address));
        }
        let router = routes::all()
            .merge(pages::guarded(own).with_state(()))
            .merge(public_files::routes(&repository().join("public"))?);
        let timer = cron::run(gateway.http.clone(), listener.local_addr()?, self.secrets.of("cron"));
        let timer = tokio::spawn(timer);
        let served = serve_plain(listener, router, gateway, shutdown).await;
        timer.abort();
        events.iter().for_each(tokio::task::JoinHandle::abort);
        Ok(served?)
    }
}

/// The variables that mean here what they mean in a deployment, and those that are refused there.
pub fn passed_on() -> impl Iterator<Item = &'static str> {
    let same = |variable: &&Variable| {
        matches!(variable.group, Group::Business | Group::Times | Group::Network | Group::Traces)
    };
    let own = variables::all().filter(same).map(|variable| variable.name);
    own.chain(IN_LOWER_CASE).chain([RUST_LOG.name, PROVIDERS_JSON.name]).chain(REFUSED.iter().map(|(name, ..)| *name))
}

fn key_variable(provider: &str) -> String {
    format!("{}_API_KEY", provider.to_ascii_uppercase())
}

/// The variables of a real service, if the first of them is set; else those of its stand-in.
fn real_or<'a>(
    environment: impl Fn(&str) -> Option<String>,
    real: &[&'a str],
    stand_in: &[(&'a str, &str)],
) -> Vec<(&'a str, String)> {
    if environment(real[0]).is_some() {
        return real.iter().filter_map(|name| Some((*name, environment(name)?))).collect();
    }
    stand_in.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}
