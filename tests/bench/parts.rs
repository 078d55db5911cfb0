//! The processes that the services are, each with one thread: what a stand-in does for a request is one thing after
//! another, and threads that wake each other would only cost CPU time that no real service costs this machine.

use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::Command;

use clap::{Parser, ValueEnum};
use local::database::{Database, Source};
use local::platform::Platform;
use local::provider::{NAMES, ProviderKeys, Providers};
use local::schema::Layout;
use local::secrets::Secrets;
use local::upstash::{Engine, Upstash};
use serde_json::{Map, Value, json};

use crate::Result;
use crate::services::{Process, ROLE};

/// How this program is told which part it is.
#[derive(Parser)]
struct Options {
    role: String,
    #[arg(default_value = "database")]
    part: Part,
    /// Where Postgres keeps its data; without it they are temporary and nothing waits for a disk.
    #[arg(long)]
    data: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Part {
    /// Postgres and the stand-in for PostgREST; it starts the others.
    Database,
    /// The stand-in for Upstash.
    Upstash,
    /// The stand-ins for the providers.
    Providers,
}

/// Is one part of the services, until stdin ends.
///
/// # Errors
/// When it cannot start.
pub fn run() -> Result<()> {
    let options = Options::parse();
    debug_assert_eq!(options.role, ROLE);
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        match options.part {
            Part::Database => database(options.data).await,
            Part::Upstash => {
                let upstash = Upstash::start(Engine::InProcess, Secrets::random().of("upstash token")).await?;
                let variables = json!({
                    "UPSTASH_REDIS_REST_URL": upstash.url(), "UPSTASH_REDIS_REST_TOKEN": upstash.token(),
                });
                until_told(&variables).await
            }
            Part::Providers => {
                let providers = Providers::start(ProviderKeys::default()).await?;
                let mut variables = Map::new();
                for name in NAMES {
                    let upper = name.to_ascii_uppercase();
                    variables.insert(format!("{upper}_BASE_URL"), json!(providers.base_url(name)));
                    variables.insert(format!("{upper}_API_KEY"), json!(providers.key(name)));
                }
                until_told(&Value::Object(variables)).await
            }
        }
    })
}

async fn database(data: Option<PathBuf>) -> Result<()> {
    // The one that is measured is the one that is spawned here, with the settings of the tests or those of data that
    // are to stay.
    let installed = |name: &str| match name {
        "GATEWAY_DATABASE" => Some("installed".to_owned()),
        _ => std::env::var(name).ok(),
    };
    let source = Source::detect(installed, None)?;
    let database = Database::start(source, data.as_deref()).await?;
    database.apply(&Layout::of_repository().for_tests()?).await?;
    let platform = Platform::start(database, Engine::InProcess, Secrets::random(), |_| None).await?;

    // The platform's own Redis and providers stay unused: those of the other processes take their place.
    let mut variables = platform.variables().clone();
    let mut parts = Map::new();
    parts.insert("PostgREST stand-in".to_owned(), json!(std::process::id()));
    let mut others = Vec::new();
    for (part, name) in [("upstash", "Upstash stand-in"), ("providers", "provider stand-in")] {
        let mut other = Process::spawn(Command::new(std::env::current_exe()?).args([ROLE, part]))?;
        variables.extend(serde_json::from_str::<std::collections::HashMap<String, String>>(&other.line()?)?);
        parts.insert(name.to_owned(), json!(other.id()));
        others.push(other);
    }
    until_told(&json!({ "variables": variables, "database_url": platform.database.url(), "parts": parts })).await?;
    drop(others);
    platform.database.stop().await;
    Ok(())
}

/// Says what others must know, then waits for the end of stdin.
async fn until_told(ready: &Value) -> Result<()> {
    writeln!(std::io::stdout(), "{ready}")?;
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    Ok(())
}
