//! Stand-ins for the upstream providers: one HTTP server on a port of the loopback interface, with each
//! provider under its own base path, so that its `<NAME>_BASE_URL` can point at it.
//!
//! They check what the originals check (key, body, parameters) and answer as OpenAI's chat completions and legacy text
//! completions, its Responses and Anthropic's Messages do, plain and streamed. Answers are deterministic. A model named `standin/<behaviour>?<parameter>=<number>&…` asks for one of the
//! behaviours of [`behaviour::TABLE`]: failures, cut streams, odd framing, exact usage figures, recorded answers of every
//! shape.
//!
//! Layout: `server` takes requests, `vendor` is what differs between them, `format` is which endpoint was asked,
//! `request` checks a body, `answer` composes and `wire` renders a completion, `script` plays its bytes, `behaviour`
//! holds the table, `shapes/` the recorded answers, `control` is the tests' side.

mod answer;
pub mod behaviour;
mod control;
mod error;
mod form;
mod format;
mod request;
mod schema;
mod script;
mod server;
mod tokens;
mod vendor;
mod wire;

#[cfg(test)]
mod tests;

use std::{io, net::SocketAddr};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use behaviour::UnknownBehaviour;
pub use control::{Control, Ending, Gate, RecordedRequest, SetError};
pub use error::RAW_MARKER;
pub use tokens::IMAGE_TOKENS;
use vendor::Vendor;

/// The names under which the providers are asked for, in the order of their keys.
pub const NAMES: [&str; 6] = ["openrouter", "portkey", "featherless", "chutes", "anthropic", "openai"];

/// The key that each provider accepts; any other is refused with 401.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderKeys {
    /// `Authorization: Bearer`.
    pub openrouter: String,
    /// `x-portkey-api-key`.
    pub portkey: String,
    /// `Authorization: Bearer`.
    pub featherless: String,
    /// `Authorization: Bearer`.
    pub chutes: String,
    /// `x-api-key`.
    pub anthropic: String,
    /// `Authorization: Bearer`.
    pub openai: String,
}

impl Default for ProviderKeys {
    /// Different keys in the originals' formats, worth nothing anywhere else.
    fn default() -> Self {
        Self {
            openrouter: "sk-or-v1-standin-openrouter".to_owned(),
            portkey: "pk-standin-portkey".to_owned(),
            featherless: "rc_standin_featherless".to_owned(),
            chutes: "cpk_standin_chutes".to_owned(),
            anthropic: "sk-ant-api03-standin-anthropic".to_owned(),
            openai: "sk-proj-standin-openai".to_owned(),
        }
    }
}

impl ProviderKeys {
    fn of(&self, vendor: Vendor) -> &str {
        match vendor {
            Vendor::OpenRouter => &self.openrouter,
            Vendor::Portkey => &self.portkey,
            Vendor::Featherless => &self.featherless,
            Vendor::Chutes => &self.chutes,
            Vendor::Anthropic => &self.anthropic,
            Vendor::OpenAi => &self.openai,
        }
    }
}

/// The running stand-ins. Dropping it stops them; [`Providers::stop`] also waits until they are gone.
#[derive(Debug)]
pub struct Providers {
    address: SocketAddr,
    keys: ProviderKeys,
    control: Control,
    tasks: TaskTracker,
    stopping: CancellationToken,
}

impl Providers {
    /// Listens on a free port of 127.0.0.1 and serves until stopped.
    ///
    /// # Errors
    /// When no port can be bound.
    pub async fn start(keys: ProviderKeys) -> Result<Self, io::Error> {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let control = Control::default();
        let tasks = TaskTracker::new();
        let stopping = CancellationToken::new();
        let state = server::Server::new(keys.clone(), control.clone());
        tasks.spawn(server::accept(listener, state, tasks.clone(), stopping.clone()));
        tasks.close();
        Ok(Self { address, keys, control, tasks, stopping })
    }

    /// What `<NAME>_BASE_URL` is to hold for the provider of that name; `None` for a name not in [`NAMES`].
    #[must_use]
    pub fn base_url(&self, name: &str) -> Option<String> {
        let vendor = Vendor::named(name)?;
        Some(format!("http://{}{}", self.address, vendor.base_path()))
    }

    /// The key that the provider of that name accepts; `None` for a name not in [`NAMES`].
    #[must_use]
    pub fn key(&self, name: &str) -> Option<&str> {
        Vendor::named(name).map(|vendor| self.keys.of(vendor))
    }

    /// The handle by which a test in the same process steers and watches the stand-ins.
    #[must_use]
    pub fn control(&self) -> Control {
        self.control.clone()
    }

    /// Closes the port and every connection, and returns once they are closed.
    pub async fn stop(self) {
        self.stopping.cancel();
        self.tasks.wait().await;
    }
}

impl Drop for Providers {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}
