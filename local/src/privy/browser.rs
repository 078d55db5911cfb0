//! What Privy asks of a browser before it looks at what was sent: an app, and an origin that the app allows. Who comes from another
//! one is refused, and its scripts may not read that.

use std::sync::Arc;

use axum::extract::{Request, State as Shared};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use super::api::Refusal;
use super::{APP_ID, State};

/// What a script may send besides what every script may.
const HEADERS: HeaderValue = HeaderValue::from_static(
    "accept, authorization, content-type, privy-app-id, privy-ca-id, privy-client, privy-client-id",
);

pub(super) async fn admit(Shared(state): Shared<Arc<State>>, request: Request, next: Next) -> Response {
    let origin = request.headers().get(header::ORIGIN).filter(|origin| state.allows(origin)).cloned();
    let refusal = refused(&state, request.headers());
    let is_preflight = request.method() == Method::OPTIONS;
    let mut response = match refusal {
        _ if is_preflight => preflight(origin.is_some()),
        Some(refusal) => refusal.into_response(),
        None => next.run(request).await,
    };
    let headers = response.headers_mut();
    headers.insert(header::VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
    response
}

fn preflight(is_allowed: bool) -> Response {
    if !is_allowed {
        return StatusCode::FORBIDDEN.into_response();
    }
    let methods = HeaderValue::from_static("GET, POST");
    let allowed = [(header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS), (header::ACCESS_CONTROL_ALLOW_METHODS, methods)];
    (StatusCode::NO_CONTENT, allowed).into_response()
}

fn refused(state: &State, headers: &HeaderMap) -> Option<Refusal> {
    if let Some(status) = state.lock().failure {
        return Some(Refusal { status, error: "Something went wrong".to_owned(), code: None });
    }
    let app = |message| Some(Refusal::new(StatusCode::BAD_REQUEST, message, "missing_or_invalid_privy_app_id"));
    match headers.get("privy-app-id") {
        None => return app("Missing Privy app ID"),
        Some(id) if id != APP_ID => return app("Invalid Privy app ID"),
        Some(_) => {}
    }
    match headers.get(header::ORIGIN) {
        None => Some(Refusal::new(StatusCode::FORBIDDEN, "Must specify origin", "missing_origin")),
        Some(origin) if !state.allows(origin) => {
            Some(Refusal::new(StatusCode::FORBIDDEN, "Origin not allowed", "invalid_origin"))
        }
        Some(_) => None,
    }
}
