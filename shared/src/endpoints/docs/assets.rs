//! `/docs/{file}`: what the documentation's pages are rendered with. All of it stands here (`vendor/README.md` says where it
//! comes from), so nothing is fetched from anywhere, neither by the build nor by the page.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::response::Response;
use http::HeaderMap;

use crate::endpoints::cached::{A_WHILE, Cached, FOR_EVER};
use crate::error::{Code, Result};

/// The renderer, under a name that says its version.
static RENDERER: LazyLock<Cached> = LazyLock::new(|| {
    Cached::compressed("text/javascript", FOR_EVER, include_bytes!("vendor/scalar-api-reference-1.76.0.js.gz"))
});
/// Our own part: the page's policy allows no script inside it.
static START: LazyLock<Cached> = LazyLock::new(|| Cached::text("text/javascript", A_WHILE, include_str!("start.js")));
static STYLE: LazyLock<Cached> = LazyLock::new(|| Cached::text("text/css", A_WHILE, include_str!("page.css")));
/// What the guides' pages add to the console's style sheet, and what runs in them.
static GUIDES_STYLE: LazyLock<Cached> =
    LazyLock::new(|| Cached::text("text/css", A_WHILE, include_str!("guides/guides.css")));
static GUIDES_SCRIPT: LazyLock<Cached> =
    LazyLock::new(|| Cached::text("text/javascript", A_WHILE, include_str!("guides/guides.js")));
/// What the guides are searched by.
static GUIDES_INDEX: LazyLock<Cached> =
    LazyLock::new(|| Cached::text("application/json", A_WHILE, include_str!("guides/derived/search.json")));

/// `GET /docs/{file}`
///
/// # Errors
/// 404 for a file that the pages do not use.
#[utoipa::path(get, path = "/docs/{file}", tag = "public",
    params(("file" = String, Path, description = "A script or style sheet of the pages at /docs.", example = "start.js")),
    responses((status = 200, description = "The file.", content((String = "text/javascript"), (String = "text/css"), (String = "application/json"))),
              (status = 304, description = "The client has it already, as its If-None-Match says."),
              (status = 404, description = "`not_found`")))]
pub async fn show(Path(file): Path<String>, asked: HeaderMap) -> Result<Response> {
    let file = match file.as_str() {
        "scalar-api-reference-1.76.0.js" => &RENDERER,
        "start.js" => &START,
        "page.css" => &STYLE,
        "guides.css" => &GUIDES_STYLE,
        "guides.js" => &GUIDES_SCRIPT,
        "guides.json" => &GUIDES_INDEX,
        _ => return Err(Code::NotFound.into()),
    };
    Ok(file.answer(&asked, &[]))
}
