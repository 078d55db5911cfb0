//! The connections that a function's first call needs, opened while the function starts.
//!
//! They are opened side by side and nothing waits for them, on any platform: the start goes on, the request comes in and
//! is read meanwhile, and whichever connection is under way by then is waited for where it is needed. Nothing is sent
//! over them (TCP and TLS only), so no store counts a command and no provider a call.

use reqwest::Url;

use crate::app::App;
use crate::config::Config;
use crate::connections::ahead;
use crate::route::{Need, Route};
use crate::routes::served_by;

/// Whom the first call of a function asks.
pub struct AskedFirst {
    database: bool,
    redis: bool,
    providers: Vec<Url>,
}

impl AskedFirst {
    /// By the function `file`, as far as they are configured. A provider is likely to be asked if this deployment has a key
    /// for it.
    #[must_use]
    pub fn by(file: &str, config: &Config) -> Self {
        let needs = |need: Need| served_by(file).flat_map(Route::all_needs).any(|other| other == need);
        let mut providers = Vec::new();
        if served_by(file).any(Route::asks_providers) {
            let with_key = config.providers.iter().filter(|settings| settings.is_usable());
            providers.extend(with_key.filter_map(|settings| settings.endpoints.first()).map(|(_, url)| url.clone()));
        }
        Self {
            database: config.supabase.is_ok() && needs(Need::Database),
            redis: config.upstash.is_ok() && needs(Need::Redis),
            providers,
        }
    }

    /// Begins to open the connections, the stores' first, since a call asks them first.
    pub async fn open(&self, app: &App) {
        if let Some(supabase) = app.supabase_if_configured().filter(|_| self.database) {
            // One for the call, and one for the look at the database that each start takes.
            supabase.open().await;
            supabase.open().await;
        }
        if let Some(upstash) = app.upstash_if_configured().filter(|_| self.redis) {
            upstash.open().await;
        }
        for provider in &self.providers {
            ahead::open(app.http.head(provider.clone()).send()).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked_first(file: &str) -> (bool, bool, Vec<String>) {
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
        let asked = AskedFirst::by(file, &config);
        let hosts = asked.providers.iter().filter_map(Url::host_str).map(ToOwned::to_owned).collect();
        (asked.database, asked.redis, hosts)
    }

    #[test]
    fn each_function_opens_what_its_first_call_needs() {
        let providers = || vec!["openrouter.ai".to_owned(), "llm.chutes.ai".to_owned()];
        assert_eq!(asked_first("v1/chat/completions"), (true, true, providers()));
        assert_eq!(asked_first("index"), (true, true, providers()));
        assert_eq!(asked_first("user/limits"), (true, true, vec![]));
        assert_eq!(asked_first("user/balance"), (true, false, vec![]));
        // Counts tokens by itself, within the limits.
        assert_eq!(asked_first("v1/messages/count_tokens"), (true, true, vec![]));
        assert_eq!(asked_first("ping"), (false, false, vec![]));
    }
}
