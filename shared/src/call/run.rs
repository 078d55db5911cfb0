//! How a call begins: its task is handed to the platform before anything is awaited, and its head is waited for.

use std::sync::{Arc, OnceLock};

use axum::response::Response;
use tokio::sync::oneshot;
use tokio::time::Instant;
use uuid::Uuid;

use super::cache_wish::Cached;
use super::context::{Call, Origin};
use crate::app::SharedApp;
use crate::caller::Caller;
use crate::error::{Code, Error};
use crate::formats::Request;
use crate::keyring;
use crate::serve::Invocation;

/// Runs a call and answers as soon as there is a head.
///
/// # Errors
/// Every refusal and failure that comes before the first output.
pub async fn run(
    app: SharedApp,
    invocation: &Invocation,
    caller: Caller,
    request: Arc<dyn Request>,
    origin: Origin,
    session_id: Option<Uuid>,
) -> Result<Response, Error> {
    run_in_turn(app, invocation, caller, (request, Vec::new()), origin, session_id).await
}

/// The same of a request that names several models, of whom the first that can answers: `alternatives` are the request for the
/// further ones. A turn that goes on from what was said before has but one, whose context decides how much of that goes along.
///
/// # Errors
/// As of [`run`]; of several failures, the last.
pub async fn run_in_turn(
    app: SharedApp,
    invocation: &Invocation,
    caller: Caller,
    (request, mut alternatives): (Arc<dyn Request>, Vec<Arc<dyn Request>>),
    origin: Origin,
    session_id: Option<Uuid>,
) -> Result<Response, Error> {
    if session_id.is_some() {
        alternatives.clear();
    }
    // What a stream was cannot be told twice.
    let idempotency = caller.idempotency()?.filter(|_| !request.demand().stream);
    if idempotency.is_some() {
        keyring::newest(&app)?;
    }
    // What is the same request by its key, and what is a turn of a conversation, is remembered otherwise; a wish that is none is
    // refused all the same.
    let cached = Cached::read(&app, &caller, request.demand())?;
    let is_unique = idempotency.is_some() || session_id.is_some();
    let cached = cached.filter(|_| !is_unique);
    let (head, answer) = oneshot::channel();
    let id = caller.call_id();
    let trace = app.traces.as_ref().and_then(|traces| traces.begin(caller.trace_parent()));
    let call = Call {
        app,
        caller,
        request,
        alternatives,
        session_id,
        turn: None,
        stored: None,
        origin,
        idempotency,
        cached,
        cached_by_key: OnceLock::new(),
        is_unique,
        id,
        started: Instant::now(),
        deadline: invocation.ends_at,
        tasks: invocation.tasks.clone(),
        trace,
    };
    call.start(head);
    answer.await.unwrap_or_else(|_| Err(Error::new(Code::InternalError)))
}
