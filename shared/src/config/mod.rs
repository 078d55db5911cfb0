//! The environment, read once. A missing or malformed variable is a value that says which and how to get it.

mod providers;
mod secrets;
mod sign_in;
mod stores;

use std::time::Duration;

use reqwest::Url;

use crate::error::{Code, Error};
use crate::key_environment::KeyEnvironment;
use crate::providers::table::PROVIDERS;

pub use providers::ProviderSettings;
pub use secrets::{EncryptionKey, Pepper};
pub use sign_in::{MailSettings, PrivySettings};
pub use stores::{SupabaseKey, SupabaseSettings, UpstashSettings};

/// A setting, or why it cannot be used. Endpoints that do not need it work without it.
pub type Setting<T> = Result<T, Missing>;

/// The value of a setting, or the caller's answer and the operator's log line.
///
/// # Errors
/// `not_configured`.
pub fn configured<T>(setting: &Setting<T>) -> Result<&T, Error> {
    setting.as_ref().map_err(|missing| {
        tracing::error!(%missing, "not configured");
        Error::new(Code::NotConfigured)
    })
}

/// One clear line about a variable that is missing or malformed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{variable} {problem}: {remedy}")]
pub struct Missing {
    variable: &'static str,
    problem: &'static str,
    remedy: &'static str,
}

