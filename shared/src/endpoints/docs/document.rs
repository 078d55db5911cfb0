//! `/openapi.json`: every endpoint in OpenAPI 3.1, as derived from the table by `cargo run -- routes --write`.

use std::sync::LazyLock;

use axum::response::Response;
use http::HeaderMap;

use crate::endpoints::cached::{A_WHILE, Cached};

/// The document. Whoever wants to build a client for the API from a browser may: any origin may read it.
static DOCUMENT: LazyLock<Cached> = LazyLock::new(|| Cached::text("application/json", A_WHILE, TEXT));

/// The same as it stands.
pub static TEXT: &str = include_str!("openapi.json");

/// `GET /openapi.json`
#[utoipa::path(get, path = "/openapi.json", tag = "public",
    responses((status = 200, description = "This document.", body = Object),
              (status = 304, description = "The client has it already, as its If-None-Match says.")))]
pub async fn show(asked: HeaderMap) -> Response {
    DOCUMENT.answer(&asked, &[])
}
