//! The environment, read once. A missing or malformed variable is a value that says which and how to get it.
//!
//! - `variables`: every variable, what it is for and what it may be; all else reads by that list.
//! - Where a variable is needed by some endpoints only, its setting is a [`Setting`], and the others work without it.
//!   Variables that every endpoint depends on (times, prices, addresses, the log) must be sound, or the process does not start.

mod alerts;
mod log_levels;
mod misconfigured;
mod own_entry;
mod own_providers;
mod providers;
mod proxies;
mod read;
mod secrets;
mod sign_in;
mod stores;
mod stripe;
#[cfg(test)]
mod tests;
mod traces;
pub mod variables;

use std::time::Duration;

use crate::error::{Code, Error};
use crate::key_environment::KeyEnvironment;
use crate::providers::Rows;
use crate::providers::table::PROVIDERS;
use read::Reader;

pub use log_levels::LogLevels;
pub use misconfigured::Misconfigured;
pub use providers::{ProviderSettings, key_name};
pub use proxies::{IN_LOWER_CASE, ProxySettings};
pub use secrets::{EncryptionKey, Pepper};
pub use sign_in::{MailSettings, PrivySettings};
pub use stores::{SupabaseKey, SupabaseSettings, UpstashSettings};
pub use stripe::StripeSettings;
pub use traces::{Sampler, TraceSettings};

/// A setting, or why it cannot be used. Endpoints that do not need it work without it.
pub type Setting<T> = Result<T, Misconfigured>;

/// The value of a setting, or the caller's answer and the operator's log line.
///
/// # Errors
/// `not_configured`.
pub fn configured<T>(setting: &Setting<T>) -> Result<&T, Error> {
    setting.as_ref().map_err(|misconfigured| {
        misconfigured.log();
        Error::new(Code::NotConfigured)
    })
}

/// Which deployment this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Environment {
    /// Real money.
    Production,
    /// A branch's preview: Redis keys are prefixed, keys are `gw_test_`, a live Stripe key is refused.
    Preview,
    /// A developer's machine.
    Development,
}

/// What a call with a caller's own key at a provider costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct OwnKeyFee {
    /// In basis points of what the call would have cost with our key.
    pub basis_points: u64,
    /// How many such calls an account has free of it each month.
    pub free_monthly: u64,
}

impl OwnKeyFee {
    /// None where nothing is charged.
    fn of(basis_points: u64, free_monthly: u64) -> Option<Self> {
        (basis_points > 0).then_some(Self { basis_points, free_monthly })
    }
}

impl Environment {
    /// As `VERCEL_ENV` says it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Production => "production",
            Self::Preview => "preview",
            Self::Development => "development",
        }
    }
}

/// Everything the environment says.
#[derive(Clone)]
pub struct Config {
    /// Which deployment this is.
    pub environment: Environment,
    /// The database.
    pub supabase: Setting<SupabaseSettings>,
    /// Redis.
    pub upstash: Setting<UpstashSettings>,
    /// The keyring of peppers, newest first.
    pub peppers: Setting<Vec<Pepper>>,
    /// The keyring under which users' own provider keys are kept, newest first.
    pub encryption_keys: Setting<Vec<EncryptionKey>>,
    /// The Privy app that people sign in with.
    pub privy: Setting<PrivySettings>,
    /// How mail is sent.
    pub mail: Setting<MailSettings>,
    /// What Resend's events are signed with.
    pub resend_webhook: Setting<String>,
    /// The account at Stripe.
    pub stripe: Setting<StripeSettings>,
    /// What Stripe's events are signed with: one of these.
    pub stripe_webhook: Setting<Vec<String>>,
    /// Whether tax is computed at Stripe's pages.
    pub stripe_tax: bool,
    /// Whether Stripe makes invoices there.
    pub stripe_invoices: bool,
    /// Whether payments are refunded of which a bank warns.
    pub stripe_refund_warned: bool,
    /// What buyers pay on top of the credit that they buy, in basis points.
    pub topup_fee: u64,
    /// What cron callers must present.
    pub cron_secret: Setting<String>,
    /// The providers in the table's order, and behind them this deployment's own.
    pub providers: Vec<ProviderSettings>,
    /// Every provider that is known, with or without a key of ours.
    pub rows: Rows,
    /// What a caller pays, in basis points of the provider's price: 10 000 is the price itself.
    pub markup_basis_points: u32,
    /// What calls with callers' own keys at providers cost, if anything.
    pub own_key_fee: Option<OwnKeyFee>,
    /// How far a provider's list may change a price by itself, in per cent of it: never below 100.
    pub price_change_percent: u64,
    /// How many days single requests are kept; their sums and the ledger stay.
    pub requests_kept_days: u64,
    /// The branch that is deployed, where the platform tells it.
    pub branch: Option<String>,
    /// The beginning of the id of the commit that is, likewise.
    pub commit: Option<String>,
    /// Put before every Redis key; empty in production.
    pub redis_prefix: String,
    /// The service's name, for people and for providers' statistics.
    pub app_name: String,
    /// The site that callers see, for links and for OpenRouter's `HTTP-Referer`.
    pub frontend_url: String,
    /// Where the operator is mailed.
    pub alert_email: Setting<String>,
    /// Where the operator's alerts are posted.
    pub alert_webhook: Setting<reqwest::Url>,
    /// Where traces of calls are sent.
    pub traces: Setting<TraceSettings>,
    /// By which proxies servers are reached.
    pub proxies: Setting<ProxySettings>,
    /// Hosts that users' webhooks may go to by http, and in a private network; none but on a developer's machine.
    pub webhook_hosts: Vec<String>,
    /// How long a call may take on the plain server; the other platforms have limits of their own.
    pub max_duration: Duration,
    /// How long a provider's stream may be silent, before its first byte and after.
    pub provider_silence: Duration,
    /// How long a streaming client hears nothing before it is sent a comment.
    pub keep_alive: Duration,
    /// Where the plain server listens; 0 for any port that is free.
    pub port: u16,
    /// How much is logged.
    pub log_levels: LogLevels,
    /// The malformed ones among the variables that every endpoint depends on; unless it is empty the process must not start.
    pub malformed: Vec<Misconfigured>,
}

