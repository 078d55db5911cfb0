//! Providers' own lists of models: fetched within bounds, read, and handed to the database, which decides what becomes of them
//! (`gateway.apply_provider_list`).

mod fetch;
mod read;

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::Instant;
use utoipa::ToSchema;

use crate::app::App;
use crate::config::ProviderSettings;
use crate::error::Error;

/// Lists that are fetched at the same time.
const AT_ONCE: usize = 6;
/// How long one list is waited for.
const ONE_LIST: Duration = Duration::from_secs(10);
/// The provider whose list has prices.
const PRICED: &str = "openrouter";

/// Why a provider has no list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoList(pub &'static str);

/// What became of one provider's list.
#[derive(Serialize, ToSchema)]
pub struct ReadList {
    /// The provider.
    pub provider: &'static str,
    /// Models in its list.
    pub models: usize,
    /// Models in it that no route here knows.
    pub unknown: i64,
    /// Prices that were changed.
    pub changed: i64,
    /// Prices that wait for an administrator since now.
    pub waiting: i64,
    /// Why there is no list; routes are as they were.
    #[schema(required)]
    pub problem: Option<&'static str>,
}

#[derive(Deserialize)]
struct Applied {
    unknown: i64,
    changed: i64,
    waiting: i64,
}

/// Reads the list of every provider that has our key; none is begun after `longest`.
///
/// # Errors
/// When the database is away.
pub async fn read_all(app: &App, longest: Duration) -> Result<Vec<ReadList>, Error> {
    let until = Instant::now() + longest;
    let mut reads = Vec::new();
    for settings in &app.config.providers {
        if settings.is_usable() {
            reads.push(read_one(app, settings, until));
        }
    }
    stream::iter(reads).buffered(AT_ONCE).collect::<Vec<_>>().await.into_iter().collect()
}

async fn read_one(app: &App, settings: &ProviderSettings, until: Instant) -> Result<ReadList, Error> {
    let provider = settings.provider.name;
    let until = until.min(Instant::now() + ONE_LIST);
    let listed = match fetch::fetch(app, settings, until).await {
        Ok(body) => read::read(&body, provider == PRICED),
        Err(problem) => Err(problem),
    };
    let (listed, problem) = match listed {
        Ok(listed) => (listed, None),
        Err(NoList(problem)) => {
            tracing::warn!(provider, problem, "a provider's list of models cannot be read");
            (BTreeMap::new(), Some(problem))
        }
    };
    let models = listed.len();
    let arguments = json!({ "provider": provider, "listed": listed.into_iter().collect::<serde_json::Map<String, Value>>(),
                            "problem": problem, "factor": app.config.price_change_percent });
    let Applied { unknown, changed, waiting } = app.supabase()?.rpc("apply_provider_list", &arguments).await?;
    Ok(ReadList { provider, models, unknown, changed, waiting, problem })
}
