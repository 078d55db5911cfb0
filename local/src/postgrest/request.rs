//! The server: routes a request, runs it in a task of its own, and answers.
use super::{
    answer::Answer,
    control::{self, Fault},
    service::Service,
};
use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    handler::Handler,
    http::{StatusCode, request::Parts},
    response::Response,
    serve::ListenerExt,
};
use bytes::Bytes;
use serde_json::json;
use std::{sync::Arc, time::Instant};
use tokio::{net::TcpListener, time::sleep};

/// The largest body, in bytes.
const BODY: usize = 64 << 20;

/// Accepts connections until told to stop, then lets those under way finish.
pub(super) async fn serve(
    listener: TcpListener,
    service: Arc<Service>,
    stopped: impl Future<Output = ()> + Send + 'static,
) {
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "a connection without TCP_NODELAY");
        }
    });
    let app = handle.with_state(service).into_make_service();
    if let Err(error) = axum::serve(listener, app).with_graceful_shutdown(stopped).await {
        tracing::error!(%error, "the PostgREST stand-in has stopped");
    }
}

async fn handle(State(service): State<Arc<Service>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, BODY).await else {
        return Answer::json(StatusCode::PAYLOAD_TOO_LARGE, json!({"message": "the body is too large"}).to_string())
            .into_response();
    };
    // A task of its own: whoever leaves in the middle of a call drops this handler, and a transaction must run to its end.
    let task = service.tasks.spawn(respond(Arc::clone(&service), parts, body));
    match task.await {
        Ok(Some(answer)) => answer.into_response(),
        Ok(None) => broken(),
        Err(error) => {
            Answer::json(StatusCode::INTERNAL_SERVER_ERROR, json!({"message": error.to_string()}).to_string())
                .into_response()
        }
    }
}

/// A response that fails before its first byte, which closes the connection.
fn broken() -> Response {
    let nothing = futures_util::stream::iter([Err::<Bytes, _>(std::io::Error::other("withheld by a test"))]);
    Response::new(Body::from_stream(nothing))
}

/// Answers a request; none where a fault withholds the answer.
async fn respond(service: Arc<Service>, parts: Parts, body: Bytes) -> Option<Answer> {
    let started = Instant::now();
    let Some(function) = parts.uri.path().strip_prefix("/rest/v1/rpc/").filter(|name| !name.contains('/')) else {
        return Some(service.elsewhere(&parts).await);
    };
    let execute = service.execute(function, &parts, &body);
    let answer = match service.control.pass(function).await {
        None => Some(execute.await),
        Some(Fault::Refuse) => None,
        Some(Fault::DropAnswer) => {
            execute.await;
            None
        }
        Some(Fault::DelayBefore(delay)) => {
            sleep(delay).await;
            Some(execute.await)
        }
        Some(Fault::DelayAfter(delay)) => {
            let answer = execute.await;
            sleep(delay).await;
            Some(answer)
        }
        Some(Fault::Answer { status, content_type, body }) => Some(control::verbatim(status, &content_type, body)),
        Some(Fault::Raise(code)) => Some(control::raised(&code)),
    };
    service.control.note(function, started, answer.as_ref().map(|answer| answer.status));
    answer
}
