//! What stands around the gateway: Postgres and the stand-ins, each in processes of their own, so that it can be said
//! whose CPU time is whose.
//!
//! One program is told to be the services: the stand-in for PostgREST, with Postgres below it and two further processes
//! for Upstash and the providers. Its first line says where they are and which process is which.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use local::database::{Database, Source};
use serde_json::Value;

use crate::Result;
use crate::storage::Storage;

/// The argument by which this program is told to be the services.
pub const ROLE: &str = "services";

/// The running services; they end with this value.
pub struct Services {
    /// The variables of a gateway beside them.
    pub variables: HashMap<String, String>,
    /// The database's connection string.
    pub database_url: String,
    /// The stand-ins' processes by name.
    pub parts: BTreeMap<String, u32>,
    // Held for their drop, in this order: the processes, then their data.
    _process: Process,
    _data: Option<tempfile::TempDir>,
}

impl Services {
    /// Starts them and waits until they are ready. `program` is this bench or that of another checkout.
    ///
    /// # Errors
    /// When they do not start; they say why on stderr.
    pub fn start(program: &Path, storage: &Storage) -> Result<Self> {
        let data = storage.folder()?;
        let mut command = Command::new(program);
        command.arg(ROLE);
        if let Some(data) = &data {
            command.arg("--data").arg(data.path());
        }
        let mut process = Process::spawn(&mut command)?;
        let mut ready: Value = serde_json::from_str(&process.line()?).map_err(|_| "the services did not start")?;
        // The bench of an older checkout has all stand-ins in this one process.
        let parts = match ready["parts"].take() {
            Value::Null => BTreeMap::from([("stand-ins".to_owned(), process.id())]),
            parts => serde_json::from_value(parts)?,
        };
        Ok(Self {
            variables: serde_json::from_value(ready["variables"].take())?,
            database_url: serde_json::from_value(ready["database_url"].take())?,
            parts,
            _process: process,
            _data: data,
        })
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

/// A process that says one line when it is ready, and ends when its stdin does.
pub struct Process(Child);

impl Process {
    /// Starts it.
    ///
    /// # Errors
    /// When it does not start.
    pub fn spawn(command: &mut Command) -> Result<Self> {
        Ok(Self(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?))
    }

    /// Its number.
    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// What it says.
    ///
    /// # Errors
    /// When it has said it already.
    pub fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        BufReader::new(self.0.stdout.take().ok_or("no stdout")?).read_line(&mut line)?;
        Ok(line)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        if let Err(error) = self.0.wait() {
            eprintln!("a process of the services did not end: {error}");
        }
    }
}
