//! What the gateway asks of Privy: the app's keys and its users (docs.privy.io, "Get user").

use std::sync::Arc;

use axum::extract::{Path, State as Shared};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, StatusCode, header};
use serde_json::json;

use super::{APP_ID, State, now};

/// The API.
pub(super) fn router(state: Arc<State>) -> Router {
    Router::new()
        .route("/api/v1/apps/{app_id}/jwks.json", get(keys))
        .route("/api/v1/users/{did}", get(user))
        .with_state(state)
}

fn refusal(status: StatusCode, error: &str) -> Response {
    (status, Json(json!({ "error": error }))).into_response()
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
        Some(linked_accounts) => Json(json!({
            "id": did, "created_at": now(), "linked_accounts": linked_accounts, "mfa_methods": [],
            "has_accepted_terms": false, "is_guest": false,
        }))
        .into_response(),
    }
}
