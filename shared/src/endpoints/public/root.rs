//! `/`: the service card for programs, the landing page for people.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderMap, header};
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::app::SharedApp;
use crate::endpoints::console;
use crate::html::escape;
use crate::route::{Auth, Route};

const DESCRIPTION: &str =
    "One OpenAI-compatible API in front of many model providers, with API keys, prepaid credits and rate limits.";

/// What this service is and where everything else is.
#[derive(ToSchema)]
pub struct Card {
    /// The service's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// What it is.
    pub description: String,
    /// `running`.
    pub status: String,
    /// Everything that can be asked of it.
    pub endpoints: Vec<Endpoint>,
    /// Where to read on.
    pub documentation: BTreeMap<String, String>,
}

/// One operation.
#[derive(ToSchema)]
pub struct Endpoint {
    /// The HTTP method.
    pub method: String,
    /// The path; parameters in braces.
    pub path: String,
    /// `none`, `api_key` or `admin_api_key`.
    pub auth: String,
    /// What the key must be allowed to do.
    #[schema(required)]
    pub scope: Option<String>,
    /// What it does.
    pub description: String,
}

/// `GET /`
#[utoipa::path(get, path = "/", tag = "public",
    responses((status = 200, description = "The card, or a page for people.",
               content((Card = "application/json"), (String = "text/html")))))]
pub async fn show(State(app): State<SharedApp>, headers: HeaderMap) -> Response {
    let variants = [(header::VARY, "accept"), (header::CACHE_CONTROL, "no-cache")];
    let name = &app.config.app_name;
    if prefers_html(&headers) {
        (variants, console::headers(), Html(page(name))).into_response()
    } else {
        (variants, Json(card(name, app.routes))).into_response()
    }
}

fn card(name: &str, routes: &'static [Route]) -> Value {
    let endpoints: Vec<Value> = listed(routes)
        .flat_map(|route| {
            route.operations.iter().map(|operation| {
                json!({
                    "method": operation.method,
                    "path": route.public_path(),
                    "auth": auth_word(operation.auth),
                    "scope": operation.scope,
                    "description": route.summary,
                })
            })
        })
        .collect();
    json!({
        "name": name,
        "version": env!("CARGO_PKG_VERSION"),
        "description": DESCRIPTION,
        "status": "running",
        "endpoints": endpoints,
        "documentation": { "console": "/console", "guides": "/docs/guides", "llms": "/llms.txt", "page": "/docs", "openapi": "/openapi.json", "health": "/health", "openai_api": "https://platform.openai.com/docs/api-reference" },
    })
}

fn page(name: &str) -> String {
    include_str!("landing.html")
        .replace("{{name}}", &escape(name))
        .replace("{{version}}", env!("CARGO_PKG_VERSION"))
        .replace("{{description}}", DESCRIPTION)
}

/// Cron's endpoints are nobody else's business.
fn listed(routes: &'static [Route]) -> impl Iterator<Item = &'static Route> {
    routes.iter().filter(|route| route.operations.iter().all(|operation| operation.auth != Auth::Cron))
}

fn auth_word(auth: Auth) -> &'static str {
    match auth {
        Auth::Public => "none",
        Auth::User => "api_key",
        Auth::Admin => "admin_api_key",
        Auth::Cron => "cron_secret",
    }
}

/// Whether the caller would rather have a page than JSON (RFC 9110, 12.5.1). At equal weight a program gets its JSON:
/// `*/*` is what curl and the SDKs send.
fn prefers_html(headers: &HeaderMap) -> bool {
    let accept: Vec<&str> = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    let accept = accept.join(",");
    weight(&accept, "text", "html") > weight(&accept, "application", "json")
}

/// The weight that `accept` gives to a type: that of the most specific range which covers it.
fn weight(accept: &str, kind: &str, subtype: &str) -> f32 {
    let mut best = (0, 0.0);
    for range in accept.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let media = parts.next().unwrap_or_default().to_ascii_lowercase();
        let specificity = match media.split_once('/') {
            Some((left, right)) if left == kind && right == subtype => 3,
            Some((left, "*")) if left == kind => 2,
            Some(("*", "*")) => 1,
            _ => continue,
        };
        let given = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        let quality = given.map_or(1.0, |q| q.parse().ok().filter(|q| (0.0..=1.0).contains(q)).unwrap_or(0.0));
        if specificity > best.0 {
            best = (specificity, quality);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_get_the_page_and_programs_the_card() {
        let cases = [
            ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", true),
            ("text/html", true),
            ("text/*;q=0.5", true),
            ("*/*", false),
            ("application/json", false),
            ("text/html, application/json", false),
            ("text/html;q=0.4, application/json;q=0.5", false),
            ("text/html;q=0, */*", false),
            ("application/json;q=0.2, Text/HTML ; q=0.3", true),
            ("text/html;q=nonsense", false),
            ("", false),
        ];
        for (accept, html) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, accept.parse().expect("a header value"));
            assert_eq!(prefers_html(&headers), html, "{accept}");
        }
    }

    #[test]
    fn the_card_lists_the_table_and_the_page_escapes_the_name() {
        let card = card("Gateway", crate::routes::ROUTES);
        let paths: Vec<&str> =
            card["endpoints"].as_array().expect("a list").iter().filter_map(|it| it["path"].as_str()).collect();
        assert!(paths.contains(&"/ping") && !paths.iter().any(|path| path.contains('*') || path.contains("/cron/")));
        let page = page("<Tom & Jerry>");
        assert!(page.contains("&lt;Tom &amp; Jerry&gt;") && !page.contains("{{"));
        for link in ["/console", "/docs", "/docs/guides", "/llms.txt", "/models", "/health", "/openapi.json"] {
            assert!(page.contains(&format!("href=\"{link}\"")), "{link}");
        }
        assert!(!page.contains("<style") && !page.contains("<script>"), "the policy allows nothing inline");
    }
}
