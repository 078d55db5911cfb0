//! `/console`: the page that everything else of the console is fetched by.

use std::sync::LazyLock;

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;

use super::{page_headers, sent};
use crate::app::SharedApp;
use crate::endpoints::cached::Cached;
use crate::error::{Code, Result};

static PAGE: LazyLock<Option<Cached>> =
    LazyLock::new(|| sent("page.html", Bytes::from_static(include_bytes!("page.html"))));

/// `GET /console`
///
/// # Errors
/// None; the page is part of the program.
#[utoipa::path(get, path = "/console", tag = "public",
    responses((status = 200, description = "A page for people.", content_type = "text/html", body = String),
              (status = 304, description = "The client has it already, as its If-None-Match says.")))]
pub async fn show(State(app): State<SharedApp>, asked: HeaderMap) -> Result<Response> {
    let page = PAGE.as_ref().ok_or(Code::NotFound)?;
    Ok(page.answer(&asked, &page_headers(&app.config)))
}
