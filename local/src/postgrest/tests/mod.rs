//! The stand-in through HTTP, over whichever database this machine has.
mod access;
mod calls;
mod control;

use super::*;
use crate::database::{Blueprint, Cluster};
use serde_json::{Value, json};
use std::path::Path;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// A stand-in over a database of its own.
struct Fixture {
    postgrest: Postgrest,
    keys: Keys,
    database: Database,
}

impl Fixture {
    async fn start() -> Fixture {
        let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/postgrest/tests"));
        let cluster = Cluster::shared(|| Blueprint::schemas(folder)).await.expect("a cluster");
        let database = cluster.create_database().await.expect("a database");
        let keys = Keys::derive(b"a seed").expect("keys");
        let postgrest = Postgrest::start(&database, keys.clone()).await.expect("a stand-in");
        Fixture { postgrest, keys, database }
    }

    /// Calls a function as the service does.
    async fn call(&self, function: &str, body: Value) -> Reply {
        self.call_as(&format!("apikey: {}", self.keys.secret), function, &body.to_string()).await
    }

    async fn call_as(&self, headers: &str, function: &str, body: &str) -> Reply {
        let path = format!("/rest/v1/rpc/{function}");
        self.send("POST", &path, headers, body).await.expect("an answer")
    }

    /// None if the connection was closed without an answer.
    async fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> Option<Reply> {
        let address = self.postgrest.url().trim_start_matches("http://").to_owned();
        let mut stream = TcpStream::connect(&address).await.expect("a connection");
        let length = body.len();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.expect("a request sent");
        let mut answer = String::new();
        // A reset is a closed connection too.
        let _ = stream.read_to_string(&mut answer).await;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        let chunked = head.contains("transfer-encoding");
        assert!(!chunked, "{head}");
        Some(Reply { status, head: head.to_owned(), body: serde_json::from_str(body).unwrap_or(Value::Null) })
    }

    async fn notes(&self) -> i64 {
        self.database.query("select count(*) from private.notes", &[]).await.expect("a count")[0].get(0)
    }
}

#[derive(Debug)]
struct Reply {
    status: u16,
    head: String,
    body: Value,
}

impl Reply {
    fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
}

/// Waits until something is so; the limit is for tests that fail.
async fn until(so: impl AsyncFn() -> bool) {
    let wait = async {
        while !so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), wait).await.expect("it to become so");
}
