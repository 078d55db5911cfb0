//! Signing in by a mailed code, as Privy's client for browsers does it (`@privy-io/js-sdk-core`, of which the paths, the bodies and the
//! codes of refusals are). Where Privy does not say with which status something is refused, a client goes by its code.

use std::sync::Arc;

use axum::extract::State as Shared;
use axum::middleware::from_fn_with_state;
use axum::routing::post;
use axum::{Json, Router};
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::api::{Refusal, described};
use super::browser::admit;
use super::{State, access_claims, did, email_account, identity_claims};

/// What a browser asks.
pub(super) fn router(state: Arc<State>) -> Router<Arc<State>> {
    Router::new()
        .route("/api/v1/passwordless/init", post(mail))
        .route("/api/v1/passwordless/authenticate", post(authenticate))
        .route("/api/v1/sessions/logout", post(log_out))
        .layer(from_fn_with_state(state, admit))
}

#[derive(Deserialize)]
struct Start {
    email: String,
}

#[derive(Deserialize)]
struct Proof {
    email: String,
    code: String,
    mode: Option<Mode>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Mode {
    NoSignup,
    LoginOrSignUp,
}

#[derive(Deserialize)]
struct Session {
    refresh_token: String,
}

fn read<'a, T: Deserialize<'a>>(body: &'a Bytes) -> Result<T, Refusal> {
    serde_json::from_slice(body)
        .map_err(|error| Refusal::new(StatusCode::BAD_REQUEST, &error.to_string(), "invalid_data"))
}

/// An address as it is known by: a name, an @ and a host.
fn address(email: &str) -> Result<String, Refusal> {
    let parts = email.split_once('@').filter(|(name, host)| !name.is_empty() && host.contains('.'));
    let is_one = parts.is_some() && !email.chars().any(|letter| letter.is_whitespace() || letter.is_control());
    let wrong = || Refusal::new(StatusCode::BAD_REQUEST, "Invalid email address", "invalid_data");
    is_one.then(|| email.to_ascii_lowercase()).ok_or_else(wrong)
}

async fn mail(Shared(state): Shared<Arc<State>>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let email = address(&read::<Start>(&body)?.email)?;
    let mut inner = state.lock();
    // Nobody here can solve one, so whatever a client sends of it is wrong.
    if inner.demands_captcha {
        return Err(Refusal::new(StatusCode::UNAUTHORIZED, "Captcha failed", "invalid_captcha"));
    }
    if !inner.codes.mail(&email) {
        let message = "Too many requests. Please wait to try again.";
        return Err(Refusal::new(StatusCode::TOO_MANY_REQUESTS, message, "too_many_requests"));
    }
    Ok(Json(json!({ "success": true })))
}

async fn authenticate(Shared(state): Shared<Arc<State>>, body: Bytes) -> Result<Json<Value>, Refusal> {
    let Proof { email, code, mode } = read(&body)?;
    let email = address(&email)?;
    let mut inner = state.lock();
    if !inner.codes.open(&email, &code) {
        let message = "Invalid email and code combination";
        return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, message, "invalid_credentials"));
    }
    let (did, linked) = (did(&email), vec![email_account(&email)]);
    let is_new = !inner.users.contains_key(&did);
    if is_new && matches!(mode, Some(Mode::NoSignup)) {
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "User does not exist", "user_does_not_exist"));
    }
    let linked = inner.users.entry(did.clone()).or_insert(linked).clone();
    let signed = inner.key.sign(&access_claims(&did)).and_then(|access| {
        let identity = inner.key.sign(&identity_claims(&did, &linked))?;
        Ok((access, identity))
    });
    let (access, identity) = signed.map_err(|error| Refusal {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        error: error.to_string(),
        code: None,
    })?;
    let refresh = Uuid::new_v4().simple().to_string();
    inner.sessions.insert(refresh.clone(), access.clone());
    let answer = json!({
        "user": described(&did, &linked), "token": access, "privy_access_token": null, "identity_token": identity,
        "refresh_token": refresh, "session_update_action": "set", "is_new_user": is_new,
    });
    Ok(Json(answer))
}

async fn log_out(Shared(state): Shared<Arc<State>>, headers: HeaderMap, body: Bytes) -> Result<Json<Value>, Refusal> {
    let Session { refresh_token } = read(&body)?;
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let mut inner = state.lock();
    let is_own = inner.sessions.get(&refresh_token).is_some_and(|token| Some(token.as_str()) == bearer);
    if !is_own {
        return Err(Refusal::new(StatusCode::UNAUTHORIZED, "Invalid auth token", "missing_or_invalid_token"));
    }
    inner.sessions.remove(&refresh_token);
    Ok(Json(json!({ "success": true })))
}