impl Config {
    /// Reads the process's environment.
    #[must_use]
    pub fn from_env() -> Self {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// Reads from any source of variables; an empty value counts as missing.
    #[must_use]
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let reader = Reader::new(lookup);
        let word = reader.needed(reader.choice(&variables::VERCEL_ENV), String::new());
        let environment = match word.as_str() {
            "preview" => Environment::Preview,
            "development" => Environment::Development,
            _ => Environment::Production,
        };
        let number = |variable| reader.needed(reader.number(variable), 0);
        let flag = |variable| reader.needed(reader.choice(variable), String::new()) == "true";
        let milliseconds = |variable| Duration::from_millis(number(variable));
        let stripe = stripe::account(&reader);
        if let Some(refused) = stripe::live_preview(environment, &stripe) {
            reader.needed(Err(refused), ());
        }
        let (rows, own_providers) = own_providers::read(&reader);
        Self {
            environment,
            supabase: stores::supabase(&reader),
            upstash: stores::upstash(&reader),
            peppers: secrets::peppers(&reader),
            encryption_keys: secrets::encryption_keys(&reader),
            privy: sign_in::privy(&reader),
            mail: sign_in::mail(&reader),
            resend_webhook: sign_in::resend_webhook(&reader),
            stripe,
            stripe_webhook: stripe::webhook_secrets(&reader),
            stripe_tax: flag(&variables::STRIPE_TAX),
            stripe_invoices: flag(&variables::STRIPE_INVOICES),
            stripe_refund_warned: flag(&variables::STRIPE_REFUND_WARNED),
            topup_fee: number(&variables::TOPUP_FEE_BP),
            cron_secret: reader.text(&variables::CRON_SECRET).ok_or(Misconfigured::missing(
                variables::CRON_SECRET,
                "is not set",
                "make one with `openssl rand -hex 32`; Vercel sends it with each cron call",
            )),
            providers: PROVIDERS.iter().map(|row| providers::provider(row, &reader)).chain(own_providers).collect(),
            rows,
            markup_basis_points: reader.needed(reader.basis_points(&variables::PRICING_MARKUP_PERCENT), 10_000),
            own_key_fee: OwnKeyFee::of(number(&variables::OWN_KEY_FEE_BP), number(&variables::OWN_KEY_FREE_MONTHLY)),
            price_change_percent: number(&variables::PRICE_CHANGE_PERCENT),
            requests_kept_days: number(&variables::REQUESTS_KEPT_DAYS),
            branch: reader.text(&variables::VERCEL_GIT_COMMIT_REF),
            commit: reader.text(&variables::VERCEL_GIT_COMMIT_SHA).map(|id| id.chars().take(12).collect()),
            redis_prefix: redis_prefix(environment, reader.text(&variables::VERCEL_GIT_COMMIT_REF)),
            app_name: reader.text_or_default(&variables::APP_NAME),
            frontend_url: reader.needed(reader.url(&variables::FRONTEND_URL), String::new()),
            alert_email: alerts::email(&reader),
            alert_webhook: alerts::webhook(&reader),
            traces: traces::traces(&reader),
            proxies: proxies::proxies(&reader),
            webhook_hosts: webhook_hosts(environment, reader.text(&variables::WEBHOOK_LOCAL_HOSTS)),
            max_duration: Duration::from_secs(number(&variables::CALL_MAX_SECONDS)),
            provider_silence: milliseconds(&variables::PROVIDER_TIMEOUT_MS),
            keep_alive: milliseconds(&variables::KEEP_ALIVE_MS),
            port: number(&variables::PORT).try_into().unwrap_or_default(),
            log_levels: reader.needed(reader.log_levels(&variables::RUST_LOG), LogLevels::default()),
            malformed: reader.malformed(),
        }
    }

    /// Whether this deployment makes API keys of this environment: a preview's are for tests.
    #[must_use]
    pub fn makes_keys_of(&self, environment: KeyEnvironment) -> bool {
        self.environment != Environment::Preview || environment == KeyEnvironment::Test
    }

    /// What API keys made in this deployment are for, unless their maker says otherwise.
    #[must_use]
    pub fn key_environment(&self) -> KeyEnvironment {
        match self.environment {
            Environment::Production => KeyEnvironment::Live,
            Environment::Preview | Environment::Development => KeyEnvironment::Test,
        }
    }
}

/// Everywhere but on a developer's machine they would be a door into the deployment's network.
fn webhook_hosts(environment: Environment, hosts: Option<String>) -> Vec<String> {
    let hosts = hosts.filter(|_| environment == Environment::Development).unwrap_or_default();
    hosts.split(',').map(|host| host.trim().to_ascii_lowercase()).filter(|host| !host.is_empty()).collect()
}

fn redis_prefix(environment: Environment, branch: Option<String>) -> String {
    match (environment, branch) {
        (Environment::Preview, Some(branch)) => format!("preview:{branch}:"),
        (Environment::Preview, None) => "preview:".to_owned(),
        _ => String::new(),
    }
}
