//! Where a call's time went, as `server-timing` tells it.

use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use tokio::time::Instant;

use super::context::Call;
use crate::answer_headers;

/// Where the time until the head went.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timing {
    /// When both stores were asked.
    pub stores_asked: Option<Instant>,
    /// Until the database had answered.
    pub auth: Duration,
    /// Until the limiter had answered; at the same time as `auth`.
    pub limits: Duration,
    /// Waiting for providers.
    pub upstream: Duration,
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
            headers.insert(answer_headers::SERVER_TIMING, value);
        }
    }
}

/// Whole milliseconds.
pub fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
