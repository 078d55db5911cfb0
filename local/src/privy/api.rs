//! What the gateway asks of Privy: the app's keys and its users (docs.privy.io, "Get user").

use std::sync::Arc;

use axum::extract::{Path, State as Shared};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};

use super::{APP_ID, State, now, passwordless};

/// The API.
pub(super) fn router(state: Arc<State>) -> Router {
    Router::new()
        .route("/api/v1/apps/{app_id}/jwks.json", get(keys))
        .route("/api/v1/users/{did}", get(user))
        .merge(passwordless::router(state.clone()))
        .with_state(state)
}

/// A refusal as Privy says it: in words, and in a code where a program is to understand it.
pub(super) struct Refusal {
    pub status: StatusCode,
    pub error: String,
    pub code: Option<&'static str>,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, error: &str, code: &'static str) -> Self {
        Self { status, error: error.to_owned(), code: Some(code) }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut body = json!({ "error": self.error });
        if let Some(code) = self.code {
            body["code"] = code.into();
        }
        (self.status, Json(body)).into_response()
    }
}

fn refusal(status: StatusCode, error: &str) -> Response {
    Refusal { status, error: error.to_owned(), code: None }.into_response()
}

/// A user as the API tells of one.
pub(super) fn described(did: &str, linked_accounts: &[Value]) -> Value {
    json!({ "id": did, "created_at": now(), "linked_accounts": linked_accounts, "mfa_methods": [],
            "has_accepted_terms": false, "is_guest": false })
}

async fn keys(Shared(state): Shared<Arc<State>>, Path(app_id): Path<String>) -> Response {
    let mut inner = state.lock();
    inner.asked.keys += 1;
    if let Some(status) = inner.failure {
        return refusal(status, "Something went wrong");
    }
    if app_id != APP_ID {
        return refusal(StatusCode::NOT_FOUND, "App not found");
    }
    Json(json!({ "keys": [inner.key.jwk()] })).into_response()
}

async fn user(Shared(state): Shared<Arc<State>>, Path(did): Path<String>, headers: HeaderMap) -> Response {
    let mut inner = state.lock();
    inner.asked.users += 1;
    if let Some(status) = inner.failure {
        return refusal(status, "Something went wrong");
    }
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if text("privy-app-id").is_none() {
        return refusal(StatusCode::BAD_REQUEST, "Missing Privy app ID");
    }
    let credentials = STANDARD.encode(format!("{APP_ID}:{}", state.app_secret));
    let is_app = text("privy-app-id") == Some(APP_ID);
    if !is_app || text(header::AUTHORIZATION.as_str()) != Some(&format!("Basic {credentials}")) {
        return refusal(StatusCode::UNAUTHORIZED, "Invalid app ID or app secret.");
    }
    match inner.users.get(&did) {
        None => refusal(StatusCode::NOT_FOUND, "User not found"),
        Some(linked_accounts) => Json(described(&did, linked_accounts)).into_response(),
    }
}
