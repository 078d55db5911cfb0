//! A receiver of traces that is as strict as OTLP/JSON is (opentelemetry.io/docs/specs/otlp, "JSON Protobuf Encoding"): ids in hex, 64-bit
//! numbers as texts, no member that the protocol has not.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use http::{HeaderMap, StatusCode, header};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::certain;

/// What it does with a trace.
#[derive(Clone, Copy, Debug, Default)]
pub enum Manner {
    /// It takes it.
    #[default]
    Takes,
    /// It refuses it.
    Refuses,
    /// It never answers.
    IsSilent,
}

/// A trace that came.
#[derive(Clone, Debug)]
pub struct Trace {
    /// The headers that it came with.
    pub headers: HeaderMap,
    /// All of it.
    pub body: Value,
    /// Its spans, the call's first.
    pub spans: Vec<Value>,
}

/// The receiver. Its clones are the same one.
#[derive(Clone)]
pub struct Receiver {
    /// Where it is, as `OTEL_EXPORTER_OTLP_ENDPOINT` wants it.
    pub url: String,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    manner: Mutex<Manner>,
    came: watch::Sender<Vec<Result<Trace, String>>>,
    /// Those that are kept waiting, and the most that were at once.
    open: AtomicUsize,
    most_open: AtomicUsize,
}

/// One that is kept waiting, until its sender has gone.
struct Open(Arc<Shared>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Receiver {
    /// One that takes whatever comes.
    ///
    /// # Panics
    /// When there is no port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("its address"));
        let shared = Arc::new(Shared::default());
        let router = Router::new().route("/v1/traces", post(take)).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, shared }
    }

    /// From now on it does so.
    pub fn behaves(&self, manner: Manner) {
        *self.shared.manner.lock().unwrap_or_else(PoisonError::into_inner) = manner;
    }

    /// All that came.
    ///
    /// # Panics
    /// When one was no trace.
    #[must_use]
    pub fn traces(&self) -> Vec<Trace> {
        self.shared.came.borrow().iter().map(|came| came.clone().unwrap_or_else(|wrong| panic!("{wrong}"))).collect()
    }

    /// All that came, once there are as many.
    ///
    /// # Panics
    /// When they do not come, or one was no trace.
    pub async fn until(&self, count: usize) -> Vec<Trace> {
        let mut came = self.shared.came.subscribe();
        let _ = certain("the traces", came.wait_for(|came| came.len() >= count)).await.expect("it is up");
        self.traces()
    }

    /// How many are kept waiting now, and how many were at the most.
    #[must_use]
    pub fn open(&self) -> (usize, usize) {
        (self.shared.open.load(Ordering::SeqCst), self.shared.most_open.load(Ordering::SeqCst))
    }
}

async fn take(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: String) -> Response {
    let manner = *shared.manner.lock().unwrap_or_else(PoisonError::into_inner);
    let read = read(&headers, &body).map_err(|wrong| format!("{wrong} in {body}"));
    shared.came.send_modify(|came| came.push(read));
    match manner {
        Manner::Takes => ([(header::CONTENT_TYPE, "application/json")], "{}").into_response(),
        Manner::Refuses => (StatusCode::SERVICE_UNAVAILABLE, "{}").into_response(),
        Manner::IsSilent => {
            let open = shared.open.fetch_add(1, Ordering::SeqCst) + 1;
            shared.most_open.fetch_max(open, Ordering::SeqCst);
            let _open = Open(Arc::clone(&shared));
            std::future::pending().await
        }
    }
}

fn read(headers: &HeaderMap, body: &str) -> Result<Trace, String> {
    if headers.get(header::CONTENT_TYPE).is_none_or(|kind| kind != "application/json") {
        return Err("the content type is another".to_owned());
    }
    let body: Value = serde_json::from_str(body).map_err(|error| error.to_string())?;
    members(&body, &["resourceSpans"])?;
    let mut spans = Vec::new();
    for resource in list(&body["resourceSpans"])? {
        members(resource, &["resource", "scopeSpans"])?;
        members(&resource["resource"], &["attributes"])?;
        attributes(&resource["resource"]["attributes"])?;
        for scope in list(&resource["scopeSpans"])? {
            members(scope, &["scope", "spans"])?;
            members(&scope["scope"], &["name", "version"])?;
            for span in list(&scope["spans"])? {
                check_span(span)?;
                spans.push(span.clone());
            }
        }
    }
    if spans.is_empty() {
        return Err("there is no span".to_owned());
    }
    Ok(Trace { headers: headers.clone(), body, spans })
}

