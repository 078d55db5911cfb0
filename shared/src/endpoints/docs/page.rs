//! `/docs`: the documentation for people, rendered in the browser from `/openapi.json`.

use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use http::header;

use crate::app::SharedApp;
use crate::html::escape;

/// Nothing from anywhere but here: the page works offline, and whatever a schema's text holds cannot phone out. The
/// renderer sets styles of its own and draws its icons from data URLs.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// `GET /docs`
#[utoipa::path(get, path = "/docs", tag = "public",
    responses((status = 200, description = "A page for people.", content_type = "text/html", body = String)))]
pub async fn show(State(app): State<SharedApp>) -> Response {
    let page = include_str!("page.html").replace("{{name}}", &escape(&app.config.app_name));
    let headers = [(header::CONTENT_SECURITY_POLICY, POLICY), (header::CACHE_CONTROL, "public, max-age=300")];
    (headers, Html(page)).into_response()
}
