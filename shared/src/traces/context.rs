//! Who is whose part: the ids of a trace and a span, and the header by which they travel (w3.org/TR/trace-context).
//!
//! `tracestate` is not taken over: it is what other tracing systems tell each other, and none of them is ours.

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue};

/// The header.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The flag of what is traced.
const SAMPLED: u8 = 1;

/// An id of a trace: never all zeros.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TraceId([u8; 16]);

/// An id of a span: never all zeros.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SpanId([u8; 8]);

/// A place in a trace: that of a call, or that which its caller has told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceContext {
    /// The trace.
    pub trace: TraceId,
    /// The span that is this place.
    pub span: SpanId,
    /// Whether it is traced.
    pub sampled: bool,
}

impl TraceId {
    /// A new one; none without randomness.
    fn new() -> Option<Self> {
        random().map(Self)
    }

    /// The part of it that is random whoever made it, as a number: what decides alike in every service that is part of the trace.
    pub(super) fn chance(self) -> u64 {
        let [.., a, b, c, d, e, f, g, h] = self.0;
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }
}

impl SpanId {
    /// A new one; none without randomness.
    #[must_use]
    pub fn new() -> Option<Self> {
        random().map(Self)
    }
}

fn random<const N: usize>() -> Option<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).ok()?;
    (bytes != [0; N]).then_some(bytes)
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TraceContext {
    /// The place that the caller of a request has told; none that is malformed, or told twice.
    #[must_use]
    pub fn of_caller(headers: &HeaderMap) -> Option<Self> {
        let mut told = headers.get_all(TRACEPARENT).iter();
        let header = told.next().filter(|_| told.next().is_none())?;
        Self::read(header.to_str().ok()?.trim())
    }

    /// A place of its own within the trace of `parent`, or in a new trace; none without randomness.
    #[must_use]
    pub fn within(parent: Option<Self>, sampled: impl FnOnce(TraceId) -> bool) -> Option<Self> {
        let trace = parent.map_or_else(TraceId::new, |parent| Some(parent.trace))?;
        Some(Self { trace, span: SpanId::new()?, sampled: sampled(trace) })
    }

    /// `version-trace-span-flags`. A later version may have more behind them.
    fn read(text: &str) -> Option<Self> {
        let (version, rest) = (text.get(..2)?, text.get(2..)?);
        let is_hex = |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !is_hex(version) || version == "ff" {
            return None;
        }
        let (ids, further) = (rest.get(..53)?, rest.get(53..)?);
        if !further.is_empty() && (version == "00" || !further.starts_with('-')) {
            return None;
        }
        let mut parts = ids.strip_prefix('-')?.split('-');
        let (trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || !(is_hex(trace) && is_hex(span) && is_hex(flags)) {
            return None;
        }
        let (mut trace_id, mut span_id, mut flag) = ([0; 16], [0; 8], [0]);
        hex::decode_to_slice(trace, &mut trace_id).ok()?;
        hex::decode_to_slice(span, &mut span_id).ok()?;
        hex::decode_to_slice(flags, &mut flag).ok()?;
        let are_ids = trace_id != [0; 16] && span_id != [0; 8];
        are_ids.then_some(Self { trace: TraceId(trace_id), span: SpanId(span_id), sampled: flag[0] & SAMPLED != 0 })
    }

    /// As the header tells it.
    #[must_use]
    pub fn header(&self) -> Option<HeaderValue> {
        let flags = if self.sampled { SAMPLED } else { 0 };
        HeaderValue::from_str(&format!("00-{}-{}-{flags:02x}", self.trace, self.span)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn what_was_read_is_written_again() {
        let context = TraceContext::read(TOLD).expect("a place");
        assert_eq!((context.header(), context.sampled), (TOLD.parse().ok(), true));
        let off = TOLD.replace("-01", "-00");
        assert_eq!(
            TraceContext::read(&off).map(|context| (context.header(), context.sampled)),
            Some((off.parse().ok(), false))
        );
        // Flags that nobody knows yet, and what a later version has behind them.
        assert!(TraceContext::read(&TOLD.replace("-01", "-ff")).is_some_and(|context| context.sampled));
        assert!(TraceContext::read(&format!("cc{}-what.comes", &TOLD[2..])).is_some());
    }

    #[test]
    fn what_is_malformed_or_told_twice_is_nothing() {
        for wrong in [
            "",
            "00",
            "hello",
            &TOLD.to_uppercase(),
            &TOLD[..54],
            &format!("{TOLD}0"),
            &format!("{TOLD}-00"),
            &format!("ff{}", &TOLD[2..]),
            &format!("cc{}x", &TOLD[2..]),
            &TOLD.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            &TOLD.replace("00f067aa0ba902b7", &"0".repeat(16)),
            &TOLD.replace('-', "_"),
            &TOLD.replace("4bf9", "4b-9"),
            "00-é",
        ] {
            assert_eq!(TraceContext::read(wrong), None, "{wrong}");
        }
        let mut headers = HeaderMap::new();
        headers.append(TRACEPARENT, HeaderValue::from_static(TOLD));
        assert!(TraceContext::of_caller(&headers).is_some());
        headers.append(TRACEPARENT, HeaderValue::from_static(TOLD));
        assert!(TraceContext::of_caller(&headers).is_none());
    }
}
