//! Names every request and writes its one line of the access log.

use std::time::Instant;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::{Method, StatusCode, Uri};
use tracing::Instrument as _;

use crate::api_key::without_keys;
use crate::request_id::{self, RequestId};

/// Gives the request its id, which then is in its extensions, in the span of all it logs and on its response.
pub(super) async fn identify(mut request: Request, next: Next) -> Response {
    let id = RequestId::choose(request.headers());
    // At error level, so that the request id is on every line whatever RUST_LOG says.
    let span = tracing::error_span!("request", request_id = %id);
    let line = AccessLine::new(&request, id.clone());
    request.extensions_mut().insert(id.clone());
    let mut response = next.run(request).instrument(span).await;
    if let Some(value) = id.to_header() {
        response.headers_mut().insert(request_id::HEADER, value);
    }
    line.write(response.status());
    response
}

/// Writes itself when the head of the response is there, or when the client has left before that.
///
/// It has the path, without a key in it, and never the query or a header: those may hold what is nobody's business.
struct AccessLine {
    began: Instant,
    method: Method,
    uri: Uri,
    id: RequestId,
    /// Which retry this is, as the OpenAI SDKs count them.
    retry: Option<u32>,
    status: Option<StatusCode>,
}

impl AccessLine {
    fn new(request: &Request, id: RequestId) -> Self {
        let retry =
            request.headers().get("x-stainless-retry-count").and_then(|count| count.to_str().ok()?.parse().ok());
        let (method, uri) = (request.method().clone(), request.uri().clone());
        Self { began: Instant::now(), method, uri, id, retry, status: None }
    }

    fn write(mut self, status: StatusCode) {
        self.status = Some(status);
    }
}

impl Drop for AccessLine {
    fn drop(&mut self) {
        let ms = self.began.elapsed().as_micros() as f64 / 1e3;
        let path = without_keys(self.uri.path());
        let (method, path, request_id) = (self.method.as_str(), path.as_ref(), self.id.as_str());
        let retry = self.retry;
        match self.status {
            Some(status) => tracing::info!(method, path, status = status.as_u16(), ms, retry, request_id, "request"),
            None => tracing::info!(method, path, ms, retry, request_id, "request left by its client"),
        }
    }
}
