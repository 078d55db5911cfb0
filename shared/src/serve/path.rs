//! Paths as Vercel's rewrites leave them.
//!
//! A function behind a rewrite may see the public path, which is routed as it is, or its own file's path with the
//! parameters in the query: `/api/models/[provider]/[model]?provider=openrouter&model=openai%2Fgpt-4o`. Here the
//! latter becomes `/api/models/openrouter/openai%2Fgpt-4o`, so that a handler finds its parameters in the path either
//! way, and decoded once.
//!
//! Such a rewrite also hides which base URL was called: `/v1` and `/api/v1` lead to the same function, and speak two dialects.
//! So those from `/v1` leave a mark in the query.

use std::borrow::Cow;

use axum::extract::Request;
use http::Uri;
use http::uri::PathAndQuery;

use crate::dialect::Dialect;

/// What the rewrites of `/v1` add to the query.
pub const OPENAI_MARK: &str = "dialect=openai";

/// The dialect of a request, by its path as it came or by the mark of a rewrite, which is taken out.
pub(super) fn dialect(request: &mut Request) -> Dialect {
    let uri = request.uri();
    let mut segments = uri.path().split('/').filter(|segment| !segment.is_empty());
    let is_openrouters = segments.next() == Some("api") && segments.next() == Some("v1");
    let mut pairs: Vec<&str> = uri.query().unwrap_or_default().split('&').collect();
    let before = pairs.len();
    pairs.retain(|pair| *pair != OPENAI_MARK);
    let is_marked = pairs.len() < before;
    if is_marked {
        let query = (!pairs.is_empty()).then(|| pairs.join("&"));
        if let Some(uri) = with_path_and_query(uri, uri.path().to_owned(), query.as_deref()) {
            *request.uri_mut() = uri;
        }
    }
    if is_openrouters && !is_marked { Dialect::OpenRouter } else { Dialect::OpenAi }
}

/// Puts parameters that stand in the query back into the path, and takes out slashes that name nothing.
pub(super) fn restore(mut request: Request) -> Request {
    if let Some(uri) = restored(request.uri()) {
        *request.uri_mut() = uri;
    }
    if let Some(uri) = with_single_slashes(request.uri()) {
        *request.uri_mut() = uri;
    }
    request
}

/// A base URL with a slash at its end gives `//chat/completions`, and some clients end a path with one.
fn with_single_slashes(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    if path.len() < 2 || !(path.contains("//") || path.ends_with('/')) {
        return None;
    }
    let mut target = String::with_capacity(path.len());
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        target.push('/');
        target.push_str(segment);
    }
    if target.is_empty() {
        target.push('/');
    }
    with_path_and_query(uri, target, uri.query())
}

fn with_path_and_query(uri: &Uri, mut target: String, query: Option<&str>) -> Option<Uri> {
    if let Some(query) = query {
        target.push('?');
        target.push_str(query);
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(target).ok()?);
    Uri::from_parts(parts).ok()
}

fn restored(uri: &Uri) -> Option<Uri> {
    if !uri.path().split('/').any(|segment| parameter(segment).is_some()) {
        return None;
    }
    let mut query: Vec<&str> = uri.query().unwrap_or_default().split('&').collect();
    let mut path = Vec::new();
    for segment in uri.path().split('/') {
        path.push(match parameter(segment) {
            Some(name) => take(&mut query, name)?,
            None => Cow::Borrowed(segment),
        });
    }
    let query = (!query.is_empty()).then(|| query.join("&"));
    with_path_and_query(uri, path.join("/"), query.as_deref())
}

