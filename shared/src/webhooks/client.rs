//! One request to a customer's server. Its name is resolved once, by us, and connected to is what was resolved: so nobody's name can
//! stand for a public address when it is looked at and for ours when it is connected to.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderValue, header};
use reqwest::dns::{Name, Resolve, Resolving};
use serde::Serialize;

use super::address::is_public;
use super::target::{is_local, read};
use crate::connections::tls;
use crate::error::{Code, Error, Result};

/// How long a server may take, from its name's resolution to the head of its answer. The answer itself is not read.
const LONGEST: Duration = Duration::from_secs(10);

/// What became of an attempt, for its owner.
#[derive(Debug, Serialize)]
pub struct Outcome {
    /// The answer's status; none without an answer.
    pub status: Option<u16>,
    /// What is wrong; nothing after a success.
    pub error: Option<String>,
    /// How long it took.
    pub duration_ms: u64,
}

/// Finds the addresses of a name.
type Lookup = Arc<dyn Fn(String) -> Found + Send + Sync>;
type Found = std::pin::Pin<Box<dyn Future<Output = std::io::Result<Vec<IpAddr>>> + Send>>;

/// Resolves names to public addresses alone.
struct PublicResolver {
    lookup: Lookup,
    local: Arc<[String]>,
}

/// A name stands for no public address.
#[derive(Debug, thiserror::Error)]
#[error("no public address")]
struct NotPublic;

impl Resolve for PublicResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let name = name.as_str().to_owned();
        let is_local = is_local(&name, &self.local);
        let found = (self.lookup)(name);
        Box::pin(async move {
            let mut addresses = found.await?;
            addresses.retain(|address| is_local || is_public(*address));
            if addresses.is_empty() {
                return Err(NotPublic.into());
            }
            // The port is the URL's.
            let addresses = addresses.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Box<dyn Iterator<Item = SocketAddr> + Send>)
        })
    }
}

/// Sends to customers' servers.
pub struct Client {
    http: reqwest::Client,
    local: Arc<[String]>,
}

impl Client {
    /// One that also goes to these hosts, wherever they are.
    ///
    /// # Errors
    /// `internal_error` when it cannot be built.
    pub fn new(local: &[String]) -> Result<Self> {
        let system = |name: String| -> Found {
            Box::pin(async move {
                let found = tokio::net::lookup_host((name, 0)).await?;
                Ok(found.map(|address| address.ip()).collect())
            })
        };
        Self::with(local, Arc::new(system))
    }

    fn with(local: &[String], lookup: Lookup) -> Result<Self> {
        let local: Arc<[String]> = local.into();
        let build = || -> std::result::Result<_, Box<dyn std::error::Error>> {
            Ok(reqwest::Client::builder()
                .tls_backend_preconfigured(tls::settings()?)
                .dns_resolver(PublicResolver { lookup, local: Arc::clone(&local) })
                // A proxy would resolve the name by itself.
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .timeout(LONGEST)
                .pool_max_idle_per_host(0)
                .build()?)
        };
        let http = build().map_err(|error| {
            tracing::error!(%error, "the client of webhooks cannot be built");
            Error::new(Code::InternalError)
        })?;
        Ok(Self { http, local })
    }

    /// Posts a body. Whatever comes of it is an outcome.
    pub async fn post(&self, url: &str, headers: HeaderMap, body: String) -> Outcome {
        let begun = Instant::now();
        let (status, error) = match self.send(url, headers, body).await {
            Ok(status) => (Some(status), complaint(status)),
            Err(error) => (None, Some(error)),
        };
        Outcome { status, error, duration_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX) }
    }

    async fn send(&self, url: &str, mut headers: HeaderMap, body: String) -> std::result::Result<u16, String> {
        // Again: an address of numbers is resolved by nobody.
        let url = read(url, &self.local).map_err(|wrong| format!("Nothing was sent: the address {wrong}."))?;
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(
            header::USER_AGENT,
            HeaderValue::from_static(concat!("gateway-webhooks/", env!("CARGO_PKG_VERSION"))),
        );
        let answer = self.http.post(url).headers(headers).body(body).send().await;
        answer.map(|answer| answer.status().as_u16()).map_err(|error| explain(&error).to_owned())
    }
}

/// What is wrong with a status.
fn complaint(status: u16) -> Option<String> {
    match status {
        200..=299 => None,
        300..=399 => Some(format!("The answer was {status}: redirects are not followed.")),
        _ => Some(format!("The answer was {status}.")),
    }
}

