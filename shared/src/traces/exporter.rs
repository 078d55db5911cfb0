//! The way to the receiver, which no call waits for: what it does not take in time is gone.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{HeaderValue, header};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

use super::context::TraceContext;
use super::names;
use super::sampling::is_traced;
use super::span::{Span, Value, attributes};
use crate::config::TraceSettings;
use crate::reason::reason;

/// How long the receiver may take.
const LONGEST: Duration = Duration::from_secs(2);

/// How many traces may be on their way at once: what a slow receiver holds in memory.
pub const MOST_WAITING: usize = 32;

/// How long a receiver that has not taken a trace is left alone.
const PAUSE: Duration = Duration::from_secs(5);

/// What is read of its answer, in bytes.
const ANSWER: usize = 16 * 1024;

/// Sends traces. Its clones are the same one.
#[derive(Clone)]
pub struct Exporter(Arc<Shared>);

struct Shared {
    http: reqwest::Client,
    settings: TraceSettings,
    environment: &'static str,
    places: Arc<Semaphore>,
    paused_until: Mutex<Option<Instant>>,
    dropped: AtomicU64,
}

/// A place on the way to the receiver: whoever has none makes no spans.
pub struct Place {
    exporter: Exporter,
    _permit: OwnedSemaphorePermit,
}

/// What the receiver answers where it has not taken all.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Answer {
    partial_success: Partial,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Partial {
    /// A 64-bit number: a text, by the rules, and a number at some.
    rejected_spans: serde_json::Value,
}

impl Exporter {
    /// Sends over `http` to the receiver that `settings` name, for a deployment in this environment.
    #[must_use]
    pub fn new(settings: TraceSettings, environment: &'static str, http: reqwest::Client) -> Self {
        Self(Arc::new(Shared {
            http,
            settings,
            environment,
            places: Arc::new(Semaphore::new(MOST_WAITING)),
            paused_until: Mutex::default(),
            dropped: AtomicU64::new(0),
        }))
    }

    /// The place of a call in a trace: in its caller's, if that has told one.
    #[must_use]
    pub fn begin(&self, parent: Option<TraceContext>) -> Option<TraceContext> {
        TraceContext::within(parent, |trace| is_traced(self.0.settings.sampler, parent, trace))
    }

    /// A place for a trace, if there is one; else the trace is counted as dropped.
    #[must_use]
    pub fn place(&self) -> Option<Place> {
        let paused = *self.0.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        let permit = paused
            .is_none_or(|until| Instant::now() >= until)
            .then(|| Arc::clone(&self.0.places).try_acquire_owned().ok())
            .flatten();
        if permit.is_none() {
            self.drop_one();
        }
        Some(Place { exporter: self.clone(), _permit: permit? })
    }

    fn drop_one(&self) {
        let dropped = self.0.dropped.fetch_add(1, Ordering::Relaxed) + 1;
        // The first, and then ever fewer of them.
        if dropped.is_power_of_two() {
            tracing::warn!(dropped, "traces are dropped: their receiver does not take them in time");
        }
    }

    fn pause(&self) {
        *self.0.paused_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + PAUSE);
        self.drop_one();
    }

    fn body(&self, context: &TraceContext, spans: &[Span]) -> String {
        let resource = [
            (names::SERVICE, Value::Text(self.0.settings.service.clone())),
            (names::SERVICE_VERSION, Value::from(env!("CARGO_PKG_VERSION"))),
            (names::ENVIRONMENT, Value::from(self.0.environment)),
        ];
        let spans: Vec<_> = spans.iter().map(|span| span.json(context)).collect();
        json!({ "resourceSpans": [{
            "resource": { "attributes": attributes(&resource) },
            "scopeSpans": [{ "scope": { "name": "gateway", "version": env!("CARGO_PKG_VERSION") }, "spans": spans }],
        }] })
        .to_string()
    }

    async fn post(&self, body: String) -> Result<(), String> {
        let mut request = reqwest::Request::new(reqwest::Method::POST, self.0.settings.address.clone());
        *request.headers_mut() = self.0.settings.headers.clone();
        request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        *request.body_mut() = Some(body.into());
        let mut response = self.0.http.execute(request).await.map_err(reason)?;
        let status = response.status();
        let mut answer = Vec::new();
        // Read, so that the connection can be used again.
        while let Some(chunk) = response.chunk().await.map_err(reason)? {
            answer.extend_from_slice(&chunk);
            if answer.len() > ANSWER {
                break;
            }
        }
        if !status.is_success() {
            return Err(format!("status {status}"));
        }
        let rejected = serde_json::from_slice::<Answer>(&answer).unwrap_or_default().partial_success.rejected_spans;
        if !matches!(rejected.to_string().trim_matches('"'), "null" | "0" | "") {
            tracing::warn!(%rejected, "the receiver of traces has refused spans");
        }
        Ok(())
    }
}

impl Place {
    /// Sends a trace. What is not taken in time is dropped, and the receiver left alone for a while.
    pub async fn send(self, context: TraceContext, spans: Vec<Span>) {
        let body = self.exporter.body(&context, &spans);
        drop(spans);
        let failure = match timeout(LONGEST, self.exporter.post(body)).await {
            Ok(Ok(())) => return,
            Ok(Err(failure)) => failure,
            Err(_) => format!("no answer within {LONGEST:?}"),
        };
        tracing::warn!(%failure, "the receiver of traces has not taken one");
        self.exporter.pause();
    }
}
