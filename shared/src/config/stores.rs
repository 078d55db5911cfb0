//! Where the stores are.

use std::time::Duration;

use super::read::Reader;
use super::variables::{self, Variable};
use super::{Misconfigured, Setting};

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

/// Reads where Supabase is.
pub(super) fn supabase<F: Fn(&str) -> Option<String>>(reader: &Reader<F>) -> Setting<SupabaseSettings> {
    let missing = Misconfigured::missing(
        variables::SUPABASE_URL,
        "is not set",
        "copy it from the Supabase project's settings, or add Vercel's Supabase integration",
    );
    reader.text(&variables::SUPABASE_URL).ok_or(missing)?;
    let url = reader.url(&variables::SUPABASE_URL)?;
    let keys = (reader.text(&variables::SUPABASE_SECRET_KEY), reader.text(&variables::SUPABASE_SERVICE_ROLE_KEY));
    let remedy = "copy one from the Supabase project's API keys; the anon or publishable key will not do";
    let key = match keys {
        (Some(secret), _) if secret.starts_with("sb_secret_") => SupabaseKey::Secret(secret),
        (_, Some(jwt)) if jwt.starts_with("sb_secret_") => SupabaseKey::Secret(jwt),
        (_, Some(jwt)) if jwt.split('.').count() == 3 => SupabaseKey::ServiceRole(jwt),
        (None, None) => {
            let problem = "(sb_secret_…) or SUPABASE_SERVICE_ROLE_KEY (a JWT) is not set";
            return Err(Misconfigured::missing(variables::SUPABASE_SECRET_KEY, problem, remedy));
        }
        _ => {
            let problem = "is not `sb_secret_…`, nor is SUPABASE_SERVICE_ROLE_KEY a JWT";
            return Err(Misconfigured::malformed(variables::SUPABASE_SECRET_KEY.name, problem, remedy));
        }
    };
    let timeout = Duration::from_millis(reader.number(&variables::DATABASE_TIMEOUT_MS)?);
    Ok(SupabaseSettings { url, key, timeout })
}

/// Reads where Upstash is.
pub(super) fn upstash<F: Fn(&str) -> Option<String>>(reader: &Reader<F>) -> Setting<UpstashSettings> {
    let first = |variables: [Variable; 2]| variables.into_iter().find(|variable| reader.text(variable).is_some());
    let url = first([variables::UPSTASH_REDIS_REST_URL, variables::KV_REST_API_URL]).ok_or(Misconfigured::missing(
        variables::UPSTASH_REDIS_REST_URL,
        "(or KV_REST_API_URL) is not set",
        "copy it from the Upstash console, or add Vercel's Upstash integration",
    ))?;
    let url = reader.url(&url)?;
    let token = reader.text(&variables::UPSTASH_REDIS_REST_TOKEN);
    let token = token.or_else(|| reader.text(&variables::KV_REST_API_TOKEN)).ok_or(Misconfigured::missing(
        variables::UPSTASH_REDIS_REST_TOKEN,
        "(or KV_REST_API_TOKEN) is not set",
        "copy it from the Upstash console; the read-only token will not do",
    ))?;
    let timeout = Duration::from_millis(reader.number(&variables::REDIS_TIMEOUT_MS)?);
    Ok(UpstashSettings { url, token, timeout })
}
