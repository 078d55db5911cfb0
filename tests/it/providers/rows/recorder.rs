//! A provider that keeps what it is asked, and answers what a test has put down.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, Uri, header};
use serde_json::Value;

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Its path.
    pub path: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body; null where it is no JSON.
    pub body: Value,
    /// The same as it came.
    pub raw: String,
}

#[derive(Default)]
struct Slot {
    seen: Vec<Seen>,
    status: u16,
    content_type: &'static str,
    answer: String,
}

/// The provider.
#[derive(Clone, Default)]
pub struct Recorder(Arc<Mutex<Slot>>);

impl Recorder {
    /// Listens until the test's runtime ends; gives the address, without a path.
    pub async fn listen(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new().fallback(answer).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        address
    }

    /// What is answered from now on.
    pub fn answers(&self, status: u16, content_type: &'static str, answer: String) {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *slot = Slot { seen: Vec::new(), status, content_type, answer };
    }

    /// What was asked since.
    pub fn seen(&self) -> Vec<Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).seen.clone()
    }
}

async fn answer(State(recorder): State<Recorder>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let mut slot = recorder.0.lock().unwrap_or_else(PoisonError::into_inner);
    let raw = String::from_utf8_lossy(&body).into_owned();
    let body = serde_json::from_slice(&body).unwrap_or_default();
    slot.seen.push(Seen { path: uri.path().to_owned(), headers, body, raw });
    let status = StatusCode::from_u16(slot.status).expect("a status");
    (status, [(header::CONTENT_TYPE, slot.content_type)], slot.answer.clone()).into_response()
}
