//! The head of a successful answer, and the times that it tells.

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use http::{HeaderMap, HeaderValue, header};

use super::admit::Admitted;
use super::context::Call;

/// Where the time until the head went.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timing {
    /// Until the database had answered.
    pub auth: Duration,
    /// Until the limiter had answered; at the same time as `auth`.
    pub limits: Duration,
    /// Waiting for providers.
    pub upstream: Duration,
}

/// A 200 with the headers of every inference answer. Its provider is not known where a silent one has made the head go
/// out early.
pub fn answer(
    call: &Call,
    admitted: &Admitted,
    timing: &Timing,
    provider: Option<&str>,
    content_type: &'static str,
    body: Body,
) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    if let Some(Ok(provider)) = provider.map(HeaderValue::from_str) {
        headers.insert("x-gateway-provider", provider);
    }
    admitted.lease.status.write(headers);
    timing.write(headers, call);
    response
}

impl Timing {
    /// `server-timing` in ms (W3C Server Timing): what the gateway itself took is the whole less the providers' part.
    pub fn write(&self, headers: &mut HeaderMap, call: &Call) {
        let ms = |duration: Duration| duration.as_secs_f64() * 1000.0;
        let text = format!(
            "auth;dur={:.2}, limits;dur={:.2}, upstream;dur={:.2}, gateway;dur={:.2}",
            ms(self.auth),
            ms(self.limits),
            ms(self.upstream),
            ms(call.started.elapsed().saturating_sub(self.upstream)),
        );
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert("server-timing", value);
        }
    }
}
