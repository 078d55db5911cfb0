//! A call that may be answered by one of several models: each is a call of its own, with its own hold and its own refusals, and
//! the next is made where the one before came to nothing.

use std::sync::Arc;

use axum::response::Response;
use uuid::Uuid;

use super::context::Origin;
use super::task::run;
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::error::{Code, Error};
use crate::formats::Request;
use crate::serve::Invocation;

/// Runs the first of the requests, and as long as none has been answered the next. A turn of a kept conversation, and a call with an
/// Idempotency-Key, is one call: only the first is made.
///
/// # Errors
/// The refusal or failure of the last call that was made.
pub async fn run_in_turn(
    app: SharedApp,
    invocation: &Invocation,
    caller: Caller,
    requests: Vec<Arc<dyn Request>>,
    origin: Origin,
    session_id: Option<Uuid>,
) -> Result<Response, Error> {
    let is_one = session_id.is_some() || caller.idempotency()?.is_some();
    let mut answer = Err(Error::new(Code::MissingModel));
    for request in requests {
        answer = run(app.clone(), invocation, caller.clone(), request, origin.clone(), session_id).await;
        if is_one || !answer.as_ref().is_err_and(is_about_the_model) {
            break;
        }
    }
    answer
}

/// Whether another model may answer what this one did not: a provider's failure or refusal, and what the model cannot take. What the
/// caller lacks, it lacks with any model.
const fn is_about_the_model(error: &Error) -> bool {
    matches!(
        error.code,
        Code::UpstreamError
            | Code::UpstreamTimeout
            | Code::UpstreamUnavailable
            | Code::UpstreamRateLimited
            | Code::UpstreamRejected
            | Code::NoProvider
            | Code::ModelNotPriced
            | Code::ContextLengthExceeded
            | Code::UnsupportedModality
    )
}
