//! `/_local/privy`: the codes that were mailed, and tokens for whoever tries the local platform: what Privy's client would have after
//! somebody signed in with it.

use std::sync::Arc;

use axum::extract::{Path, Query, State as Shared};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::json;
use shared::html::escape;
use uuid::Uuid;

use super::codes::{Code, Fate};
use super::{State, access_claims, did, email_account, identity_claims};
use crate::pages::{page, wants_json};

const INTRODUCTION: &str = "What Privy would have mailed, the newest first: the console offers to sign in by it. For programs: \
    <code>curl -H 'accept: application/json' /_local/privy</code> at this address.";

/// Who signs in.
#[derive(Deserialize)]
struct Who {
    email: Option<String>,
}

/// The page.
pub(super) fn router(state: Arc<State>) -> Router {
    Router::new().route("/_local/privy", get(show)).route("/_local/privy/expire/{id}", post(expire)).with_state(state)
}

async fn show(Shared(state): Shared<Arc<State>>, Query(who): Query<Who>, headers: HeaderMap) -> Response {
    match who.email {
        Some(email) if email.contains('@') => tokens(&state, &email),
        Some(_) => {
            let usage = "Say who signs in: /_local/privy?email=you@example.com\n";
            (StatusCode::BAD_REQUEST, usage).into_response()
        }
        None => codes(&state, &headers),
    }
}

fn tokens(state: &State, email: &str) -> Response {
    let (did, linked) = (did(email), vec![email_account(email)]);
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

fn codes(state: &State, headers: &HeaderMap) -> Response {
    let mut inner = state.lock();
    let codes = inner.codes.newest();
    if wants_json(headers) {
        let all = codes.map(|code| {
            json!({ "id": code.id, "email": code.email, "code": code.digits, "mailed_at": mailed(code),
                    "state": code.fate().word() })
        });
        return Json(all.collect::<Vec<_>>()).into_response();
    }
    let rows: String = codes.map(row).collect();
    let body = match rows.is_empty() {
        true => "<p class=\"card empty\">No code yet. One that is asked for at the console's sign-in, by Privy, arrives here.</p>\n"
            .to_owned(),
        false => format!(
            "<section class=\"card\"><div class=\"scroll\" role=\"region\" aria-label=\"Codes\" tabindex=\"0\"><table><thead><tr>\
             <th scope=\"col\">Time (UTC)</th><th scope=\"col\">To</th><th scope=\"col\">Code</th><th scope=\"col\">State</th>\
             </tr></thead><tbody>{rows}</tbody></table></div></section>\n"
        ),
    };
    Html(page("Privy, as a stand-in", INTRODUCTION, &body)).into_response()
}

fn row(code: &Code) -> String {
    let end = match code.fate() {
        Fate::Waiting => format!(
            "<form method=\"post\" action=\"/_local/privy/expire/{}\"><span>waiting</span>\
             <button class=\"button small\">Let it expire</button></form>",
            code.id
        ),
        fate => fate.word().to_owned(),
    };
    format!(
        "<tr><td><time>{}</time></td><td>{}</td><td><code>{}</code></td><td>{end}</td></tr>",
        mailed(code).get(11..19).unwrap_or_default(),
        escape(&code.email),
        code.digits
    )
}

/// When it was mailed, in UTC to the second (RFC 3339).
fn mailed(code: &Code) -> String {
    jiff::Timestamp::try_from(code.mailed).map(|time| format!("{time:.0}")).unwrap_or_default()
}

/// A code opens nothing any more, for whoever wants to see that without waiting.
async fn expire(Shared(state): Shared<Arc<State>>, Path(id): Path<Uuid>) -> Redirect {
    state.lock().codes.expire(id);
    Redirect::to("/_local/privy")
}
