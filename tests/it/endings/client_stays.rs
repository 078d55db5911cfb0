//! A client that stays connected and does not read: its call waits for it, but not beyond the deadline.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::routing::post;
use futures_util::stream;
use serde_json::{Value, json};
use tests::deadline::late_enough;
use tests::watch::poll;
use tests::wire::{WIRES, Wire, openai};
use tests::world::{Account, Deployment, World};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::{ask, assert_members, let_it_reason, settled, world_within};

/// So many chunks of so many bytes are more than all buffers between provider and client hold.
const CHUNKS: usize = 1_000;
const CHUNK: usize = 64 * 1024;

/// A provider that writes as fast as it is read, and how many chunks it has written.
async fn provider(wire: &Wire) -> (String, Arc<AtomicUsize>) {
    let written = Arc::new(AtomicUsize::new(0));
    let count = written.clone();
    // Bulk that is no text, which would take long to count.
    let mut chunk = wire.upstream_event(" water");
    chunk["obfuscation"] = json!("x".repeat(CHUNK));
    let chunk = wire.upstream_frame(&chunk);
    let answer = move || async move {
        let chunks = stream::iter((0..CHUNKS).map(move |_| {
            count.fetch_add(1, Ordering::SeqCst);
            Ok::<_, std::io::Error>(chunk.clone())
        }));
        ([("content-type", "text/event-stream")], Body::from_stream(chunks))
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("its address"));
    let router = Router::new().fallback(post(answer));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, written)
}

/// The wires whose clients get what is no text: a message is made of the text alone.
fn wires() -> impl Iterator<Item = &'static Wire> {
    let passes = |wire: &&Wire| wire.upstream() == wire.format || openai().any(|own| own.name == wire.name);
    WIRES.iter().filter(passes)
}

/// Sends a call over a connection that holds little, and reads nothing.
async fn send_and_do_not_read(wire: &Wire, world: &World, account: &Account, body: &Value) -> TcpStream {
    let address = world.base_url.trim_start_matches("http://");
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4096).expect("a small buffer");
    let mut client = socket.connect(address.parse().expect("an address")).await.expect("a connection");
    let body = body.to_string();
    let request = format!(
        "POST {} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        wire.path(),
        account.key,
        body.len()
    );
    client.write_all(request.as_bytes()).await.expect("the request is sent");
    client
}

async fn is_settled_at_its_deadline(
    deployment: &Deployment,
    wire: &'static Wire,
    reasoning: bool,
    outcome: &str,
) -> Value {
    let (key, base_url) = (wire.variable("API_KEY"), wire.variable("BASE_URL"));
    late_enough(async |deadline, seconds| {
        let (url, written) = provider(wire).await;
        let own = [(key.as_str(), "key"), (base_url.as_str(), url.as_str())];
        let variables: Vec<_> = own.into_iter().chain(deadline.iter().copied()).collect();
        let (world, account) = world_within(deployment, wire, "any/model", &variables).await;
        if reasoning {
            let_it_reason(&world, wire).await;
        }
        let client = send_and_do_not_read(wire, &world, &account, &ask(wire, true)).await;
        let recorded = format!("select count(*) from gateway.requests where account_id = '{}'", account.id);
        poll("the settle", || async { world.value(&recorded).await != json!(0) }).await;
        let row = settled(&world, &account).await;
        // The provider had not begun, or what it wrote had not yet come to a client that does not read.
        if row["outcome"] != outcome {
            return None;
        }
        let written = written.load(Ordering::SeqCst);
        assert!((1..CHUNKS).contains(&written), "{written} chunks were written");
        assert!(row["duration_ms"].as_u64() >= Some(seconds * 1_000 / 2), "{row}");
        client.readable().await.expect("the client is still connected");
        Some(row)
    })
    .await
}

#[tokio::test]
async fn a_stream_that_nobody_reads_is_settled_at_its_deadline() {
    let deployment = Deployment::new().await;
    // One after the other: a provider that writes as fast as it is read leaves little to its neighbours.
    for wire in wires() {
        let row = is_settled_at_its_deadline(&deployment, wire, false, "client_left").await;
        assert_members(&row, &json!({"estimated": true}));
        assert!(row["completion_tokens"].as_u64() > Some(0), "{row}");
    }
}

#[tokio::test]
async fn so_is_one_of_a_reasoning_model() {
    let deployment = Deployment::new().await;
    for wire in wires() {
        let row = is_settled_at_its_deadline(&deployment, wire, true, "deadline").await;
        assert_members(&row, &json!({"estimated": true, "cost": row["held"]}));
    }
}
