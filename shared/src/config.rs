//! The environment, read once. A missing or malformed variable is a value that says which and how to get it.

use std::time::Duration;

use reqwest::Url;

use crate::providers::{Provider, table::PROVIDERS};

/// A setting, or why it cannot be used. Endpoints that do not need it work without it.
pub type Setting<T> = Result<T, Missing>;

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

/// Where Supabase is and how we prove who we are there.
#[derive(Clone)]
pub struct SupabaseSettings {
    /// The project's URL, without `/rest/v1`.
    pub url: String,
    /// The key that gives the role `service_role`.
    pub key: SupabaseKey,
    /// How long a call may take. Its transaction may still commit later: whoever places a hold must expect that.
    pub timeout: Duration,
}

/// The two kinds of Supabase key, which travel differently.
#[derive(Clone)]
pub enum SupabaseKey {
    /// A JWT: goes into `apikey` and into `Authorization`.
    ServiceRole(String),
    /// `sb_secret_…`: goes into `apikey` only; in `Authorization` it would be refused as a bad JWT.
    Secret(String),
}

/// Where Upstash Redis is.
#[derive(Clone)]
pub struct UpstashSettings {
    /// The REST URL.
    pub url: String,
    /// The REST token.
    pub token: String,
    /// Slower than this and we go on without: a limiter must not be what makes a call slow.
    pub timeout: Duration,
}

/// A secret under which API keys are hashed, with its version; the newest comes first.
#[derive(Clone)]
pub struct Pepper {
    /// Grows by one with every change of the pepper.
    pub version: u32,
    /// The HMAC key.
    pub secret: String,
}

/// A provider as this deployment uses it.
#[derive(Clone)]
pub struct ProviderSettings {
    /// Its row of the provider table.
    pub provider: &'static Provider,
    /// Our key there; without one the provider's routes are not candidates.
    pub key: Option<String>,
    /// Where its chat completions are; none if the variable holds no URL.
    pub chat_completions: Option<Url>,
    /// Portkey only: the virtual key it routes by.
    pub virtual_key: Option<String>,
    /// Portkey only: the provider it routes to where there is no virtual key.
    pub upstream: Option<String>,
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
    /// What cron callers must present.
    pub cron_secret: Setting<String>,
    /// The providers in the table's order.
    pub providers: Vec<ProviderSettings>,
    /// What a caller pays over the provider's price, in basis points: 10 000 is the price itself.
    pub markup_basis_points: Setting<u32>,
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
            supabase: supabase(&get),
            upstash: upstash(&get),
            peppers: peppers(&get),
            cron_secret: get("CRON_SECRET").ok_or(Missing {
                variable: "CRON_SECRET",
                problem: "is not set",
                remedy: "make one with `openssl rand -hex 32`; Vercel sends it with each cron call",
            }),
            providers: PROVIDERS.iter().map(|row| provider(row, &get)).collect(),
            markup_basis_points: markup(get("PRICING_MARKUP").as_deref()),
            redis_prefix: redis_prefix(environment, get("VERCEL_GIT_COMMIT_REF")),
            app_name: get("APP_NAME").unwrap_or_else(|| "Gateway".to_owned()),
            frontend_url: get("FRONTEND_URL").unwrap_or_else(|| "http://localhost:8000".to_owned()),
            max_duration: get("CALL_MAX_SECONDS").and_then(|s| s.parse().ok()).map(Duration::from_secs),
            provider_silence: milliseconds(&get, "PROVIDER_TIMEOUT_MS", 60_000),
        }
    }

    /// The prefix of API keys made in this deployment.
    #[must_use]
    pub fn key_prefix(&self) -> &'static str {
        match self.environment {
            Environment::Production => "gw_live_",
            Environment::Preview | Environment::Development => "gw_test_",
        }
    }
}

fn supabase(get: &impl Fn(&str) -> Option<String>) -> Setting<SupabaseSettings> {
    let url = url(
        get("SUPABASE_URL"),
        Missing {
            variable: "SUPABASE_URL",
            problem: "is not set to an http(s) URL",
            remedy: "copy it from the Supabase project's settings, or add Vercel's Supabase integration",
        },
    )?;
    let key = match (get("SUPABASE_SECRET_KEY"), get("SUPABASE_SERVICE_ROLE_KEY")) {
        (Some(secret), _) if secret.starts_with("sb_secret_") => SupabaseKey::Secret(secret),
        (_, Some(jwt)) if jwt.starts_with("sb_secret_") => SupabaseKey::Secret(jwt),
        (_, Some(jwt)) if jwt.split('.').count() == 3 => SupabaseKey::ServiceRole(jwt),
        _ => {
            return Err(Missing {
                variable: "SUPABASE_SECRET_KEY",
                problem: "(sb_secret_…) or SUPABASE_SERVICE_ROLE_KEY (a JWT) is not set",
                remedy: "copy one from the Supabase project's API keys; the anon or publishable key will not do",
            });
        }
    };
    Ok(SupabaseSettings { url, key, timeout: milliseconds(get, "DATABASE_TIMEOUT_MS", 3_000) })
}

