//! The form of a request: its method, its types, and the headers that would change what PostgREST does.
use super::answer::Answer;
use axum::http::{HeaderMap, Method, StatusCode, header, request::Parts};

/// Functions are called by POST. GET the original takes too, for reading; this stand-in does not.
pub(super) fn check_method(method: &Method) -> Result<(), Answer> {
    match *method {
        Method::POST => Ok(()),
        Method::GET | Method::HEAD | Method::OPTIONS => Err(Answer::unsupported(&format!("the method {method}"))),
        _ => {
            let message = format!("Cannot use the {method} method on RPC");
            Err(Answer::error(StatusCode::METHOD_NOT_ALLOWED, "PGRST101", &message, None, None))
        }
    }
}

/// Checks what else a request says about its body and the answer it wants.
pub(super) fn check_form(parts: &Parts) -> Result<(), Answer> {
    let text = |name: header::HeaderName| parts.headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let media = |value: &str| value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if let Some(content_type) = text(header::CONTENT_TYPE)
        && media(content_type) != "application/json"
    {
        let message = format!("Content-Type not acceptable: {content_type}");
        return Err(Answer::error(StatusCode::BAD_REQUEST, "PGRST102", &message, None, None));
    }
    if let Some(accept) = text(header::ACCEPT) {
        let json = |range: &str| matches!(media(range).as_str(), "application/json" | "application/*" | "*/*");
        if !accept.split(',').any(json) {
            let message = format!("None of these media types are available: {accept}");
            return Err(Answer::error(StatusCode::NOT_ACCEPTABLE, "PGRST107", &message, None, None));
        }
    }
    check_profile(&parts.headers)?;
    for unsupported in ["prefer", "range"] {
        if parts.headers.contains_key(unsupported) {
            return Err(Answer::unsupported(&format!("the header {unsupported}")));
        }
    }
    match parts.uri.query() {
        None | Some("") => Ok(()),
        Some(_) => Err(Answer::unsupported("a query string")),
    }
}

/// Only schema `public` is exposed.
fn check_profile(headers: &HeaderMap) -> Result<(), Answer> {
    match headers.get("content-profile").map(|value| value.to_str().unwrap_or_default()) {
        None | Some("public") => Ok(()),
        Some(other) => {
            let message = format!("Invalid schema: {other}");
            let hint = "Only the following schemas are exposed: public";
            Err(Answer::error(StatusCode::NOT_ACCEPTABLE, "PGRST106", &message, None, Some(hint)))
        }
    }
}
