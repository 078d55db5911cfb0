//! The local platform's own pages, under `/_local/`: for whoever sits at this machine.
//!
//! They show codes and hand out tokens, and the gateway around them lets any site's scripts call it. A site that is
//! open in the developer's browser must not read them.

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode, Uri, header};

/// The pages, closed to other sites.
pub(crate) fn guarded(pages: Router) -> Router {
    pages.layer(from_fn(guard))
}

/// A page in HTML, which looks like the rest of the gateway. What its body quotes is escaped already (`shared::html::escape`).
pub(crate) fn page(title: &str, introduction: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
         <link rel=\"icon\" href=\"/console/favicon.svg\" type=\"image/svg+xml\">\n\
         <link rel=\"stylesheet\" href=\"/console/style.css\">\n<style>\n{}</style>\n\
         <body class=\"landing local\">\n<header>\n\
         <a class=\"brand\" href=\"/_local\"><img src=\"/console/favicon.svg\" alt=\"\" width=\"22\" height=\"22\">This machine</a>\n\
         <nav aria-label=\"Site\"><a href=\"/_local/mail\">Mail</a><a href=\"/console\">Console</a>\
         <a href=\"/docs/guides\">Guides</a></nav>\n</header>\n\
         <main>\n<div class=\"stack-s\"><h1>{title}</h1>\n<p class=\"soft\">{introduction}</p></div>\n{body}</main>\n",
        include_str!("pages.css")
    )
}

/// Whether the request asks for JSON.
pub(crate) fn wants_json(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|value| value.contains("application/json"))
}

async fn guard(request: Request, next: Next) -> Response {
    if is_from_here(request.headers()) {
        return next.run(request).await;
    }
    (StatusCode::FORBIDDEN, "This page is for this machine alone.").into_response()
}

/// Whether the request names this machine, as nothing does that was led here by another name, and comes from no page
/// of another site.
fn is_from_here(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let host = text(header::HOST.as_str()).unwrap_or_default();
    let name = host.parse::<Uri>().ok().and_then(|uri| uri.host().map(str::to_owned)).unwrap_or_default();
    let is_this_machine = matches!(name.as_str(), "localhost" | "127.0.0.1" | "[::1]");
    let is_own_site = text("sec-fetch-site").is_none_or(|site| site == "none" || site == "same-origin");
    let is_own_origin = text(header::ORIGIN.as_str()).is_none_or(|origin| origin == format!("http://{host}"));
    is_this_machine && is_own_site && is_own_origin
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_and_its_own_pages_are_let_in() {
        let case = |pairs: &[(&'static str, &'static str)]| {
            is_from_here(
                &pairs
                    .iter()
                    .map(|(name, value)| (name.parse().expect("name"), value.parse().expect("value")))
                    .collect(),
            )
        };
        for host in ["127.0.0.1:8000", "localhost:8000", "[::1]:8000", "localhost"] {
            assert!(case(&[("host", host)]), "{host}");
        }
        assert!(case(&[("host", "localhost:8000"), ("sec-fetch-site", "none")]));
        assert!(case(&[("host", "localhost:8000"), ("origin", "http://localhost:8000")]));
        for other in [
            &[("host", "evil.example:8000")][..],
            &[("host", "127.0.0.1.evil.example")],
            &[],
            &[("host", "localhost:8000"), ("sec-fetch-site", "cross-site")],
            &[("host", "localhost:8000"), ("sec-fetch-site", "same-site")],
            &[("host", "localhost:8000"), ("origin", "https://evil.example")],
            &[("host", "localhost:8000"), ("origin", "null")],
        ] {
            assert!(!case(other), "{other:?}");
        }
    }
}
