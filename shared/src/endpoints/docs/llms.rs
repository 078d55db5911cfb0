//! `/llms.txt` and `/llms-full.txt`: the documentation for programs that read it, as <https://llmstxt.org> has it. The index of
//! the guides has that form already.

use axum::response::Response;
use http::HeaderMap;

use super::guides::{GUIDES, HOME};
use crate::endpoints::cached::{A_WHILE, Cached};

const KIND: &str = "text/plain; charset=utf-8";

/// What is no guide.
const REFERENCE: &str = "
## Reference
- [OpenAPI](/openapi.json): every endpoint with all its fields, headers and errors.
- [Models](/v1/models): the models and their prices, as they are now.
- [All guides in one text](/llms-full.txt): the texts of the guides above.
";

/// `GET /llms.txt`
#[utoipa::path(get, path = "/llms.txt", tag = "public",
    responses((status = 200, description = "The list of the guides.", content_type = "text/plain", body = String),
              (status = 304, description = "The client has it already, as its If-None-Match says.")))]
pub async fn list(asked: HeaderMap) -> Response {
    // The index links to the files beside it.
    let list = HOME.source.replace("](", "](/docs/guides/") + REFERENCE;
    Cached::text(KIND, A_WHILE, list).answer(&asked, &[])
}

/// `GET /llms-full.txt`
#[utoipa::path(get, path = "/llms-full.txt", tag = "public",
    responses((status = 200, description = "All guides.", content_type = "text/plain", body = String),
              (status = 304, description = "The client has it already, as its If-None-Match says.")))]
pub async fn full(asked: HeaderMap) -> Response {
    let all: Vec<&str> = GUIDES.iter().map(|guide| guide.source).collect();
    Cached::text(KIND, A_WHILE, all.join("\n\n---\n\n")).answer(&asked, &[])
}
