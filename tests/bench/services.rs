//! What stands around the gateway, in a process of its own: Postgres, the stand-ins for PostgREST, Upstash and the
//! providers.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, Command, Stdio};

use local::database::{Database, Source};
use local::platform::Platform;
use local::schema::Layout;
use local::secrets::Secrets;
use local::upstash::Engine;
use serde_json::{Value, json};

use crate::Result;

/// The argument by which this program is told to be the services.
pub const ROLE: &str = "services";

/// The running services; they end with this value.
pub struct Services {
    child: Child,
    /// The variables of a gateway beside them.
    pub variables: HashMap<String, String>,
    /// The database's connection string.
    pub database_url: String,
}

impl Services {
    /// Starts them and waits until they are ready.
    ///
    /// # Errors
    /// When they do not start; they say why on stderr.
    pub fn start() -> Result<Self> {
        let mut child =
            Command::new(std::env::current_exe()?).arg(ROLE).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut ready = String::new();
        BufReader::new(child.stdout.take().ok_or("no stdout")?).read_line(&mut ready)?;
        let ready: Value = serde_json::from_str(&ready).map_err(|_| "the services did not start")?;
        Ok(Self {
            child,
            variables: serde_json::from_value(ready["variables"].clone())?,
            database_url: serde_json::from_value(ready["database_url"].clone())?,
        })
    }

    /// The process of the stand-ins.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// A pool of connections to the database.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub async fn database(&self) -> Result<Database> {
        Ok(Database::start(Source::Url(self.database_url.clone()), None).await?)
    }

    /// A variable of the gateway.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn variable(&self, name: &str) -> Result<&str> {
        Ok(self.variables.get(name).ok_or_else(|| format!("the platform sets no {name}"))?)
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        // The end of its stdin tells it to stop, and with it Postgres.
        drop(self.child.stdin.take());
        if let Err(error) = self.child.wait() {
            eprintln!("the services did not end: {error}");
        }
    }
}

/// Is the services, until stdin ends.
///
/// # Errors
/// When one of them cannot start.
pub fn run() -> Result<()> {
    tokio::runtime::Runtime::new()?.block_on(async {
        // The one that is measured is the one that is spawned here, with the settings of the tests.
        let installed = |name: &str| match name {
            "GATEWAY_DATABASE" => Some("installed".to_owned()),
            _ => std::env::var(name).ok(),
        };
        let source = Source::detect(installed, None)?;
        let database = Database::start(source, None).await?;
        database.apply(&Layout::of_repository().for_tests()?).await?;
        let platform = Platform::start(database, Engine::InProcess, Secrets::random(), |_| None).await?;
        let ready = json!({ "variables": platform.variables(), "database_url": platform.database.url() });
        writeln!(std::io::stdout(), "{ready}")?;
        tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
        platform.database.stop().await;
        Ok(())
    })
}
