//! Tokens for whoever tries the local platform: what Privy's client would have after somebody signed in with it.

use std::sync::Arc;

use axum::extract::{Query, State as Shared};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use http::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::{State, access_claims, did, email_account, identity_claims};

/// Who signs in.
#[derive(Deserialize)]
struct Who {
    email: Option<String>,
}

/// The page.
pub(super) fn router(state: Arc<State>) -> Router {
    Router::new().route("/_local/privy", get(tokens)).with_state(state)
}

async fn tokens(Shared(state): Shared<Arc<State>>, Query(who): Query<Who>) -> Response {
    let Some(email) = who.email.filter(|email| email.contains('@')) else {
        let usage = "Say who signs in: /_local/privy?email=you@example.com\n";
        return (StatusCode::BAD_REQUEST, usage).into_response();
    };
    let (did, linked) = (did(&email), vec![email_account(&email)]);
    let mut inner = state.lock();
    inner.users.insert(did.clone(), linked.clone());
    let signed = inner.key.sign(&access_claims(&did)).and_then(|access| {
        let identity = inner.key.sign(&identity_claims(&did, &linked))?;
        Ok(json!({ "token": access, "identity_token": identity }))
    });
    match signed {
        Ok(tokens) => Json(tokens).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
