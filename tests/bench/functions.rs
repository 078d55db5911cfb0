//! The functions under measurement: built as they are deployed, run as plain servers.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};

use crate::figures::Table;
use crate::{Result, process};

/// A server that does not accept connections by then has failed.
const START: Duration = Duration::from_secs(20);

/// Cargo as a shell would start it. What it sets for a program that it runs itself is taken away: a build script that asks for one of
/// these, as ring's does, would run again each time, and with it whatever is built on that.
pub fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned()));
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
            cargo.env_remove(name);
        }
    }
    cargo
}

/// The built functions.
pub struct Functions {
    folder: PathBuf,
    gateway: PathBuf,
}

impl Functions {
    /// Has cargo build them, without this crate and its features, beside this program. `gateway` takes the place of
    /// the single function.
    ///
    /// # Errors
    /// When they cannot be built.
    pub fn build(gateway: Option<PathBuf>) -> Result<Self> {
        let program = std::env::current_exe()?;
        let folder = program.parent().ok_or("this program is in no folder")?.to_owned();
        let target = folder.parent().ok_or("this program is in no target folder")?;
        let status = cargo()
            .args(["build", "--quiet", "--release", "-p", "functions"])
            .args(["--bin", "index", "--bin", "ping", "--bin", "v1-chat-completions"])
            .arg("--target-dir")
            .arg(target)
            .current_dir(local::platform::repository())
            .status()?;
        if !status.success() {
            return Err("the functions cannot be built".into());
        }
        Ok(Self { gateway: gateway.unwrap_or_else(|| folder.join("index")), folder })
    }

    /// A function's program.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The single function's program.
    pub fn gateway_program(&self) -> &Path {
        &self.gateway
    }

    /// Starts the single function and waits until it accepts connections.
    ///
    /// # Errors
    /// When it does not.
    pub async fn gateway(&self, variables: &HashMap<String, String>) -> Result<Server> {
        Server::start(&self.gateway, variables).await
    }

    /// How large the functions are.
    ///
    /// # Errors
    /// When one is not there.
    pub fn sizes(&self, table: &mut Table) -> Result<()> {
        for name in ["ping", "v1-chat-completions", "index"] {
            let bytes = std::fs::metadata(self.path(name))?.len();
            table.single(&format!("size of {name}"), "MB", bytes as f64 / 1e6);
        }
        Ok(())
    }
}

/// A running function; killed when dropped.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Server {
    /// Starts a function as a plain server that logs as in production, to nowhere, and waits until it accepts a
    /// connection.
    ///
    /// # Errors
    /// When it does not.
    pub async fn start(program: &Path, variables: &HashMap<String, String>) -> Result<Self> {
        // The port must be known beforehand: nobody reads what the server says.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?.local_addr()?;
        let child = Command::new(program)
            .env_clear()
            .envs(variables)
            .env("VERCEL_ENV", "production")
            .env("PORT", address.port().to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let mut server = Self { child, address };
        let began = Instant::now();
        while TcpStream::connect(address).await.is_err() {
            if server.child.try_wait()?.is_some() || began.elapsed() > START {
                return Err(format!("{} does not listen", program.display()).into());
            }
            tokio::time::sleep(Duration::from_micros(100)).await;
        }
        Ok(server)
    }

    /// CPU time that it has used.
    pub fn cpu(&self) -> Result<Duration> {
        process::cpu(self.child.id())
    }

    /// Its resident memory in KiB.
    pub fn resident(&self) -> Result<u64> {
        process::resident(self.child.id())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Err(error) = self.child.kill().and_then(|()| self.child.wait()) {
            eprintln!("a function did not end: {error}");
        }
    }
}
