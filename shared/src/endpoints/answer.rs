//! Answers that the database has worded.

use axum::response::{IntoResponse, Response};
use http::header;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// Public catalog answers may be five minutes old; the CDN gives them out and refreshes them behind the scenes.
const PUBLIC: &str = "public, max-age=60, s-maxage=300, stale-while-revalidate=600";

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
