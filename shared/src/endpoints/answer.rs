//! Answers that the database has worded.

use axum::response::{IntoResponse, Response};
use http::header;
use serde_json::value::RawValue;

/// Public catalog answers may be five minutes old; the CDN gives them out and refreshes them behind the scenes.
const PUBLIC: &str = "public, max-age=60, s-maxage=300, stale-while-revalidate=600";

/// An answer for this caller alone.
pub fn private(json: &RawValue) -> Response {
    respond(json, "no-store")
}

/// An answer for anyone.
pub fn public(json: &RawValue) -> Response {
    respond(json, PUBLIC)
}

fn respond(json: &RawValue, cache: &'static str) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, cache)];
    (headers, json.get().to_owned()).into_response()
}
