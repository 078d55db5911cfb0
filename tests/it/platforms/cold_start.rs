//! The connections that a function's first call needs are open before it comes, and nothing waits for those that
//! cannot be opened.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use reqwest::Url;
use serde_json::json;
use tests::certain;
use tests::function::Variables;
use tests::lambda::{LambdaHost, event};
use tests::vercel::VercelHost;
use tests::world::{Account, World, hello, send};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use super::{function, with};

/// A start and a call that take longer on a busy machine are not what is asked here: connections are kept for 5 s.
const PROMPT: Duration = Duration::from_secs(4);

/// Stands before a server, and counts connections and the bytes that come over them.
struct Counted {
    url: String,
    connections: watch::Receiver<usize>,
    bytes: Arc<AtomicUsize>,
}

impl Counted {
    async fn before(address: &str) -> Self {
        let mut url = Url::parse(address).expect("an address");
        let server = (url.host_str().expect("a host").to_owned(), url.port().expect("a port"));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        url.set_port(Some(listener.local_addr().expect("its address").port())).expect("an address with a port");
        let (count, connections) = watch::channel(0);
        let bytes = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&bytes);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                count.send_modify(|count| *count += 1);
                let server = TcpStream::connect(server.clone()).await.expect("the server");
                tokio::spawn(pass_on(client, server, Arc::clone(&counter)));
            }
        });
        let url = url.as_str().trim_end_matches('/').to_owned();
        Self { url, connections, bytes }
    }

    async fn opened(&self, wanted: usize) {
        let mut connections = self.connections.clone();
        certain("the connections", connections.wait_for(|count| *count >= wanted)).await.expect("it still listens");
    }

    fn count(&self) -> usize {
        *self.connections.borrow()
    }
}

async fn pass_on(client: TcpStream, server: TcpStream, bytes: Arc<AtomicUsize>) {
    let ((mut from_client, mut to_client), (mut from_server, mut to_server)) =
        (client.into_split(), server.into_split());
    tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
    let mut piece = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from_client.read(&mut piece).await {
        bytes.fetch_add(length, Ordering::SeqCst);
        if to_server.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
}

/// A function on either platform.
enum Host {
    Lambda(LambdaHost),
    Vercel(VercelHost),
}

impl Host {
    async fn start(on_lambda: bool, variables: Variables<'_>) -> Self {
        if on_lambda {
            Self::Lambda(LambdaHost::start(function(), variables).await)
        } else {
            Self::Vercel(VercelHost::start(function(), variables).await)
        }
    }

    /// A completion; its status.
    async fn completion(&self, account: &Account) -> u16 {
        let (path, key, body) =
            ("/v1/chat/completions", format!("Bearer {}", account.key), hello(&json!({})).to_string());
        match self {
            Self::Lambda(host) => {
                let headers = [("authorization", key.as_str()), ("content-type", "application/json")];
                let answer = host.invoke(event("POST", path, &headers, Some(&body))).await.expect("an answer");
                let status = answer.status;
                answer.text().await;
                status
            }
            Self::Vercel(host) => {
                let (request, invocation) = host.request("POST", path);
                let request = request.bearer_auth(&account.key).header("content-type", "application/json").body(body);
                let status = send(request).await.status().as_u16();
                host.ended(&invocation).await;
                status
            }
        }
    }
}

#[tokio::test]
async fn the_first_call_finds_its_connections_open_and_nothing_was_sent_over_them() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    for on_lambda in [true, false] {
        loop {
            let own = |name: &str| world.platform.variables()[name].clone();
            let supabase = Counted::before(&own("SUPABASE_URL")).await;
            let upstash = Counted::before(&own("UPSTASH_REDIS_REST_URL")).await;
            let provider = Counted::before(&own("OPENROUTER_BASE_URL")).await;
            let variables = with(
                &world,
                &[
                    ("SUPABASE_URL", &supabase.url),
                    ("UPSTASH_REDIS_REST_URL", &upstash.url),
                    ("OPENROUTER_BASE_URL", &provider.url),
                    ("DATABASE_TIMEOUT_MS", "30000"),
                    ("REDIS_TIMEOUT_MS", "5000"),
                ],
            );
            let began = Instant::now();
            let host = Host::start(on_lambda, &variables).await;
            // One of the database's is for the look that each start takes at it.
            tokio::join!(supabase.opened(2), upstash.opened(1), provider.opened(1));
            let sent = [&upstash, &provider].map(|server| server.bytes.load(Ordering::SeqCst));
            assert_eq!(sent, [0, 0], "a connection is all: a request would be counted, or billed");
            assert_eq!(host.completion(&account).await, 200);
            if began.elapsed() > PROMPT {
                continue;
            }
            let opened = [&supabase, &upstash, &provider].map(Counted::count);
            assert_eq!(opened, [2, 1, 1], "the call has opened further ones");
            assert!(provider.bytes.load(Ordering::SeqCst) > 0, "the call went elsewhere");
            break;
        }
    }
}

#[tokio::test]
async fn servers_that_are_away_or_silent_delay_neither_the_start_nor_an_answer_that_needs_none() {
    let world = World::start().await;
    let account = world.account(1_000_000_000).await;
    // Accepts connections and never says a word: a TLS handshake there has no end.
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let silent = format!("https://{}", silent.local_addr().expect("its address"));
    // Nobody listens there.
    let away = TcpListener::bind("127.0.0.1:0").await.expect("a free port").local_addr().expect("its address");
    let away = format!("http://{away}");
    for on_lambda in [true, false] {
        for unusable in [&silent, &away] {
            let began = Instant::now();
            let host = Host::start(on_lambda, &with(&world, &[("SUPABASE_URL", unusable)])).await;
            let took = began.elapsed();
            assert!(took < PROMPT, "the start waited for the database: {took:?}");
            drop(host);

            let others = [("UPSTASH_REDIS_REST_URL", unusable.as_str()), ("CHUTES_BASE_URL", unusable.as_str())];
            let host = Host::start(on_lambda, &with(&world, &others)).await;
            // Without Redis the call goes on under this instance's own limits, and it asks another provider.
            assert_eq!(host.completion(&account).await, 200);
        }
    }
}
