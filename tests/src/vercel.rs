//! Drives a function as Vercel does: it listens on `VERCEL_DEV_PORT` and reports over the socket `VERCEL_IPC_PATH`, in
//! JSON messages that a NUL ends (the protocol as vercel_runtime 2.4 and @vercel/node speak it): `server-started` once,
//! `end` for each invocation when it and its background work are over.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::watch;

use crate::function::{Function, Variables};
use crate::{certain, http_client};

/// How often a start is tried: the free port may be taken before the function has it.
const STARTS: usize = 3;

/// The client's address unless a test says otherwise (RFC 5737).
pub const CLIENT_IP: &str = "203.0.113.7";

/// A function behind the Vercel proxy.
pub struct VercelHost {
    /// The process.
    pub function: Function,
    /// Where the proxy sends requests.
    pub base_url: String,
    messages: watch::Receiver<Vec<Value>>,
    requests: AtomicU64,
    http: Client,
    _socket: TempDir,
}

/// One request's invocation.
#[derive(Clone, Debug)]
pub struct Invocation {
    id: String,
    request: u64,
}

impl VercelHost {
    /// Starts `program` and waits for its start message.
    ///
    /// # Panics
    /// When there is none.
    pub async fn start(program: &Path, variables: Variables<'_>) -> Self {
        let mut outputs = Vec::new();
        for _ in 0..STARTS {
            match Self::try_start(program, variables).await {
                Ok(host) => return host,
                Err(output) => outputs.push(output),
            }
        }
        panic!("the function did not start: {outputs:#?}");
    }

    async fn try_start(program: &Path, variables: Variables<'_>) -> Result<Self, Vec<String>> {
        let folder = tempfile::tempdir().expect("a folder for the socket");
        let path = folder.path().join("ipc.sock");
        let listener = UnixListener::bind(&path).expect("a socket");
        let port = free_port().await.to_string();
        let path = path.to_str().expect("a path in UTF-8");
        let platform = [("VERCEL_IPC_PATH", path), ("VERCEL_DEV_PORT", &port)];
        let mut function = Function::start(program, &[&platform, variables].concat());
        let messages = tokio::select! {
            messages = certain("the function's start", listen(listener)) => messages,
            _ = function.ended() => return Err(function.output()),
        };
        let base_url = format!("http://127.0.0.1:{port}");
        let requests = AtomicU64::new(0);
        let host = Self { function, base_url, messages, requests, http: http_client(), _socket: folder };
        // One whose port somebody else has taken meanwhile ends here.
        let Some(started) = host.find(|message| message["type"] == "server-started").await else {
            return Err(host.function.output());
        };
        assert_eq!(started["payload"]["httpPort"].to_string(), port, "{started}");
        Ok(host)
    }

    /// A request as the proxy passes it on, and the invocation that it begins.
    ///
    /// # Panics
    /// Never, unless a test's method is none.
    pub fn request(&self, method: &str, path: &str) -> (RequestBuilder, Invocation) {
        let request = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        let invocation = Invocation { id: format!("invocation-{request}"), request };
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let builder = self
            .http
            .request(method, format!("{}{path}", self.base_url))
            .header("x-vercel-internal-invocation-id", &invocation.id)
            .header("x-vercel-internal-request-id", request)
            .header("x-vercel-forwarded-for", CLIENT_IP)
            .header("x-forwarded-for", CLIENT_IP);
        (builder, invocation)
    }

    /// Waits for the invocation's `end`.
    ///
    /// # Panics
    /// When it does not come, or reports an error.
    pub async fn ended(&self, invocation: &Invocation) {
        let end = self.message(|message| is_end_of(message, invocation)).await;
        assert_eq!(end["payload"]["error"], Value::Null, "{end}");
    }

    /// Whether the invocation's `end` has come.
    #[must_use]
    pub fn has_ended(&self, invocation: &Invocation) -> bool {
        self.messages.borrow().iter().any(|message| is_end_of(message, invocation))
    }

    async fn message(&self, wanted: impl Fn(&Value) -> bool) -> Value {
        self.find(wanted).await.expect("the function keeps its socket open")
    }

    /// The first such message; none if the function ends without.
    async fn find(&self, wanted: impl Fn(&Value) -> bool) -> Option<Value> {
        let mut messages = self.messages.clone();
        let found = messages.wait_for(|messages| messages.iter().any(&wanted));
        let found = certain("the function's message", found).await.ok()?;
        found.iter().find(|message| wanted(message)).cloned()
    }
}

fn is_end_of(message: &Value, invocation: &Invocation) -> bool {
    let context = &message["payload"]["context"];
    message["type"] == "end" && context["invocationId"] == invocation.id && context["requestId"] == invocation.request
}

async fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    listener.local_addr().expect("its address").port()
}

/// Takes the function's connection and collects its messages.
async fn listen(listener: UnixListener) -> watch::Receiver<Vec<Value>> {
    let (stream, _) = listener.accept().await.expect("the function connects");
    let (sender, messages) = watch::channel(Vec::new());
    tokio::spawn(async move {
        let mut reader = BufReader::new(stream);
        let mut bytes = Vec::new();
        while reader.read_until(0, &mut bytes).await.is_ok_and(|read| read > 0) {
            assert_eq!(bytes.pop(), Some(0), "a message that no NUL ends: {}", String::from_utf8_lossy(&bytes));
            let message: Value = serde_json::from_slice(&bytes).expect("a message in JSON");
            sender.send_modify(|messages| messages.push(message));
            bytes.clear();
        }
    });
    messages
}
