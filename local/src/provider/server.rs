//! The HTTP side: accepts connections, finds provider and endpoint, and turns replies into responses.

use std::{
    borrow::Cow,
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Control, ProviderKeys,
    behaviour::{Chosen, JSON, Reply, Respond, fast::FastAnswers},
    control::{Ending, Exchange, Place},
    error::ApiError,
    form,
    format::Format,
    request::Request as Asked,
    script::Script,
    vendor::Vendor,
    wire::Envelope,
};

/// The largest body taken, in bytes.
const BODY_LIMIT: usize = 64 << 20;

/// How long to wait before accepting again after a failure, such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// The connection is closed without an answer.
#[derive(Debug, thiserror::Error)]
#[error("the behaviour asked for refuses the connection")]
struct Refused;

/// What all connections share.
#[derive(Debug)]
pub(super) struct Server {
    keys: ProviderKeys,
    control: Control,
    serial: AtomicU64,
    fast: FastAnswers,
}

/// As much of a body as is needed to choose the behaviour, and all that `fast` looks at.
#[derive(Deserialize)]
struct Peek<'a> {
    #[serde(borrow)]
    model: Cow<'a, str>,
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
}

#[derive(Deserialize)]
struct StreamOptions {
    include_usage: Option<bool>,
}

/// Accepts connections until told to stop; each runs as a task of its own in `tasks`.
pub(super) async fn accept(listener: TcpListener, server: Server, tasks: TaskTracker, stopping: CancellationToken) {
    let server = Arc::new(server);
    loop {
        let accepted = tokio::select! {
            () = stopping.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let connection = connection(stream, Arc::clone(&server));
                let stopping = stopping.clone();
                tasks.spawn(async move {
                    tokio::select! {
                        () = stopping.cancelled() => {}
                        () = connection => {}
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "the provider stand-in cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, server: Arc<Server>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    let service = service_fn(move |request| {
        let server = Arc::clone(&server);
        async move { server.handle(request).await }
    });
    // Broken connections are part of the stand-in's work; what they mean is in the records.
    if let Err(error) = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await {
        tracing::trace!(%error, "a connection to the provider stand-in broke");
    }
}

impl Server {
    pub(super) fn new(keys: ProviderKeys, control: Control) -> Self {
        Self { keys, control, serial: AtomicU64::new(0), fast: FastAnswers::default() }
    }

    async fn handle(&self, request: Request<Incoming>) -> Result<Response<Script>, Refused> {
        let (head, body) = request.into_parts();
        let Some((vendor, endpoint)) = Vendor::of_path(head.uri.path()) else {
            let error = ApiError::new(StatusCode::NOT_FOUND, "no provider has this path");
            return Ok(failed(Vendor::Featherless, Format::Chat, &error, None));
        };
        let format = Format::of_path(endpoint).filter(|format| vendor.has(*format));
        match (format, endpoint, head.method) {
            (Some(format), _, Method::POST) => self.complete(vendor, format, &head.headers, body).await,
            (None, "/models", Method::GET) => Ok(self.models(vendor, &head.headers)),
            (Some(_), _, method) | (None, "/models", method) => {
                let message = format!("{method} is not allowed here");
                let error = ApiError::new(StatusCode::METHOD_NOT_ALLOWED, message);
                Ok(failed(vendor, format.unwrap_or(Format::Chat), &error, None))
            }
            (None, path, _) => {
                let message = format!("unknown path {path}");
                Ok(failed(vendor, Format::Chat, &ApiError::new(StatusCode::NOT_FOUND, message), None))
            }
        }
    }

    async fn complete(
        &self,
        vendor: Vendor,
        format: Format,
        headers: &HeaderMap,
        body: Incoming,
    ) -> Result<Response<Script>, Refused> {
        let body = match Limited::new(body, BODY_LIMIT).collect().await {
            Ok(body) => body.to_bytes(),
            Err(error) if error.is::<LengthLimitError>() => {
                let error = ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is too large");
                return Ok(failed(vendor, format, &error, None));
            }
            // The client broke the connection off: there is nobody to answer.
            Err(_) => return Err(Refused),
        };
        let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let form = if format.takes_forms() { form::to_json(media_type, &body).await } else { None };
        let is_form = form.is_some();
        let body = form.unwrap_or(body);
        let mut exchange = self.control.begin(vendor, format, headers, &body);
        if format.takes_forms() && !is_form {
            let error = ApiError::bad_request("the content type must be multipart/form-data, and the body a form");
            return Ok(failed(vendor, format, &error, Some(exchange)));
        }
        match self.reply(vendor, format, headers, &body).await {
            Ok(Reply::Respond(reply)) => {
                if !reply.delay.is_zero() {
                    tokio::time::sleep(reply.delay).await;
                }
                Ok(response(reply, Some(exchange)))
            }
            Ok(Reply::Hang) => match std::future::pending::<Infallible>().await {},
            Ok(Reply::Refuse) => {
                exchange.ends(Ending::Broken);
                Err(Refused)
            }
            Err(error) => Ok(failed(vendor, format, &error, Some(exchange))),
        }
    }

    /// Checks a request and chooses what to do with it, then waits at the gate.
    async fn reply(
        &self,
        vendor: Vendor,
        format: Format,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Result<Reply, ApiError> {
        vendor.authorise(headers, |given| self.is_right(vendor, given))?;
        let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let is_json = media_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(JSON);
        if !is_json && !format.takes_forms() {
            return Err(ApiError::bad_request(format!("the content type must be {JSON}")));
        }
        let set = self.control.behaviour(vendor);
        let choose = |model: &str| match &set {
            Some(chosen) => Ok(Arc::clone(chosen)),
            None => by_model(model).map(Arc::new),
        };
        let created = SystemTime::UNIX_EPOCH.elapsed().map_or(0, |since| since.as_secs());
        if let Ok(peek) = serde_json::from_slice::<Peek<'_>>(body) {
            let chosen = choose(&peek.model)?;
            if chosen.is_fast() && format.completes() {
                self.control.pass_gate(Place::Head).await;
                let include_usage = peek.stream_options.and_then(|options| options.include_usage) == Some(true);
                return Ok(chosen.constant(&self.fast, format, created, peek.stream == Some(true), include_usage));
            }
        }
        let body: Value =
            serde_json::from_slice(body).map_err(|_| ApiError::bad_request("the body is not valid JSON"))?;
        vendor.knows(format, &body)?;
        let request = Asked::parse(format, &body)?;
        let envelope = Envelope { vendor, format, serial: self.serial.fetch_add(1, Ordering::Relaxed), created };
        let reply = choose(&request.model)?.play(&request, envelope, &self.fast)?;
        self.control.pass_gate(Place::Head).await;
        Ok(reply)
    }

    /// The gateway's key, or that of another customer.
    fn is_right(&self, vendor: Vendor, given: &str) -> bool {
        given == self.keys.of(vendor) || self.control.is_customer(vendor, given)
    }

    fn models(&self, vendor: Vendor, headers: &HeaderMap) -> Response<Script> {
        // OpenRouter's list is public; the others want the key.
        if vendor != Vendor::OpenRouter
            && let Err(error) = vendor.authorise(headers, |given| self.is_right(vendor, given))
        {
            return failed(vendor, Format::Chat, &error, None);
        }
        let models: Vec<_> =
            ["standin/normal", "standin/fast", "standin/reasoning", "meta-llama/llama-3.1-8b-instruct"]
                .iter()
                .map(|id| {
                    let mut model =
                        json!({"id": id, "object": "model", "created": 1_700_000_000, "owned_by": vendor.name()});
                    if vendor == Vendor::OpenRouter && *id == "standin/fast" {
                        // As its list has prices, in dollars a token; they are those of the seed.
                        model["pricing"] =
                            json!({"prompt": "0.0000001", "completion": "0.0000004", "input_cache_read": "0.00000005"});
                    }
                    model
                })
                .collect();
        let body = json!({"object": "list", "data": models}).to_string();
        response(Respond::whole(StatusCode::OK, JSON, body), None)
    }
}

fn by_model(model: &str) -> Result<Chosen, ApiError> {
    Chosen::by_model(model).map_err(|error| ApiError {
        param: Some("model".to_owned()),
        code: Some("model_not_found"),
        ..ApiError::new(StatusCode::NOT_FOUND, error.to_string())
    })
}

fn failed(vendor: Vendor, format: Format, error: &ApiError, exchange: Option<Exchange>) -> Response<Script> {
    response(Respond::whole(error.status, JSON, vendor.error_body(format, error).to_string()), exchange)
}

fn response(reply: Respond, exchange: Option<Exchange>) -> Response<Script> {
    let mut response = Response::new(Script::new(reply.steps, exchange));
    *response.status_mut() = reply.status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(reply.content_type));
    match reply.length {
        Some(length) => headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length)),
        None => headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    };
    if let Some(seconds) = reply.retry_after {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
