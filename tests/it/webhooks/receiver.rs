//! A server that takes what webhooks are told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, Uri, header};
use serde_json::Value;
use shared::webhooks::secret::signatures;

/// Something that was received.
#[derive(Clone, Debug)]
pub struct Received {
    pub uri: Uri,
    pub headers: HeaderMap,
    pub body: String,
}

impl Received {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().expect("text")).unwrap_or_default()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    /// Whether one of its signatures is that of this secret, over what was received.
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let at = self.header("webhook-timestamp").parse().expect("seconds");
        let signature = signatures([secret].into_iter(), self.header("webhook-id"), at, &self.body);
        self.header("webhook-signature").split(' ').any(|one| one == signature)
    }
}

#[derive(Default)]
struct Inner {
    received: Mutex<Vec<Received>>,
    answers: Mutex<VecDeque<u16>>,
}

/// The running server. It answers 200, unless it was told otherwise.
pub struct Receiver {
    address: String,
    inner: Arc<Inner>,
}

impl Receiver {
    pub async fn start() -> Self {
        let inner = Arc::new(Inner::default());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new().fallback(take).with_state(Arc::clone(&inner));
        // It stops with the runtime of the test.
        tokio::spawn(async { axum::serve(listener, router).await });
        Self { address, inner }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    /// Answers the next ones so, in this order.
    pub fn answer(&self, statuses: impl IntoIterator<Item = u16>) {
        self.inner.answers.lock().expect("no panic").extend(statuses);
    }

    /// What was received since this was last asked for.
    pub fn take(&self) -> Vec<Received> {
        std::mem::take(&mut self.inner.received.lock().expect("no panic"))
    }
}

async fn take(State(inner): State<Arc<Inner>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let body = String::from_utf8(body.to_vec()).expect("text");
    inner.received.lock().expect("no panic").push(Received { uri, headers, body });
    let status = inner.answers.lock().expect("no panic").pop_front().unwrap_or(200);
    let status = StatusCode::from_u16(status).expect("a status");
    // Where a redirect leads, if it is one.
    (status, [(header::LOCATION, "/moved")]).into_response()
}
