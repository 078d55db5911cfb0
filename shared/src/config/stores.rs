//! Where the stores are.

use std::time::Duration;

use super::{Missing, Setting, milliseconds, url};

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
pub(super) fn supabase(get: &impl Fn(&str) -> Option<String>) -> Setting<SupabaseSettings> {
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

/// Reads where Upstash is.
pub(super) fn upstash(get: &impl Fn(&str) -> Option<String>) -> Setting<UpstashSettings> {
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
