//! The answer of a call that was made before, under the same Idempotency-Key.

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, header};

use super::context::Call;
use crate::answer_headers;
use crate::error::Error;
use crate::keyring::{self, Sealed};
use crate::limits::RateLimitStatus;

/// The answer as it was given then.
///
/// # Errors
/// `not_configured` when no key of the keyring opens it.
pub fn answer(call: &Call, sealed: &Sealed, status: &RateLimitStatus) -> Result<Response, Error> {
    let mut response = Response::new(Body::from(keyring::open(&call.app, sealed)?));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(call.request.plain_type()));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(answer_headers::IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
    status.write(headers);
    Ok(response)
}
