//! The HTTP clients of a process: one for all of the web, and one for each store.

use std::time::Duration;

use http::{HeaderMap, header};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use reqwest::Url;
use rustls::ClientConfig;

use super::ahead;
use super::proxies::Proxies;
use super::store::{IDLE, StoreClient, UNCOMPRESSED};
use super::tls;
use crate::config::ProxySettings;

/// How long a connection may take to be made.
const CONNECTING: Duration = Duration::from_secs(5);

/// How long a kept connection is silent before TCP asks whether its other end is there, and between three such questions.
const PROBED: Duration = Duration::from_secs(15);

/// How long TCP waits for what was sent to be taken.
const UNTAKEN: Duration = Duration::from_secs(30);

/// Why a client cannot be built.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// By the client itself.
    #[error("the HTTP client cannot be built: {0}")]
    Client(#[from] reqwest::Error),
    /// The authorities that this machine trusts cannot be read.
    #[error("TLS cannot be set up: {0}")]
    Tls(#[from] rustls::Error),
}

/// What every client is built of.
pub struct Clients {
    tls: ClientConfig,
    proxies: Proxies,
}

impl Clients {
    /// Whose servers are reached by these proxies.
    ///
    /// # Errors
    /// When the authorities that this machine trusts cannot be read.
    pub fn new(proxies: ProxySettings) -> Result<Self, ClientError> {
        Ok(Self { tls: tls::settings()?, proxies: Proxies::new(proxies) })
    }

    /// A client for all of the web.
    ///
    /// # Errors
    /// When it cannot be built.
    pub fn web(&self) -> Result<reqwest::Client, ClientError> {
        Ok(self.web_builder()?.build()?)
    }

    /// One that opens a connection for each request.
    ///
    /// # Errors
    /// When it cannot be built.
    pub fn web_unkept(&self) -> Result<reqwest::Client, ClientError> {
        Ok(self.web_builder()?.pool_max_idle_per_host(0).build()?)
    }

    /// The client of the store at `address`; by `web`, where a proxy stands between.
    ///
    /// `None` when that is no address of a server.
    pub fn store(&self, address: &Url, web: &reqwest::Client) -> Option<StoreClient> {
        if self.proxies.are_for(address) {
            return StoreClient::by_proxy(address, web.clone());
        }
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECTING));
        tcp.set_keepalive(Some(PROBED));
        tcp.set_keepalive_interval(Some(PROBED));
        tcp.set_keepalive_retries(Some(3));
        #[cfg(target_os = "linux")]
        tcp.set_tcp_user_timeout(Some(UNTAKEN));
        StoreClient::direct(address, HttpsConnector::from((tcp, self.tls.clone())))
    }

    fn web_builder(&self) -> Result<reqwest::ClientBuilder, ClientError> {
        // Compression costs more time than it saves here. Answers that come compressed all the same are decoded.
        let plain = HeaderMap::from_iter([(header::ACCEPT_ENCODING, UNCOMPRESSED)]);
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured(self.tls.clone())
            .default_headers(plain)
            .connect_timeout(CONNECTING)
            .pool_idle_timeout(IDLE)
            .redirect(reqwest::redirect::Policy::none())
            // What a server may ask to be sent again is HTTP/2's; a client that would do it keeps a copy of each request.
            .retry(reqwest::retry::never().max_retries_per_request(0))
            .connector_layer(ahead::layer());
        Ok(self.proxies.given_to(builder)?)
    }
}
