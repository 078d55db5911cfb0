//! `/openapi.json`: every endpoint in OpenAPI 3.1, as derived from the table by `cargo run -- routes --write`.

use axum::response::{IntoResponse, Response};
use http::header;

/// The document. Whoever wants to build a client for the API from a browser may: any origin may read it.
const DOCUMENT: &str = include_str!("openapi.json");

/// `GET /openapi.json`
#[utoipa::path(get, path = "/openapi.json", tag = "public",
    responses((status = 200, description = "This document.", body = Object)))]
pub async fn show() -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "public, max-age=300")];
    (headers, DOCUMENT).into_response()
}
