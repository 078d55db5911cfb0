//! The HTTP client of a store, which each call asks several times: hyper's own.
//!
//! A client for all of the web does more for each request: it parses the address anew, twice, and looks for proxies,
//! redirects and cookies. That was an eighth of what a call costs here. Where a proxy stands between, that client serves.

use std::io::Read as _;
use std::time::Duration;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full};
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use reqwest::Url;
use tokio::net::TcpStream;
use tower::Layer as _;

use super::{ahead, kept};
use crate::reason::{causes, reason};

/// How long a connection is kept that nothing uses.
pub(super) const IDLE: Duration = Duration::from_secs(60);

/// Compression costs more time than it saves here.
pub(super) const UNCOMPRESSED: HeaderValue = HeaderValue::from_static("identity");

/// Opens connections to the store, or hands out one that was opened ahead.
type Connector = ahead::Connector<HttpsConnector<HttpConnector>, MaybeHttpsStream<TokioIo<TcpStream>>>;

/// A client of one store. Its clones share its connections.
#[derive(Clone)]
pub struct StoreClient {
    scheme: Scheme,
    authority: Authority,
    /// Before each path.
    base: String,
    way: Way,
}

#[derive(Clone)]
enum Way {
    Direct(Box<Pools>),
    ByProxy(reqwest::Client),
}

#[derive(Clone)]
struct Pools {
    /// Keeps connections for further requests.
    kept: Client<Connector, Full<Bytes>>,
    /// Opens one for each request.
    unkept: Client<Connector, Full<Bytes>>,
}

/// Which connection a request goes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// One that was kept, if there is any.
    Kept,
    /// One of its own.
    New,
}

/// Why there is no answer.
#[derive(Debug)]
pub struct Unanswered {
    /// In words for the log.
    pub reason: String,
    /// A kept connection has ended before anything of an answer came. A server may close one at any time: that says nothing of
    /// it, and the request was most likely not read (RFC 9112, 9.3.1 and 9.5). So whoever may ask twice asks again over a new
    /// one. Not known of what goes by a proxy.
    pub kept_ended: bool,
}

impl From<String> for Unanswered {
    fn from(reason: String) -> Self {
        Self { reason, kept_ended: false }
    }
}

/// A store's answer.
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// The whole of it.
    pub body: Bytes,
}

impl StoreClient {
    pub(super) fn direct(address: &Url, connector: HttpsConnector<HttpConnector>) -> Option<Self> {
        let connector = ahead::layer().layer(connector);
        let mut builder = Client::builder(TokioExecutor::new());
        builder.pool_timer(TokioTimer::new()).pool_idle_timeout(IDLE);
        let kept = builder.build(connector.clone());
        let unkept = builder.pool_max_idle_per_host(0).build(connector);
        Self::new(address, Way::Direct(Box::new(Pools { kept, unkept })))
    }

    pub(super) fn by_proxy(address: &Url, web: reqwest::Client) -> Option<Self> {
        Self::new(address, Way::ByProxy(web))
    }

    fn new(address: &Url, way: Way) -> Option<Self> {
        let scheme = address.scheme().parse().ok()?;
        let port = address.port().map(|port| format!(":{port}")).unwrap_or_default();
        let authority = format!("{}{port}", address.host_str()?).parse().ok()?;
        Some(Self { scheme, authority, base: address.path().trim_end_matches('/').to_owned(), way })
    }

    /// The headers of each request, to which the store's own are added.
    pub fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        // Else it would be written anew for each request.
        if let Ok(host) = HeaderValue::from_str(self.authority.as_str()) {
            headers.insert(header::HOST, host);
        }
        headers.insert(header::ACCEPT_ENCODING, UNCOMPRESSED);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers
    }

    /// Posts to a path behind the store's own.
    ///
    /// # Errors
    /// Why there is no answer, for the log.
    pub async fn post(&self, path: &str, headers: HeaderMap, body: Bytes, over: Over) -> Result<Answer, Unanswered> {
        let request = self.request(Method::POST, path, headers, body)?;
        match &self.way {
            Way::Direct(pools) => {
                let client = if over == Over::Kept { &pools.kept } else { &pools.unkept };
                let (answer, opened) = kept::watched(client.request(request.map(Full::new))).await;
                let answer = answer.map_err(|error| {
                    let kept_ended = over == Over::Kept && !opened && !error.is_connect();
                    if kept_ended {
                        tracing::info!(store = %self.authority, "a kept connection was closed unanswered");
                    }
                    Unanswered { reason: causes(&error), kept_ended }
                })?;
                let (head, body) = answer.into_parts();
                let body = body.collect().await.map_err(|error| causes(&error))?.to_bytes();
                let body = uncompressed(&head.headers, body)?;
                Ok(Answer { status: head.status, headers: head.headers, body })
            }
            Way::ByProxy(web) => {
                let answer = web.execute(request.try_into().map_err(reason)?).await.map_err(reason)?;
                let (status, headers) = (answer.status(), answer.headers().clone());
                Ok(Answer { status, headers, body: answer.bytes().await.map_err(reason)? })
            }
        }
    }

    /// Begins to open a connection, and waits for nothing; see [`ahead::open`].
    pub async fn open(&self) {
        let Ok(request) = self.request(Method::HEAD, "/", HeaderMap::new(), Bytes::new()) else { return };
        match &self.way {
            Way::Direct(pools) => ahead::open(pools.kept.request(request.map(Full::new))).await,
            Way::ByProxy(web) => {
                if let Ok(request) = request.try_into() {
                    ahead::open(web.execute(request)).await;
                }
            }
        }
    }

    fn request(&self, method: Method, path: &str, headers: HeaderMap, body: Bytes) -> Result<Request<Bytes>, String> {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        let path = match format!("{}{path}", self.base) {
            path if path.is_empty() => PathAndQuery::from_static("/"),
            path => PathAndQuery::from_maybe_shared(path).map_err(|error| error.to_string())?,
        };
        parts.path_and_query = Some(path);
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = Uri::from_parts(parts).map_err(|error| error.to_string())?;
        *request.headers_mut() = headers;
        Ok(request)
    }
}

/// A body as it was before something on the way compressed it, though it was asked not to.
fn uncompressed(headers: &HeaderMap, body: Bytes) -> Result<Bytes, String> {
    match headers.get(header::CONTENT_ENCODING).map(HeaderValue::as_bytes) {
        None | Some(b"identity") => Ok(body),
        Some(b"gzip") => {
            let mut plain = Vec::new();
            MultiGzDecoder::new(&*body).read_to_end(&mut plain).map_err(|error| format!("gzip: {error}"))?;
            Ok(plain.into())
        }
        Some(other) => Err(format!("compressed by {}, though asked not to be", String::from_utf8_lossy(other))),
    }
}

#[cfg(test)]
mod tests;