/// Why nothing was answered, in words for the owner.
fn explain(error: &reqwest::Error) -> &'static str {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(deeper) = cause {
        if deeper.is::<NotPublic>() {
            return "Nothing was sent: the host's name leads to no public address.";
        }
        cause = deeper.source();
    }
    if error.is_timeout() {
        "There was no answer within 10 seconds."
    } else if error.is_dns() {
        "Nothing was sent: the host's name is not known."
    } else if error.is_connect() {
        "No connection: it was refused, or the certificate is not valid for this host."
    } else {
        "The connection ended before there was an answer."
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    /// A client for which every name stands for the next of these addresses, and how often it has asked.
    fn client(local: &[&str], addresses: &[&[&str]]) -> (Client, Arc<AtomicUsize>) {
        let asked = Arc::new(AtomicUsize::new(0));
        let parse = |address: &&str| address.parse::<IpAddr>().expect("an address");
        let answers: Vec<Vec<IpAddr>> = addresses.iter().map(|all| all.iter().map(parse).collect()).collect();
        let (counted, answers) = (Arc::clone(&asked), Mutex::new(answers.into_iter().cycle()));
        let lookup = move |_: String| -> Found {
            counted.fetch_add(1, Ordering::Relaxed);
            let next = answers.lock().expect("no panic").next().unwrap_or_default();
            Box::pin(async { Ok(next) })
        };
        let local: Vec<String> = local.iter().map(ToString::to_string).collect();
        (Client::with(&local, Arc::new(lookup)).expect("a client"), asked)
    }

    /// A server that answers everything so, and how many connections it has seen.
    async fn server(answer: &'static str) -> (u16, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let (port, seen) = (listener.local_addr().expect("an address").port(), Arc::new(AtomicUsize::new(0)));
        let counted = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                let mut room = [0; 4096];
                let _ = stream.read(&mut room).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        (port, seen)
    }

    #[tokio::test]
    async fn what_a_name_stands_for_is_looked_at_once_and_never_connected_to_unless_it_is_public() {
        let (port, seen) = server("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
        for inner in
            ["127.0.0.1", "::1", "0.0.0.0", "::ffff:127.0.0.1", "169.254.169.254", "64:ff9b::7f00:1", "fd00::1"]
        {
            let (client, asked) = client(&[], &[&[inner]]);
            let outcome =
                client.post(&format!("https://rebound.example:{port}/"), HeaderMap::new(), String::new()).await;
            assert_eq!(
                outcome.error.as_deref(),
                Some("Nothing was sent: the host's name leads to no public address."),
                "{inner}"
            );
            assert_eq!(asked.load(Ordering::Relaxed), 1, "{inner}");
        }
        assert_eq!(seen.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn addresses_that_are_written_out_need_no_name_and_are_refused_as_well() {
        let (port, seen) = server("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
        for host in ["127.0.0.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "localhost"] {
            let (client, asked) = client(&["other.example"], &[&["127.0.0.1"]]);
            for scheme in ["https", "http"] {
                let outcome = client.post(&format!("{scheme}://{host}:{port}/"), HeaderMap::new(), String::new()).await;
                assert!(outcome.status.is_none() && outcome.error.is_some(), "{scheme} {host}: {outcome:?}");
            }
            assert_eq!(asked.load(Ordering::Relaxed), 0, "{host}");
        }
        assert_eq!(seen.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn a_developers_own_server_is_reached_and_its_redirect_is_not_followed() {
        let (inner, seen) = server("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
        let (client, _) = client(&["dev.example"], &[&["127.0.0.1"]]);
        let outcome = client.post(&format!("http://dev.example:{inner}/"), HeaderMap::new(), "{}".to_owned()).await;
        assert_eq!((outcome.status, outcome.error, seen.load(Ordering::Relaxed)), (Some(200), None, 1));
        let moved: &'static str =
            format!("HTTP/1.1 307 Moved\r\nlocation: http://dev.example:{inner}/\r\ncontent-length: 0\r\n\r\n").leak();
        let (port, _) = server(moved).await;
        let outcome = client.post(&format!("http://dev.example:{port}/"), HeaderMap::new(), String::new()).await;
        assert_eq!(outcome.error.as_deref(), Some("The answer was 307: redirects are not followed."));
        assert_eq!(seen.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn an_answer_without_an_end_is_not_waited_for() {
        let (port, _) = server("HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\nxxxx").await;
        let (client, _) = client(&["dev.example"], &[&["127.0.0.1"]]);
        let outcome = client.post(&format!("http://dev.example:{port}/"), HeaderMap::new(), String::new()).await;
        assert!(outcome.status == Some(200) && outcome.duration_ms < 9_000, "{outcome:?}");
    }
}
