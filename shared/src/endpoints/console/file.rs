//! `/console/{file}`: what the console consists of.

use axum::extract::Path;
use axum::response::Response;
use http::HeaderMap;

use super::{files, headers};
use crate::error::{Code, Result};

/// `GET /console/{file}`
///
/// # Errors
/// 404 for a file that is not the console's.
#[utoipa::path(get, path = "/console/{file}", tag = "public",
    params(("file" = String, Path, description = "A script or style sheet of the page at /console.", example = "main.js")),
    responses((status = 200, description = "The file.",
               content((String = "text/javascript"), (String = "text/css"), (String = "image/svg+xml"), (String = "text/html"), (String = "text/plain"))),
              (status = 304, description = "The client has it already, as its If-None-Match says."),
              (status = 404, description = "`not_found`")))]
pub async fn show(Path(file): Path<String>, asked: HeaderMap) -> Result<Response> {
    let file = files::find(&file).ok_or(Code::NotFound)?;
    Ok(file.answer(&asked, &headers()))
}
