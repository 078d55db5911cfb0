//! A request that is malformed and whose key is refused as well hears of the key first: whoever has no business here
//! learns nothing about how a request should look, an operator finds every refused key on the audit trail, and a client
//! with a mistyped key is not sent after mistakes in its body.
//!
//! A sound request asks the database once, and that call tells whether the key is good. Here is asked for those that are
//! refused before it: one more call, on that path only.

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
    let is_about_the_request = matches!(response.status().as_u16(), 400 | 402 | 404..=428);
    let Some((caller, app)) = known.get().filter(|_| is_about_the_request) else { return response };
    if caller.was_asked() {
        return response;
    }
    match caller.rpc::<Checked>(app, "check_caller", json!({ "scope": operation.scope })).await {
        Ok(checked) if is_inference => {
            app.limiter.status(&checked.limits).await.write(response.headers_mut());
            response
        }
        // Who may call but not any model, or no more, must mend the request first all the same.
        Err(refused) if matches!(refused.http_status().as_u16(), 401 | 403) => refused.into_response(),
        Ok(_) | Err(_) => response,
    }
}
