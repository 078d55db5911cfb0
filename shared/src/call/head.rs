//! The head of a successful answer.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, header};

use super::admit::Admitted;
use super::cached;
use super::context::Call;
use super::timing::Timing;
use crate::{answer_headers, generation_id};

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
    if let Ok(id) = HeaderValue::from_str(&generation_id::write(call.id)) {
        headers.insert(answer_headers::GENERATION_ID, id);
    }
    if let Some(Ok(provider)) = provider.map(HeaderValue::from_str) {
        headers.insert(answer_headers::GATEWAY_PROVIDER, provider);
    }
    if admitted.hold.credit_limited
        && let Ok(limit) = HeaderValue::from_str(&format!("{};by=credit", admitted.hold.output_limit))
    {
        headers.insert(answer_headers::OUTPUT_LIMIT, limit);
    }
    if let Some(since) = admitted.hold.deprecated
        && let Ok(since) = HeaderValue::from_str(&format!("@{since}"))
    {
        headers.insert(answer_headers::DEPRECATION, since);
    }
    cached::note_miss(call, headers);
    admitted.lease.status.write(headers);
    timing.write(headers, call);
    response
}
