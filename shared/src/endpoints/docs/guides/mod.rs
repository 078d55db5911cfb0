//! `/docs/guides`: the guides, which stand in `docs/guides` as Markdown. Their pages are derived from it
//! (`cargo run -- guides --write`), so nothing is parsed here.

use axum::extract::{Path, State};
use axum::response::Response;
use http::HeaderMap;

use crate::app::SharedApp;
use crate::endpoints::cached::{A_WHILE, Cached};
use crate::endpoints::console;
use crate::error::{Code, Result};
use crate::html::escape;

/// A guide.
pub struct Guide {
    /// Its name in addresses.
    pub name: &'static str,
    /// Its page, with `{{name}}` in the place of the service's name.
    pub page: &'static str,
    /// Its Markdown.
    pub source: &'static str,
}

macro_rules! guides {
    ($($name:literal)*) => {
        /// Every guide, in the order of the index.
        pub const GUIDES: &[$crate::endpoints::docs::guides::Guide] = &[$($crate::endpoints::docs::guides::Guide {
            name: $name,
            page: include_str!(concat!("derived/", $name, ".html")),
            source: include_str!(concat!("../../../../../docs/guides/", $name, ".md")),
        }),*];
    };
}

mod list;

pub use list::GUIDES;

/// The index.
pub const HOME: Guide = Guide {
    name: "README",
    page: include_str!("derived/README.html"),
    source: include_str!("../../../../../docs/guides/README.md"),
};

/// `GET /docs/guides`
#[utoipa::path(get, path = "/docs/guides", tag = "public",
    responses((status = 200, description = "A page for people.", content_type = "text/html", body = String),
              (status = 304, description = "The client has it already, as its If-None-Match says.")))]
pub async fn home(State(app): State<SharedApp>, asked: HeaderMap) -> Response {
    page(&HOME, &app, &asked)
}

/// `GET /docs/guides/{guide}`
///
/// # Errors
/// 404 for a guide that there is not.
#[utoipa::path(get, path = "/docs/guides/{guide}", tag = "public",
    params(("guide" = String, Path, description = "A guide's name; with `.md` behind it, its Markdown is answered.",
            example = "quick-start")),
    responses((status = 200, description = "The guide.", content((String = "text/html"), (String = "text/markdown"))),
              (status = 304, description = "The client has it already, as its If-None-Match says."),
              (status = 404, description = "`not_found`")))]
pub async fn show(State(app): State<SharedApp>, Path(asked_for): Path<String>, asked: HeaderMap) -> Result<Response> {
    let known = |name: &str| GUIDES.iter().chain([&HOME]).find(|guide| guide.name == name);
    if let Some(guide) = asked_for.strip_suffix(".md").and_then(known) {
        return Ok(Cached::text("text/markdown; charset=utf-8", A_WHILE, guide.source).answer(&asked, &[]));
    }
    let guide = GUIDES.iter().find(|guide| guide.name == asked_for).ok_or(Code::NotFound)?;
    Ok(page(guide, &app, &asked))
}

fn page(guide: &Guide, app: &SharedApp, asked: &HeaderMap) -> Response {
    let page = guide.page.replace("{{name}}", &escape(&app.config.app_name));
    Cached::text("text/html; charset=utf-8", A_WHILE, page).answer(asked, &console::headers())
}
