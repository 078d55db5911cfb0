//! Drives a function as Lambda does: a Runtime API that hands out function-URL events and takes streamed answers.
//!
//! Sources: docs.aws.amazon.com, "Using the Lambda runtime API", "Building a custom runtime" (response streaming) and
//! "Invoking Lambda function URLs" (payload format 2.0). As there, the next event is handed out only when the last
//! one's answer is in, and an answer to anything else is refused.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::body::Body;
use axum::extract::{Path as PathParameter, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};

use crate::certain;
use crate::function::{Function, Variables};

/// The client's address unless a test says otherwise (RFC 5737).
pub const CLIENT_IP: &str = "203.0.113.7";

/// What separates the head from the body of a streamed answer.
const SEPARATOR: [u8; 8] = [0; 8];

/// The limit of a function when a test does not say.
const LIMIT: Duration = Duration::from_secs(120);

/// A function behind a function URL.
pub struct LambdaHost {
    /// The process.
    pub function: Function,
    events: mpsc::UnboundedSender<Pending>,
    asked: watch::Receiver<usize>,
}

/// An event that waits for the function.
struct Pending {
    event: Value,
    limit: Duration,
    head: oneshot::Sender<Result<StreamedAnswer, Failure>>,
}

/// A streamed answer, from its head on.
#[derive(Debug)]
pub struct StreamedAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The headers; a function URL takes one value a name.
    pub headers: BTreeMap<String, String>,
    /// The values of `set-cookie`.
    pub cookies: Vec<String>,
    body: mpsc::UnboundedReceiver<Bytes>,
}

/// What the function reported in place of an answer.
#[derive(Debug)]
pub struct Failure(pub Value);

impl StreamedAnswer {
    /// The next piece of the body; none at its end.
    ///
    /// # Panics
    /// When neither comes.
    pub async fn chunk(&mut self) -> Option<Bytes> {
        certain("a chunk or the end of the answer", self.body.recv()).await
    }

    /// The rest of the body.
    pub async fn text(mut self) -> String {
        let mut whole = Vec::new();
        while let Some(chunk) = self.chunk().await {
            whole.extend_from_slice(&chunk);
        }
        String::from_utf8_lossy(&whole).into_owned()
    }
}

impl LambdaHost {
    /// Starts `program` and waits until it asks for its first event.
    ///
    /// # Panics
    /// When it does not.
    pub async fn start(program: &Path, variables: Variables<'_>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("its address").to_string();
        let (events, queue) = mpsc::unbounded_channel();
        let (asks, asked) = watch::channel(0);
        let api = Arc::new(RuntimeApi { queue: tokio::sync::Mutex::new(queue), asks, current: Mutex::default() });
        tokio::spawn(async move { axum::serve(listener, api.router()).await });
        let platform = [
            ("AWS_LAMBDA_RUNTIME_API", address.as_str()),
            ("AWS_LAMBDA_FUNCTION_NAME", "gateway"),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST"),
        ];
        let mut function = Function::start(program, &[&platform, variables].concat());
        let mut first = asked.clone();
        tokio::select! {
            asked = certain("the function's first question", first.wait_for(|count| *count > 0)) => {
                asked.expect("the runtime API is up");
            }
            _ = function.ended() => panic!("the function did not start: {:#?}", function.output()),
        }
        Self { function, events, asked }
    }

    /// Hands `event` out and waits for the head of the answer.
    ///
    /// # Errors
    /// What the function reported in place of an answer.
    pub async fn invoke(&self, event: Value) -> Result<StreamedAnswer, Failure> {
        self.invoke_within(LIMIT, event).await
    }

    /// The same with the function's limit.
    ///
    /// # Errors
    /// What the function reported in place of an answer.
    ///
    /// # Panics
    /// When neither an answer nor an error comes.
    pub async fn invoke_within(&self, limit: Duration, event: Value) -> Result<StreamedAnswer, Failure> {
        let (head, answer) = oneshot::channel();
        self.events.send(Pending { event, limit, head }).expect("the runtime API is up");
        certain("the function's answer", answer).await.expect("an answer or an error")
    }

    /// How often the function has asked for an event: once at its start, then once after each event.
    #[must_use]
    pub fn times_asked(&self) -> usize {
        *self.asked.borrow()
    }

    /// Waits until the function has asked `count` times.
    ///
    /// # Panics
    /// When it does not.
    pub async fn asked(&self, count: usize) {
        let mut asked = self.asked.clone();
        certain("the function's question", asked.wait_for(|asked| *asked >= count)).await.expect("it is up");
    }
}

/// An event of a function URL, payload format 2.0. `path` may have a query.
#[must_use]
pub fn event(method: &str, path: &str, headers: &[(&str, &str)], body: Option<&str>) -> Value {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut all = BTreeMap::from([("host", "id.lambda-url.us-east-1.on.aws"), ("x-forwarded-proto", "https")]);
    all.extend(headers.iter().copied());
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": all,
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "id",
            "domainName": "id.lambda-url.us-east-1.on.aws",
            "domainPrefix": "id",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": CLIENT_IP,
                "userAgent": "tests",
            },
            "requestId": "request",
            "routeKey": "$default",
            "stage": "$default",
            "time": "01/Jan/2026:00:00:00 +0000",
            "timeEpoch": 1_767_225_600_000_u64,
        },
        "body": body,
        "isBase64Encoded": false,
    })
}