impl Missing {
    /// The variable is there but cannot stand in an HTTP header.
    #[must_use]
    pub const fn unusable(variable: &'static str) -> Self {
        Self { variable, problem: "holds a character that no header may", remedy: "copy it again" }
    }
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

/// Everything the environment says.
#[derive(Clone)]
pub struct Config {
    /// Which deployment this is.
    pub environment: Environment,
    /// The database.
    pub supabase: Setting<SupabaseSettings>,
    /// The counters.
    pub upstash: Setting<UpstashSettings>,
    /// The keyring of peppers, newest first.
    pub peppers: Setting<Vec<Pepper>>,
    /// The keyring under which users' own provider keys are kept, newest first.
    pub encryption_keys: Setting<Vec<EncryptionKey>>,
    /// The Privy app that people sign in with.
    pub privy: Setting<PrivySettings>,
    /// How mail is sent.
    pub mail: Setting<MailSettings>,
    /// What cron callers must present.
    pub cron_secret: Setting<String>,
    /// The providers in the table's order.
    pub providers: Vec<ProviderSettings>,
    /// What a caller pays over the provider's price, in basis points: 10 000 is the price itself.
    pub markup_basis_points: Setting<u32>,
    /// How many days single requests are kept; their sums and the ledger stay.
    pub requests_kept_days: Setting<u32>,
    /// Put before every Redis key; empty in production.
    pub redis_prefix: String,
    /// The service's name, for people and for providers' statistics.
    pub app_name: String,
    /// The site that callers see, for links and for OpenRouter's `HTTP-Referer`.
    pub frontend_url: String,
    /// Overrides the plain server's limit of a call (600 s).
    pub max_duration: Option<Duration>,
    /// How long a provider's stream may be silent, before its first byte and after.
    pub provider_silence: Duration,
    /// How long a streaming client hears nothing before it is sent a comment.
    pub keep_alive: Duration,
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
        let get = |name: &str| lookup(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let environment = match get("VERCEL_ENV").as_deref() {
            Some("preview") => Environment::Preview,
            Some("development") => Environment::Development,
            _ => Environment::Production,
        };
        Self {
            environment,
            supabase: stores::supabase(&get),
            upstash: stores::upstash(&get),
            peppers: secrets::peppers(&get),
            encryption_keys: secrets::encryption_keys(&get),
            privy: sign_in::privy(&get),
            mail: sign_in::mail(&get),
            cron_secret: get("CRON_SECRET").ok_or(Missing {
                variable: "CRON_SECRET",
                problem: "is not set",
                remedy: "make one with `openssl rand -hex 32`; Vercel sends it with each cron call",
            }),
            providers: PROVIDERS.iter().map(|row| providers::provider(row, &get)).collect(),
            markup_basis_points: providers::markup(get("PRICING_MARKUP").as_deref()),
            requests_kept_days: kept_days(get("REQUESTS_KEPT_DAYS").as_deref()),
            redis_prefix: redis_prefix(environment, get("VERCEL_GIT_COMMIT_REF")),
            app_name: get("APP_NAME").unwrap_or_else(|| "Gateway".to_owned()),
            frontend_url: get("FRONTEND_URL").unwrap_or_else(|| "http://localhost:8000".to_owned()),
            max_duration: get("CALL_MAX_SECONDS").and_then(|s| s.parse().ok()).map(Duration::from_secs),
            provider_silence: milliseconds(&get, "PROVIDER_TIMEOUT_MS", 60_000),
            keep_alive: milliseconds(&get, "KEEP_ALIVE_MS", 15_000),
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

/// A time to wait; what is not a number counts as missing.
fn milliseconds(get: &impl Fn(&str) -> Option<String>, name: &str, usual: u64) -> Duration {
    Duration::from_millis(get(name).and_then(|text| text.parse().ok()).unwrap_or(usual))
}

/// At least a quarter: a settle that waits in an outbox finds what it is about, and the log shows more than this month.
fn kept_days(text: Option<&str>) -> Setting<u32> {
    text.map_or(Ok(400), |text| {
        text.parse().ok().filter(|days| (90..=36_500).contains(days)).ok_or(Missing {
            variable: "REQUESTS_KEPT_DAYS",
            problem: "is not a number of days from 90 to 36500",
            remedy: "set how long single requests are kept, such as 400, which is what holds without it",
        })
    })
}

fn redis_prefix(environment: Environment, branch: Option<String>) -> String {
    match (environment, branch) {
        (Environment::Preview, Some(branch)) => format!("preview:{branch}:"),
        (Environment::Preview, None) => "preview:".to_owned(),
        _ => String::new(),
    }
}

fn url(value: Option<String>, missing: Missing) -> Setting<String> {
    let url = value.unwrap_or_default();
    match Url::parse(&url) {
        Ok(parsed) if matches!(parsed.scheme(), "http" | "https") && parsed.has_host() => {
            Ok(url.trim_end_matches('/').to_owned())
        }
        _ => Err(missing),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(vars: &[(&str, &str)]) -> Config {
        Config::from_lookup(|name| vars.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn a_missing_variable_is_one_line_that_names_it_and_the_remedy() {
        let missing = config(&[]).peppers.err().expect("no pepper").to_string();
        assert!(missing.starts_with("API_KEY_PEPPER is not set: make one with"), "{missing}");
        assert!(!missing.contains('\n'));
    }

    #[test]
    fn the_names_of_both_integrations_are_understood() {
        let both = [("KV_REST_API_URL", "https://x.upstash.io/"), ("KV_REST_API_TOKEN", "t")];
        assert_eq!(config(&both).upstash.expect("settings").url, "https://x.upstash.io");
        let secret = [("SUPABASE_URL", "https://x.supabase.co"), ("SUPABASE_SECRET_KEY", "sb_secret_1")];
        assert!(matches!(config(&secret).supabase.expect("settings").key, SupabaseKey::Secret(_)));
        let jwt = [("SUPABASE_URL", "https://x.supabase.co"), ("SUPABASE_SERVICE_ROLE_KEY", "a.b.c")];
        assert!(matches!(config(&jwt).supabase.expect("settings").key, SupabaseKey::ServiceRole(_)));
    }

    #[test]
    fn others_are_waited_for_as_long_as_the_variables_say() {
        let stores = [
            ("SUPABASE_URL", "https://x.supabase.co"),
            ("SUPABASE_SECRET_KEY", "sb_secret_1"),
            ("KV_REST_API_URL", "https://x.upstash.io/"),
            ("KV_REST_API_TOKEN", "t"),
        ];
        let waits = |config: Config| {
            let supabase = config.supabase.expect("settings").timeout;
            [supabase, config.upstash.expect("settings").timeout, config.provider_silence].map(|wait| wait.as_millis())
        };
        assert_eq!(waits(config(&stores)), [3_000, 300, 60_000]);
        let names = ["DATABASE_TIMEOUT_MS", "REDIS_TIMEOUT_MS", "PROVIDER_TIMEOUT_MS"];
        let own = [stores.to_vec(), names.map(|name| (name, "1500")).to_vec()].concat();
        assert_eq!(waits(config(&own)), [1_500; 3]);
    }

    #[test]
    fn the_newest_pepper_comes_first() {
        let long = "0123456789abcdef0123456789abcdef";
        let ring = format!("1:{long},3:{long},2:{long}");
        let peppers = config(&[("API_KEY_PEPPERS", &ring)]).peppers.expect("a ring");
        assert_eq!(peppers.iter().map(|p| p.version).collect::<Vec<_>>(), [3, 2, 1]);
    }

    #[test]
    fn requests_are_kept_for_a_sound_time_or_for_ever() {
        assert_eq!(kept_days(None), Ok(400));
        assert_eq!(kept_days(Some("90")), Ok(90));
        for text in ["0", "89", "36501", "-400", "400d", "4e2"] {
            assert!(kept_days(Some(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn the_markup_is_exact_or_refused() {
        assert_eq!(providers::markup(None), Ok(10_000));
        assert_eq!(providers::markup(Some("1.055")), Ok(10_550));
        for text in ["1.00001", "-1", "x", "101"] {
            assert!(providers::markup(Some(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn a_preview_keeps_its_counters_apart() {
        let preview = config(&[("VERCEL_ENV", "preview"), ("VERCEL_GIT_COMMIT_REF", "feature/x")]);
        assert_eq!(preview.redis_prefix, "preview:feature/x:");
        assert_eq!(preview.key_environment(), KeyEnvironment::Test);
        assert!(preview.makes_keys_of(KeyEnvironment::Test) && !preview.makes_keys_of(KeyEnvironment::Live));
        assert_eq!(config(&[("VERCEL_ENV", "production")]).key_environment(), KeyEnvironment::Live);
    }
}
