//! `/console`: the page that everything else of the console is fetched by.

use axum::response::Response;
use http::HeaderMap;

use super::{files, headers};
use crate::error::{Code, Result};

/// `GET /console`
///
/// # Errors
/// None; the page is part of the program.
#[utoipa::path(get, path = "/console", tag = "public",
    responses((status = 200, description = "A page for people.", content_type = "text/html", body = String),
              (status = 304, description = "The client has it already, as its If-None-Match says.")))]
pub async fn show(asked: HeaderMap) -> Result<Response> {
    let page = files::find("index.html").ok_or(Code::NotFound)?;
    Ok(page.answer(&asked, &headers()))
}
