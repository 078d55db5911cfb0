//! `/docs`: the documentation for people: a list of all operations, each rendered in the browser from `/openapi.json` once it is opened.

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, HeaderValue, header};

use super::index::INDEX;
use crate::app::SharedApp;
use crate::endpoints::cached::{A_WHILE, Cached};
use crate::html::escape;

/// Nothing from anywhere but here: the page works offline, and whatever a schema's text holds cannot phone out. The
/// renderer puts its styles into the page and draws its icons from data URLs; scripts are files of ours and nothing else.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// `GET /docs`
#[utoipa::path(get, path = "/docs", tag = "public",
    responses((status = 200, description = "A page for people.", content_type = "text/html", body = String),
              (status = 304, description = "The client has it already, as its If-None-Match says.")))]
pub async fn show(State(app): State<SharedApp>, asked: HeaderMap) -> Response {
    let page = include_str!("page.html").replace("{{name}}", &escape(&app.config.app_name)).replace("{{list}}", &INDEX);
    let headers =
        [(header::CONTENT_SECURITY_POLICY, POLICY), (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"))];
    Cached::text("text/html; charset=utf-8", A_WHILE, page).answer(&asked, &headers)
}
