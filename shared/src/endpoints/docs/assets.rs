//! `/docs/{file}`: what the documentation's page is rendered with. Swagger UI comes with the crate that wraps it, so
//! nothing is fetched from anywhere, neither by the build nor by the page.

use std::sync::Arc;

use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use http::header;
use utoipa_swagger_ui::Config;

use crate::error::{Code, Error, Result};

/// Our own part: the page's policy allows no script inside it.
const START: (&str, &str) = ("start.js", include_str!("start.js"));

/// `GET /docs/{file}`
///
/// # Errors
/// 404 for a file that the page does not use.
#[utoipa::path(get, path = "/docs/{file}", tag = "public",
    params(("file" = String, Path, description = "A script or style sheet of the page at /docs.")),
    responses((status = 200, description = "The file.", content((String = "text/javascript"), (String = "text/css"))),
              (status = 404, description = "`not_found`")))]
pub async fn show(Path(file): Path<String>) -> Result<Response> {
    let headers =
        |kind: String| [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=86400".to_owned())];
    if file == START.0 {
        return Ok((headers("text/javascript".to_owned()), START.1).into_response());
    }
    let found = utoipa_swagger_ui::serve(&file, Arc::new(Config::default())).map_err(|error| {
        tracing::error!(%error, "a file of the documentation cannot be served");
        Error::new(Code::InternalError)
    })?;
    let asset = found.filter(|_| !file.is_empty()).ok_or(Code::NotFound)?;
    Ok((headers(asset.content_type), asset.bytes.into_owned()).into_response())
}