fn upstash(get: &impl Fn(&str) -> Option<String>) -> Setting<UpstashSettings> {
    let url = url(
        get("UPSTASH_REDIS_REST_URL").or_else(|| get("KV_REST_API_URL")),
        Missing {
            variable: "UPSTASH_REDIS_REST_URL",
            problem: "(or KV_REST_API_URL) is not set to an http(s) URL",
            remedy: "copy it from the Upstash console, or add Vercel's Upstash integration",
        },
    )?;
    let token = get("UPSTASH_REDIS_REST_TOKEN").or_else(|| get("KV_REST_API_TOKEN")).ok_or(Missing {
        variable: "UPSTASH_REDIS_REST_TOKEN",
        problem: "(or KV_REST_API_TOKEN) is not set",
        remedy: "copy it from the Upstash console; the read-only token will not do",
    })?;
    Ok(UpstashSettings { url, token, timeout: milliseconds(get, "REDIS_TIMEOUT_MS", 300) })
}

/// A time to wait; what is not a number counts as missing.
fn milliseconds(get: &impl Fn(&str) -> Option<String>, name: &str, usual: u64) -> Duration {
    Duration::from_millis(get(name).and_then(|text| text.parse().ok()).unwrap_or(usual))
}

fn peppers(get: &impl Fn(&str) -> Option<String>) -> Setting<Vec<Pepper>> {
    const SHORTEST: usize = 32;
    let missing = |problem| Missing {
        variable: "API_KEY_PEPPER",
        problem,
        remedy: "make one with `openssl rand -hex 32` and never lose it: without it no API key is recognised",
    };
    if let Some(ring) = get("API_KEY_PEPPERS") {
        let mut peppers = Vec::new();
        for entry in ring.split(',') {
            let (version, secret) = entry
                .trim()
                .split_once(':')
                .ok_or_else(|| missing("is overridden by API_KEY_PEPPERS, which is not `2:…,1:…`"))?;
            let version =
                version.parse().map_err(|_| missing("is overridden by API_KEY_PEPPERS, which is not `2:…,1:…`"))?;
            if secret.len() < SHORTEST {
                return Err(missing("is overridden by API_KEY_PEPPERS, which holds one under 32 characters"));
            }
            peppers.push(Pepper { version, secret: secret.to_owned() });
        }
        peppers.sort_by_key(|pepper| std::cmp::Reverse(pepper.version));
        return Ok(peppers);
    }
    match get("API_KEY_PEPPER") {
        Some(secret) if secret.len() >= SHORTEST => Ok(vec![Pepper { version: 1, secret }]),
        Some(_) => Err(missing("is shorter than 32 characters")),
        None => Err(missing("is not set")),
    }
}

fn provider(row: &'static Provider, get: &impl Fn(&str) -> Option<String>) -> ProviderSettings {
    let name = row.name.to_ascii_uppercase();
    let base_url = get(&format!("{name}_BASE_URL")).unwrap_or_else(|| row.base_url.to_owned());
    ProviderSettings {
        provider: row,
        key: get(&format!("{name}_API_KEY")),
        chat_completions: Url::parse(&format!("{}/chat/completions", base_url.trim_end_matches('/'))).ok(),
        virtual_key: get(&format!("{name}_VIRTUAL_KEY")),
        upstream: get(&format!("{name}_PROVIDER")),
    }
}

/// `1.05` → 10 500. Four decimals at most, so that the figure is exact.
fn markup(text: Option<&str>) -> Setting<u32> {
    let missing = Missing {
        variable: "PRICING_MARKUP",
        problem: "is not a decimal from 0 to 100 with at most four decimals",
        remedy: "1.0 charges the provider's price, 1.05 five percent more",
    };
    let nanos = crate::money::Nanos::from_dollars(text.unwrap_or("1")).map_err(|_| missing.clone())?;
    match u32::try_from(nanos.0 / 100_000) {
        Ok(basis_points) if nanos.0 % 100_000 == 0 && basis_points <= 1_000_000 => Ok(basis_points),
        _ => Err(missing),
    }
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
    fn the_markup_is_exact_or_refused() {
        assert_eq!(markup(None), Ok(10_000));
        assert_eq!(markup(Some("1.055")), Ok(10_550));
        for text in ["1.00001", "-1", "x", "101"] {
            assert!(markup(Some(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn a_preview_keeps_its_counters_apart() {
        let preview = config(&[("VERCEL_ENV", "preview"), ("VERCEL_GIT_COMMIT_REF", "feature/x")]);
        assert_eq!(preview.redis_prefix, "preview:feature/x:");
        assert_eq!(preview.key_prefix(), "gw_test_");
        assert_eq!(config(&[("VERCEL_ENV", "production")]).key_prefix(), "gw_live_");
    }
}
