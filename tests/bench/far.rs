//! Services at a distance: proxies that speak TLS and add a round trip's time, for what connections cost that are yet to
//! be opened.

use std::collections::HashMap;
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy_bidirectional, duplex};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

use crate::Result;

/// What a round trip takes.
pub const ROUND_TRIP: Duration = Duration::from_millis(30);

/// The variables of a gateway whose stores and providers are all that far away.
///
/// # Errors
/// When the proxies cannot be started.
pub async fn variables(near: &HashMap<String, String>, folder: &TempDir) -> Result<HashMap<String, String>> {
    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    let certificate = folder.path().join("certificate.pem");
    fs::write(&certificate, own.cert.pem())?;
    let key = PrivatePkcs8KeyDer::from(own.signing_key.serialize_der()).into();
    let tls = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![own.cert.der().clone()], key)?;
    let tls = TlsAcceptor::from(Arc::new(tls));

    let mut far = near.clone();
    // Where Linux programs look for the certificates that they trust.
    far.insert("SSL_CERT_FILE".to_owned(), certificate.to_string_lossy().into_owned());
    for (name, value) in &mut far {
        let is_service = name.ends_with("_BASE_URL") || name == "SUPABASE_URL" || name == "UPSTASH_REDIS_REST_URL";
        if is_service && let Ok(url) = Url::parse(value) {
            *value = before(url, tls.clone()).await?;
        }
    }
    Ok(far)
}

/// Starts a proxy before a server; its address.
async fn before(mut url: Url, tls: TlsAcceptor) -> Result<String> {
    let server = (url.host_str().ok_or("no host")?.to_owned(), url.port().ok_or("no port")?);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(serve(client, server.clone(), tls.clone()));
        }
    });
    let unusable = |()| "an address that cannot be changed";
    url.set_scheme("https").map_err(unusable)?;
    url.set_host(Some("localhost"))?;
    url.set_port(Some(port)).map_err(unusable)?;
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// A connection that fails ends; the gateway's answer then is no 200, and the bench says so.
async fn serve(client: TcpStream, server: (String, u16), tls: TlsAcceptor) -> std::io::Result<()> {
    client.set_nodelay(true)?;
    let (from_client, to_client) = client.into_split();
    let (near, far) = duplex(64 * 1024);
    let (from_far, to_far) = tokio::io::split(far);
    // Over loopback the TCP handshake takes no time, so its round trip is added to what follows it.
    tokio::spawn(late(from_client, to_far, ROUND_TRIP));
    tokio::spawn(late(from_far, to_client, Duration::ZERO));
    let mut client = tls.accept(near).await?;
    let mut server = TcpStream::connect(server).await?;
    server.set_nodelay(true)?;
    copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}

/// Passes on each piece half a round trip after it came; the first one by so much later.
async fn late(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, first: Duration) {
    let (sender, mut under_way) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
    let leave = async move {
        let mut further = first;
        loop {
            let mut piece = vec![0; 16 * 1024];
            let Ok(length @ 1..) = from.read(&mut piece).await else { return };
            piece.truncate(length);
            let arrives = Instant::now() + ROUND_TRIP / 2 + std::mem::take(&mut further);
            if sender.send((arrives, piece)).is_err() {
                return;
            }
        }
    };
    let arrive = async move {
        while let Some((arrives, piece)) = under_way.recv().await {
            tokio::time::sleep_until(arrives).await;
            if to.write_all(&piece).await.is_err() {
                return;
            }
        }
        // One side has ended; that the other is gone, too, is nothing to report.
        let _ = to.shutdown().await;
    };
    tokio::join!(leave, arrive);
}
