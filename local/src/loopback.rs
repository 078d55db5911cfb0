//! A stand-in's own listener on this machine.

use std::net::Ipv4Addr;

use axum::Router;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Serves a router on a free port of 127.0.0.1 until it is dropped.
pub(crate) struct Loopback {
    url: String,
    server: JoinHandle<()>,
}

impl Loopback {
    /// Starts to serve.
    pub(crate) async fn serve(router: Router) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::warn!(%error, "a stand-in has stopped");
            }
        });
        Ok(Self { url, server })
    }

    /// `http://127.0.0.1:PORT`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.server.abort();
    }
}