/// The name in a segment `[name]`, whose brackets may be percent-encoded.
fn parameter(segment: &str) -> Option<&str> {
    let inner =
        segment.strip_prefix('[').or_else(|| segment.strip_prefix("%5B")).or_else(|| segment.strip_prefix("%5b"))?;
    let name = inner.strip_suffix(']').or_else(|| inner.strip_suffix("%5D")).or_else(|| inner.strip_suffix("%5d"))?;
    (!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')).then_some(name)
}

/// Removes `name=value` from the query and gives the value as one segment of a path. It stays encoded as it is; only
/// what would end the segment or the path is encoded besides.
fn take<'a>(query: &mut Vec<&'a str>, name: &str) -> Option<Cow<'a, str>> {
    let at = query.iter().position(|pair| pair.split_once('=').is_some_and(|(key, _)| key == name))?;
    let (_, value) = query.remove(at).split_once('=')?;
    Some(if value.contains(['/', '?']) {
        Cow::Owned(value.replace('/', "%2F").replace('?', "%3F"))
    } else {
        Cow::Borrowed(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_come_back_from_the_query() {
        let cases = [
            ("/api/user/api-keys/[key_id]?key_id=7", Some("/api/user/api-keys/7")),
            ("/api/user/api-keys/%5Bkey_id%5D?limit=3&key_id=7", Some("/api/user/api-keys/7?limit=3")),
            ("/api/v1/models/[id]?id=openai/gpt-4o", Some("/api/v1/models/openai%2Fgpt-4o")),
            ("/api/v1/models/[id]?id=openai%2Fgpt-4o", Some("/api/v1/models/openai%2Fgpt-4o")),
            ("/api/v1/models/[id]?id=a%252Fb", Some("/api/v1/models/a%252Fb")),
            ("/api/models/[provider]/[model]?provider=p&model=a/b?c", Some("/api/models/p/a%2Fb%3Fc")),
            ("/api/v1/models/[id]", None),
            ("/v1/models/openai%2Fgpt-4o?id=x", None),
            ("/v1/models/[]/[a-b]", None),
        ];
        for (seen, wanted) in cases {
            let uri = seen.parse().expect("a URI");
            assert_eq!(restored(&uri).map(|uri| uri.to_string()).as_deref(), wanted, "{seen}");
        }
    }

    #[test]
    fn slashes_that_name_nothing_are_none() {
        for (seen, meant) in [
            ("//v1/chat/completions", Some("/v1/chat/completions")),
            ("/v1//chat/completions/", Some("/v1/chat/completions")),
            ("/v1/models/?limit=3", Some("/v1/models?limit=3")),
            ("///", Some("/")),
            ("/", None),
            ("/v1/models/openai%2Fgpt-4o", None),
        ] {
            let uri = Uri::from_parts({
                let mut parts = http::uri::Parts::default();
                parts.path_and_query = Some(seen.parse().expect("a path"));
                parts
            });
            let restored = with_single_slashes(&uri.expect("a URI"));
            assert_eq!(restored.map(|uri| uri.to_string()).as_deref(), meant, "{seen}");
        }
    }

    #[test]
    fn the_base_url_says_the_dialect_unless_a_rewrite_has_changed_it() {
        for (seen, spoken, left) in [
            ("/v1/models?limit=3", Dialect::OpenAi, "/v1/models?limit=3"),
            ("/api/v1/models?limit=3", Dialect::OpenRouter, "/api/v1/models?limit=3"),
            ("/api//v1/models", Dialect::OpenRouter, "/api//v1/models"),
            ("/api/v1/models?dialect=openai", Dialect::OpenAi, "/api/v1/models"),
            ("/v1/models?dialect=openai", Dialect::OpenAi, "/v1/models"),
            ("/api/v1/models/[id]?id=a&dialect=openai&x=1", Dialect::OpenAi, "/api/v1/models/[id]?id=a&x=1"),
            ("/api/user/balance", Dialect::OpenAi, "/api/user/balance"),
            ("/api/v10/models", Dialect::OpenAi, "/api/v10/models"),
        ] {
            let mut request = Request::builder().uri(seen).body(axum::body::Body::empty()).expect("a request");
            assert_eq!((dialect(&mut request), request.uri().to_string().as_str()), (spoken, left), "{seen}");
        }
    }

    #[test]
    fn the_host_of_an_absolute_uri_stays() {
        let uri = "https://gateway.example/api/plans/[id]?id=dev".parse().expect("a URI");
        assert_eq!(restored(&uri).expect("restored").to_string(), "https://gateway.example/api/plans/dev");
    }
}
