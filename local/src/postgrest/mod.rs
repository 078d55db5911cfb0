//! Stands in for Supabase's API: PostgREST behind Supabase's gateway, as far as `POST /rest/v1/rpc/FUNCTION`.
//!
//! It is as strict as the original: keys and JWTs, roles and their privileges, read-only transactions for functions
//! that are not volatile, arguments by name, error bodies and statuses. What it does not do it refuses.
//!
//! - [`Keys`] are a project's keys; [`Control`] lets tests watch and disturb.
//! - A request goes through `request` (the server), `service`, `auth` (who calls), `form`, `catalog` (which function),
//!   `call` (the transaction), `answer`.
mod answer;
mod auth;
mod call;
mod catalog;
mod control;
mod form;
mod keys;
mod request;
mod service;
#[cfg(test)]
mod tests;

pub use control::{Call, Control, Fault, Gate};
pub use keys::Keys;

use crate::database::Database;
use service::Service;
use std::{net::Ipv4Addr, sync::Arc, time::Duration};
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

/// How long [`Postgrest::stop`] waits for calls under way.
const STOP: Duration = Duration::from_secs(5);

/// A running stand-in. Dropped, it takes no new calls; those under way run to their end.
pub struct Postgrest {
    url: String,
    service: Arc<Service>,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

impl Postgrest {
    /// Serves a database on a free port of this machine.
    pub async fn start(database: &Database, keys: Keys) -> std::io::Result<Postgrest> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let service = Arc::new(Service::new(database.pool().clone(), keys));
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(request::serve(listener, Arc::clone(&service), async {
            // An error is a dropped sender, which stops the server too.
            let _ = stopped.await;
        }));
        Ok(Postgrest { url, service, stop, server })
    }

    /// What `SUPABASE_URL` would be: without `/rest/v1`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The control for tests.
    pub fn control(&self) -> Control {
        self.service.control.clone()
    }

    /// Stops accepting, and waits for the calls under way.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        let end = async {
            let _ = self.server.await;
            self.service.finish().await;
        };
        if tokio::time::timeout(STOP, end).await.is_err() {
            tracing::warn!("calls of the PostgREST stand-in were still under way when it was stopped");
        }
    }
}