fn check_span(span: &Value) -> Result<(), String> {
    members(
        span,
        &[
            "traceId",
            "spanId",
            "parentSpanId",
            "name",
            "kind",
            "startTimeUnixNano",
            "endTimeUnixNano",
            "attributes",
            "status",
        ],
    )?;
    is_id(&span["traceId"], 32)?;
    is_id(&span["spanId"], 16)?;
    if let Some(parent) = span.get("parentSpanId") {
        is_id(parent, 16)?;
    }
    if span["name"].as_str().is_none_or(str::is_empty) || !matches!(span["kind"].as_u64(), Some(1..=5)) {
        return Err("a span has no name or no kind".to_owned());
    }
    let (start, end) = (number(&span["startTimeUnixNano"])?, number(&span["endTimeUnixNano"])?);
    // In 2020 or later, so that they are nanoseconds.
    if start > end || start < 1_577_836_800_000_000_000 {
        return Err(format!("a span lasts from {start} to {end}"));
    }
    if let Some(status) = span.get("status") {
        members(status, &["code", "message"])?;
        if !matches!(status["code"].as_u64(), Some(0..=2)) {
            return Err("a status has no code".to_owned());
        }
    }
    attributes(&span["attributes"])
}

fn attributes(attributes: &Value) -> Result<(), String> {
    let mut seen = Vec::new();
    for attribute in list(attributes)? {
        members(attribute, &["key", "value"])?;
        let key = attribute["key"].as_str().filter(|key| !key.is_empty()).ok_or("an attribute has no key")?;
        if seen.contains(&key) {
            return Err(format!("{key} is there twice"));
        }
        seen.push(key);
        value(&attribute["value"])?;
    }
    Ok(())
}

fn value(value: &Value) -> Result<(), String> {
    let one = value.as_object().filter(|members| members.len() == 1).and_then(|members| members.iter().next());
    let is_value = match one.map(|(kind, value)| (kind.as_str(), value)) {
        Some(("stringValue", text)) => text.is_string(),
        Some(("intValue", number)) => number.as_str().is_some_and(|text| text.parse::<i64>().is_ok()),
        Some(("doubleValue", number)) => number.is_number(),
        Some(("boolValue", flag)) => flag.is_boolean(),
        Some(("arrayValue", array)) => return list(&array["values"])?.iter().try_for_each(self::value),
        _ => false,
    };
    if is_value { Ok(()) } else { Err(format!("{value} is no value")) }
}

fn members(object: &Value, known: &[&str]) -> Result<(), String> {
    let object = object.as_object().ok_or_else(|| format!("{object} is no object"))?;
    match object.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(format!("there is no {name}")),
        None => Ok(()),
    }
}

fn list(list: &Value) -> Result<&Vec<Value>, String> {
    list.as_array().ok_or_else(|| format!("{list} is no list"))
}

fn number(text: &Value) -> Result<u64, String> {
    text.as_str().and_then(|text| text.parse().ok()).ok_or_else(|| format!("{text} is no 64-bit number"))
}

fn is_id(id: &Value, length: usize) -> Result<(), String> {
    let is_hex = |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let is_one = id.as_str().is_some_and(|id| id.len() == length && is_hex(id) && id.bytes().any(|byte| byte != b'0'));
    if is_one { Ok(()) } else { Err(format!("{id} is no id")) }
}

/// A span's attribute, without the word for its kind; null if it has none of this name.
#[must_use]
pub fn attribute(span: &Value, name: &str) -> Value {
    let attributes = span["attributes"].as_array().into_iter().flatten();
    let found = attributes.into_iter().find(|attribute| attribute["key"] == name);
    let value = found.and_then(|attribute| attribute["value"].as_object()?.values().next().cloned());
    value.unwrap_or_default()
}
