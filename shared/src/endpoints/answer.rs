//! Answers that come from the database as JSON.

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::cached::takes_gzip;
use crate::app::App;
use crate::error::{Code, Error, Result};
use crate::object::Object;

/// Public catalog answers may be five minutes old; the CDN gives them out and refreshes them behind the scenes.
const PUBLIC: &str = "public, max-age=60, s-maxage=300, stale-while-revalidate=600";

/// Public answers that tell how it goes at present may be a minute old.
const RECENT: &str = "public, max-age=30, s-maxage=60";

/// Bytes from which on an answer is compressed: a shorter one fits a packet or a few as it is.
const WORTH_COMPRESSING: usize = 8 * 1024;

/// A page of a list.
#[derive(ToSchema)]
pub struct Page<T: ToSchema> {
    /// `list`.
    pub object: String,
    /// The entries of this page.
    pub data: Vec<T>,
    /// Whether there are more.
    pub has_more: bool,
    /// The `cursor` of the next page.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// Adds a new key, which is shown this once, to the database's answer. A `replayed` answer is that of an earlier request with the
/// same Idempotency-Key, which showed the key.
///
/// # Errors
/// `internal_error` when the answer is no object.
pub fn show_key(json: &RawValue, secret: &str) -> Result<Box<RawValue>> {
    show_secret(json, "api_key", secret)
}

/// The same with the key in a member of another name.
///
/// # Errors
/// As [`show_key`].
pub fn show_secret(json: &RawValue, member: &'static str, secret: &str) -> Result<Box<RawValue>> {
    let show = || {
        let mut answer: Object<'_> = serde_json::from_str(json.get())?;
        let replayed = answer.read("replayed")?.unwrap_or(false);
        answer.set(member, &(!replayed).then_some(secret))?;
        serde_json::value::to_raw_value(&answer)
    };
    show().map_err(|error| malformed(&error))
}

/// The error for an answer of the database that has another form than it should.
pub fn malformed(error: &serde_json::Error) -> Error {
    tracing::error!(%error, "the database's answer is malformed");
    Error::new(Code::InternalError)
}

/// An answer for this caller alone.
pub fn private(json: &RawValue) -> Response {
    respond(json.get().to_owned(), "no-store")
}

/// An answer for anyone.
pub fn public(json: &RawValue) -> Response {
    respond(json.get().to_owned(), PUBLIC)
}

/// An answer for anyone, compressed to whoever takes it so: a catalog is a megabyte, and not every platform does it by itself.
pub fn public_to(app: &App, asked: &HeaderMap, json: Bytes) -> Response {
    let worth_it = json.len() >= WORTH_COMPRESSING && takes_gzip(asked);
    let zipped = worth_it.then(|| app.zipped.of(&json)).flatten();
    let is_zipped = zipped.is_some();
    let mut response = respond(zipped.unwrap_or(json), PUBLIC);
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if is_zipped {
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

/// An answer for anyone, that tells how it goes at present.
pub fn recent(json: &RawValue) -> Response {
    respond(json.get().to_owned(), RECENT)
}

fn respond(json: impl IntoResponse, cache: &'static str) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, cache)];
    (headers, json).into_response()
}
