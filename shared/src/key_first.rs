//! Authentication before validation: a malformed request with a bad key is refused for its key. So strangers learn nothing about
//! how a request should look, every refused key is on the audit trail, and a client with a mistyped key is not sent to look for
//! mistakes in its body.
//!
//! A well-formed request authenticates within its one database call. Only a request that is refused before that call needs this
//! one besides.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::json;

use crate::caller::KnownCaller;
use crate::route::Operation;

/// What the SQL function `check_caller` answers.
#[derive(Deserialize)]
struct Checked {
    limits: String,
}

/// Answers in place of a malformed request's refusal with the one of its key, if there is one. The refusal of an
/// inference call has the headers of its limits.
pub(crate) async fn key_first(operation: Operation, is_inference: bool, mut request: Request, next: Next) -> Response {
    let known = KnownCaller::default();
    request.extensions_mut().insert(known.clone());
    let mut response = next.run(request).await;
    let is_about_the_request = matches!(response.status().as_u16(), 400 | 404..=428);
    let Some((caller, app)) = known.get().filter(|_| is_about_the_request) else { return response };
    if caller.was_asked() {
        return response;
    }
    match caller.rpc::<Checked>(app, "check_caller", json!({ "scope": operation.scope })).await {
        Ok(checked) if is_inference => {
            app.limiter.status(&checked.limits).await.write(response.headers_mut());
            response
        }
        // A key that is good but out of credit or over a limit gets the refusal of its malformed request.
        Err(refused) if matches!(refused.http_status().as_u16(), 401 | 403) => refused.into_response(),
        Ok(_) | Err(_) => response,
    }
}
