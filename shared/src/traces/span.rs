//! A span as OTLP/JSON has it: ids in hex, 64-bit numbers as texts, enums as numbers (opentelemetry.io/docs/specs/otlp, "JSON Protobuf
//! Encoding").

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value as Json, json};

use super::context::{SpanId, TraceContext};

/// What a span is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A request that is answered here.
    Server,
    /// A request to somebody else.
    Client,
}

/// What an attribute holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A text.
    Text(String),
    /// Texts.
    Texts(Vec<String>),
    /// A whole number.
    Number(i64),
    /// A number.
    Fraction(f64),
    /// Yes or no.
    Flag(bool),
}

/// One span.
#[derive(Clone, Debug)]
pub struct Span {
    /// Its id.
    pub id: SpanId,
    /// The span that it is a part of.
    pub parent: Option<SpanId>,
    /// What people read.
    pub name: String,
    /// What it is of.
    pub kind: Kind,
    /// When it began.
    pub start: SystemTime,
    /// When it ended.
    pub end: SystemTime,
    /// Whether it failed by somebody's fault.
    pub failed: bool,
    /// What is known of it.
    pub attributes: Vec<(&'static str, Value)>,
}

impl Value {
    /// A count.
    #[must_use]
    pub fn count(count: u64) -> Self {
        Self::Number(i64::try_from(count).unwrap_or(i64::MAX))
    }

    fn json(&self) -> Json {
        match self {
            Self::Text(text) => json!({ "stringValue": text }),
            Self::Texts(texts) => {
                let values: Vec<Json> = texts.iter().map(|text| json!({ "stringValue": text })).collect();
                json!({ "arrayValue": { "values": values } })
            }
            Self::Number(number) => json!({ "intValue": number.to_string() }),
            Self::Fraction(number) => json!({ "doubleValue": number }),
            Self::Flag(flag) => json!({ "boolValue": flag }),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// Attributes as OTLP/JSON has them.
pub(super) fn attributes(attributes: &[(&'static str, Value)]) -> Json {
    attributes.iter().map(|(name, value)| json!({ "key": name, "value": value.json() })).collect()
}

impl Span {
    /// As OTLP/JSON has it, in its trace.
    pub(super) fn json(&self, context: &TraceContext) -> Json {
        let kind = match self.kind {
            Kind::Server => 2,
            Kind::Client => 3,
        };
        let mut span = json!({
            "traceId": context.trace.to_string(),
            "spanId": self.id.to_string(),
            "name": self.name,
            "kind": kind,
            "startTimeUnixNano": unix_nanos(self.start),
            "endTimeUnixNano": unix_nanos(self.end.max(self.start)),
            "attributes": attributes(&self.attributes),
        });
        if let Some(parent) = self.parent {
            span["parentSpanId"] = parent.to_string().into();
        }
        if self.failed {
            span["status"] = json!({ "code": 2 });
        }
        span
    }
}

fn unix_nanos(at: SystemTime) -> String {
    at.duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos().to_string()
}
