//! The connections that a function's first call needs, opened while the function starts.
//!
//! They are opened side by side and nothing waits for them, on any platform: the start goes on, the request comes in and
//! is read meanwhile, and whichever connection is under way by then is waited for where it is needed. Nothing is sent
//! over them (TCP and TLS only), so no store counts a command and no provider a call.

use reqwest::Url;

use crate::config::Config;
use crate::route::{Need, Route};
use crate::routes::served_by;

/// Whom the first call of the function `file` asks: the stores first, since it asks them first. A provider is likely to
/// be asked if this deployment has a key for it.
#[must_use]
pub fn servers(file: &str, config: &Config) -> Vec<Url> {
    let needs = |need: Need| served_by(file).flat_map(Route::all_needs).any(|other| other == need);
    let mut servers = Vec::new();
    if let Ok(supabase) = &config.supabase
        && needs(Need::Database)
    {
        // One for the call, and one for the look at the database that each start takes.
        servers.extend([Url::parse(&supabase.url), Url::parse(&supabase.url)].into_iter().flatten());
    }
    if let Ok(upstash) = &config.upstash
        && needs(Need::Redis)
    {
        servers.extend(Url::parse(&upstash.url));
    }
    if served_by(file).any(Route::asks_providers) {
        let with_key = config.providers.iter().filter(|settings| settings.is_usable());
        servers.extend(with_key.filter_map(|settings| settings.endpoints.first()).map(|(_, url)| url.clone()));
    }
    servers
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(file: &str) -> Vec<String> {
        let variables = [
            ("SUPABASE_URL", "https://project.supabase.co"),
            ("SUPABASE_SECRET_KEY", "sb_secret_x"),
            ("UPSTASH_REDIS_REST_URL", "https://db.upstash.io"),
            ("UPSTASH_REDIS_REST_TOKEN", "token"),
            ("OPENROUTER_API_KEY", "key"),
            ("CHUTES_API_KEY", "key"),
        ];
        let config = Config::from_lookup(|name| {
            variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        });
        servers(file, &config).iter().filter_map(Url::host_str).map(ToOwned::to_owned).collect()
    }

    #[test]
    fn each_function_opens_what_its_first_call_needs() {
        let stores = ["project.supabase.co", "project.supabase.co", "db.upstash.io"];
        let providers = ["openrouter.ai", "llm.chutes.ai"];
        assert_eq!(hosts("v1/chat/completions"), [&stores[..], &providers].concat());
        assert_eq!(hosts("index"), [&stores[..], &providers].concat());
        assert_eq!(hosts("user/limits"), stores);
        assert_eq!(hosts("user/balance"), stores[..2]);
        // Counts tokens by itself, within the limits.
        assert_eq!(hosts("v1/messages/count_tokens"), stores);
        assert_eq!(hosts("ping"), [""; 0]);
    }
}