struct RuntimeApi {
    queue: tokio::sync::Mutex<mpsc::UnboundedReceiver<Pending>>,
    asks: watch::Sender<usize>,
    current: Mutex<Current>,
}

#[derive(Default)]
struct Current {
    count: usize,
    waiting: Option<oneshot::Sender<Result<StreamedAnswer, Failure>>>,
}

impl RuntimeApi {
    fn router(self: Arc<Self>) -> Router {
        Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .with_state(self)
    }

    /// The caller who waits for the answer to `id`, if that is the event under way.
    fn waiting(&self, id: &str) -> Option<oneshot::Sender<Result<StreamedAnswer, Failure>>> {
        let mut current = self.current.lock().expect("no test panics with the lock");
        if id == current.count.to_string() { current.waiting.take() } else { None }
    }
}

async fn next(State(api): State<Arc<RuntimeApi>>) -> Response {
    api.asks.send_modify(|count| *count += 1);
    let Some(pending) = api.queue.lock().await.recv().await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let mut current = api.current.lock().expect("no test panics with the lock");
    current.count += 1;
    current.waiting = Some(pending.head);
    let deadline = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970") + pending.limit;
    let headers = [
        ("lambda-runtime-aws-request-id", current.count.to_string()),
        ("lambda-runtime-deadline-ms", deadline.as_millis().to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:000000000000:function:gateway".to_owned()),
        ("lambda-runtime-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700".to_owned()),
    ];
    (headers, pending.event.to_string()).into_response()
}

async fn response(
    State(api): State<Arc<RuntimeApi>>,
    PathParameter(id): PathParameter<String>,
    request: Request,
) -> Response {
    let (parts, mut body) = request.into_parts();
    let header = |name: &str| parts.headers.get(name).map(|value| value.as_bytes()).unwrap_or_default();
    if header("lambda-runtime-function-response-mode") != b"streaming" {
        return refuse(StatusCode::BAD_REQUEST, "InvalidResponseMode");
    }
    if header("content-type") != b"application/vnd.awslambda.http-integration-response" {
        return refuse(StatusCode::BAD_REQUEST, "InvalidContentType");
    }
    let Some(waiting) = api.waiting(&id) else { return refuse(StatusCode::BAD_REQUEST, "InvalidRequestID") };
    let Some((head, rest)) = read_head(&mut body).await else {
        return refuse(StatusCode::BAD_REQUEST, "InvalidPrelude");
    };
    let (sender, receiver) = mpsc::unbounded_channel();
    let Some(answer) = parse_head(&head, receiver) else { return refuse(StatusCode::BAD_REQUEST, "InvalidPrelude") };
    // A test that has gone away still lets the function end its answer.
    let _ = waiting.send(Ok(answer));
    if !rest.is_empty() {
        let _ = sender.send(rest);
    }
    while let Some(Ok(frame)) = body.frame().await {
        if let Ok(data) = frame.into_data() {
            let _ = sender.send(data);
        }
    }
    StatusCode::ACCEPTED.into_response()
}

async fn error(State(api): State<Arc<RuntimeApi>>, PathParameter(id): PathParameter<String>, body: Bytes) -> Response {
    let Some(waiting) = api.waiting(&id) else { return refuse(StatusCode::BAD_REQUEST, "InvalidRequestID") };
    let _ = waiting.send(Err(Failure(serde_json::from_slice(&body).unwrap_or(Value::Null))));
    StatusCode::ACCEPTED.into_response()
}

async fn init_error() -> StatusCode {
    StatusCode::ACCEPTED
}

fn refuse(status: StatusCode, kind: &str) -> Response {
    (status, json!({ "errorMessage": kind, "errorType": kind }).to_string()).into_response()
}

/// Reads up to the separator; answers what is before it, and what came after it in the same piece.
async fn read_head(body: &mut Body) -> Option<(Bytes, Bytes)> {
    let mut read = BytesMut::new();
    loop {
        if let Some(at) = read.windows(SEPARATOR.len()).position(|window| window == SEPARATOR) {
            let head = read.split_to(at).freeze();
            return Some((head, read.split_off(SEPARATOR.len()).freeze()));
        }
        read.extend_from_slice(body.frame().await?.ok()?.data_ref()?);
    }
}

fn parse_head(head: &[u8], body: mpsc::UnboundedReceiver<Bytes>) -> Option<StreamedAnswer> {
    let head: Value = serde_json::from_slice(head).ok()?;
    let status = u16::try_from(head["statusCode"].as_u64()?).ok()?;
    let header = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
    let headers = head["headers"].as_object()?.iter().map(header).collect::<Option<_>>()?;
    let cookie = |value: &Value| value.as_str().map(ToOwned::to_owned);
    let cookies = head["cookies"].as_array()?.iter().map(cookie).collect::<Option<_>>()?;
    Some(StreamedAnswer { status, headers, cookies, body })
}
