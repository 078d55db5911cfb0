//! Upstash's REST API, the part of it that we use: one command by `POST /` (upstash.com/docs/redis/features/restapi).

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde::Serialize;
use tokio::net::TcpStream;

use super::command::Command;
use super::control::{Control, Fault};
use super::engine::Backend;
use super::reply::Reply;

/// The largest request that Upstash's free plan takes, in bytes.
const MAX_REQUEST: usize = 10 * 1024 * 1024;

/// What the connections share.
pub(super) struct Service {
    pub(super) backend: Backend,
    pub(super) control: Control,
    /// The whole Authorization header that opens the door.
    pub(super) authorization: String,
}

type Answer = Response<Full<Bytes>>;

/// Closes the connection without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the connection is closed without an answer")]
struct Closed;

/// Serves one connection until it ends.
pub(super) async fn serve_connection(service: Arc<Service>, stream: TcpStream) {
    let handler = service_fn(move |request| {
        let service = Arc::clone(&service);
        async move { service.answer(request).await }
    });
    // A connection ends with an error when its client breaks off, or when a fault closes it: nothing to tell.
    drop(http1::Builder::new().serve_connection(TokioIo::new(stream), handler).await);
}

impl Service {
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Result<Answer, Closed> {
        let (head, body) = request.into_parts();
        if !self.is_authorized(&head.headers) {
            return Ok(refusal(StatusCode::UNAUTHORIZED, "WRONGPASS invalid or missing auth token"));
        }
        if head.uri.path() != "/" {
            return Ok(refusal(
                StatusCode::NOT_FOUND,
                "ERR only POST / is supported here, with one command as a JSON array",
            ));
        }
        if head.method != Method::POST {
            return Ok(refusal(StatusCode::METHOD_NOT_ALLOWED, "ERR only POST is supported here"));
        }
        if let Some(message) = unsupported_header(&head.headers) {
            return Ok(refusal(StatusCode::BAD_REQUEST, message));
        }
        let body = match Limited::new(body, MAX_REQUEST).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => {
                let message = format!("ERR max request size exceeded. Limit: {MAX_REQUEST} bytes");
                return Ok(refusal(StatusCode::BAD_REQUEST, &message));
            }
            // The client broke off within its request.
            Err(_) => return Err(Closed),
        };
        let command = match Command::parse(&body) {
            Ok(command) => command,
            Err(message) => return Ok(refusal(StatusCode::BAD_REQUEST, &message)),
        };
        if self.control.is_active() {
            self.watched(command).await
        } else {
            Ok(self.execute(&command.arguments()).await)
        }
    }

    fn is_authorized(&self, headers: &HeaderMap) -> bool {
        headers.get(header::AUTHORIZATION).is_some_and(|value| value == self.authorization.as_str())
    }

    /// Runs a command that tests watch or spoil, on a task of its own: a slow server still does what a client asked that
    /// no longer waits for it.
    async fn watched(self: Arc<Self>, command: Command) -> Result<Answer, Closed> {
        tokio::spawn(self.watched_to_the_end(command)).await.map_err(|_| Closed)?
    }

    async fn watched_to_the_end(self: Arc<Self>, command: Command) -> Result<Answer, Closed> {
        let started = Instant::now();
        let control = self.control.clone();
        control.pass_gate().await;
        match control.take_fault() {
            None => {
                let answer = self.execute(&command.arguments()).await;
                control.observe(&command.arguments(), started);
                Ok(answer)
            }
            Some(Fault::Refuse) => {
                control.observe(&command.arguments(), started);
                Err(Closed)
            }
            Some(Fault::Answer { status, body }) => {
                control.observe(&command.arguments(), started);
                let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                Ok(answer(status, body.into_bytes()))
            }
            Some(Fault::Delay(delay)) => {
                tokio::time::sleep(delay).await;
                let answer = self.execute(&command.arguments()).await;
                control.observe(&command.arguments(), started);
                Ok(answer)
            }
        }
    }

    async fn execute(&self, command: &[&[u8]]) -> Answer {
        match self.backend.execute(command).await {
            Ok(Reply::Error(message)) => refusal(StatusCode::BAD_REQUEST, &message),
            Ok(reply) => match reply.nested_error() {
                Some(message) => refusal(
                    StatusCode::BAD_REQUEST,
                    &format!("ERR an error inside an array is not supported here: {message}"),
                ),
                None => json(StatusCode::OK, &Success { result: &reply }),
            },
            Err(error) => refusal(StatusCode::SERVICE_UNAVAILABLE, &format!("ERR {error}")),
        }
    }
}

/// The headers that ask for another form of answer, which a client would wait for in vain.
fn unsupported_header(headers: &HeaderMap) -> Option<&'static str> {
    if headers.contains_key("upstash-encoding") {
        return Some("ERR Upstash-Encoding is not supported here");
    }
    match headers.get("upstash-response-format") {
        Some(format) if format != "json" => Some("ERR Upstash-Response-Format is not supported here, except json"),
        _ => None,
    }
}

#[derive(Serialize)]
struct Success<'a> {
    result: &'a Reply,
}

#[derive(Serialize)]
struct Failure<'a> {
    error: &'a str,
}

fn refusal(status: StatusCode, message: &str) -> Answer {
    json(status, &Failure { error: message })
}

fn json(status: StatusCode, body: &impl Serialize) -> Answer {
    match serde_json::to_vec(body) {
        Ok(body) => answer(status, body),
        Err(_) => answer(StatusCode::INTERNAL_SERVER_ERROR, Vec::new()),
    }
}

fn answer(status: StatusCode, body: Vec<u8>) -> Answer {
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
