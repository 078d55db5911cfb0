//! The layers around every router, the same on each platform.

use std::any::Any;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use http::{Method, Uri};
use tower::{ServiceBuilder, ServiceExt as _};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowHeaders, Any as AnyOrigin, CorsLayer, Vary};

use super::body::{self, BODY_LIMIT};
use super::{Invocation, access, errors, nowhere, path};
use crate::after_act;
use crate::answer_headers::exposed;
use crate::app::SharedApp;
use crate::error::{Code, Error};

/// How long a browser may remember what a preflight allowed.
const PREFLIGHT_AGE: Duration = Duration::from_secs(24 * 60 * 60);

/// `router` with everything that surrounds an endpoint, from the outside in: request id and access log, CORS, panics,
/// bodies that are too large, errors in the API's shape, what an act has caused to be told, and parameters that a rewrite has moved into the
/// query.
pub fn application(router: Router<SharedApp>, app: SharedApp) -> Router {
    let (routes, sender) = (app.routes, app.clone());
    let endpoints = router
        .fallback(move |uri: Uri| async move { nowhere::not_found(uri.path(), routes) })
        .method_not_allowed_fallback(|| async { Error::new(Code::MethodNotAllowed) })
        // For axum's own extractors; `Payload` goes by the same limit.
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(app);
    // The path must be set right before it is routed, so the endpoints are one service behind the layers.
    let routed = endpoints.map_request(path::restore as fn(Request) -> Request);
    // One stack: axum boxes a layer that is added by itself, and each request clones all boxes that are still before it.
    let layers = ServiceBuilder::new()
        .layer(from_fn(access::identify))
        .layer(cors())
        .layer(CatchPanicLayer::custom(answer_panic))
        .layer(from_fn(body::keep_back))
        .layer(from_fn(errors::shape))
        .layer(from_fn_with_state(sender, tell_after));
    Router::new().fallback_service(routed).layer(layers)
}

/// Sends the mail and tells the webhooks that the handler has queued, behind its answer: the task is handed over before the platform sees that.
async fn tell_after(State(app): State<SharedApp>, request: Request, next: Next) -> Response {
    let tasks = request.extensions().get::<Invocation>().map(|invocation| invocation.tasks.clone());
    let response = next.run(request).await;
    if let Some(tasks) = tasks.filter(|_| after_act::is_due(&app)) {
        tasks.spawn(async move { after_act::send(&app).await });
    }
    response
}

/// The key is in a header that scripts must set themselves, never in a cookie: any origin may call.
fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(AnyOrigin)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(exposed())
        // The answer depends on none of the headers that a preflight sends, so caches need not tell them apart.
        .vary(Vary::list([]))
        .max_age(PREFLIGHT_AGE)
}

/// The panic hook has logged where and why.
fn answer_panic(_: Box<dyn Any + Send>) -> Response {
    Error::new(Code::InternalError).into_response()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::body::Body;
    use axum::extract::Path;
    use axum::routing::{get, post};
    use futures_util::StreamExt as _;
    use http::StatusCode;
    use http_body_util::BodyExt as _;
    use serde_json::Value;

    use super::*;
    use crate::app::App;
    use crate::config::Config;
    use crate::request_id;
    use crate::serve::Payload;

    async fn panicking() -> &'static str {
        panic!("on purpose")
    }

    fn service() -> Router {
        let router = Router::new()
            .route("/echo", post(|payload: Payload| async move { payload.0 }))
            .route("/bytes", post(|bytes: bytes::Bytes| async move { bytes }))
            .route("/panic", get(panicking))
            .route("/things/{id}", get(|Path(id): Path<u32>| async move { id.to_string() }));
        application(router, App::new(Config::from_lookup(|_| None), &[]).expect("an app"))
    }

    async fn call(request: http::request::Builder, body: Body) -> (StatusCode, http::HeaderMap, Value) {
        let response = service().oneshot(request.body(body).expect("a request")).await.expect("infallible");
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.expect("a body").to_bytes();
        (parts.status, parts.headers, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    #[tokio::test]
    async fn every_failure_has_the_error_shape_and_the_callers_request_id() {
        let cases = [
            ("GET", "/nowhere", 404, "not_found"),
            ("GET", "/echo", 405, "method_not_allowed"),
            ("GET", "/panic", 500, "internal_error"),
            ("GET", "/things/x", 400, "invalid_request"),
        ];
        for (method, uri, status, code) in cases {
            let request = Request::builder().method(method).uri(uri).header(request_id::HEADER, "mine");
            let (answered, headers, body) = call(request, Body::empty()).await;
            assert_eq!(answered, status, "{uri}");
            assert_eq!(body["error"]["code"], code, "{uri}: {body}");
            assert_eq!(headers[request_id::HEADER], "mine");
            assert_eq!(headers["access-control-allow-origin"], "*");
            assert_eq!(headers["content-type"], "application/json");
            assert!(!body.to_string().contains("`x`"), "the value is repeated: {body}");
        }
        let (_, headers, _) = call(Request::builder().uri("/echo"), Body::empty()).await;
        assert_eq!(headers["allow"], "POST");
    }

    #[tokio::test]
    async fn a_preflight_allows_the_headers_it_asks_for() {
        let request = Request::builder()
            .method("OPTIONS")
            .uri("/echo")
            .header("origin", "https://app.example")
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,x-stainless-lang");
        let (status, headers, _) = call(request, Body::empty()).await;
        assert_eq!(status, 200);
        assert_eq!(headers["access-control-allow-headers"], "authorization,x-stainless-lang");
        assert!(headers["access-control-allow-methods"].to_str().expect("text").contains("POST"));
    }

    #[tokio::test]
    async fn a_body_over_the_limit_is_refused_whether_or_not_its_length_is_announced() {
        let over = vec![b'x'; BODY_LIMIT + 1];
        let announced = Request::builder().method("POST").uri("/echo").header("content-length", over.len());
        let (status, _, answer) = call(announced, Body::from(over.clone())).await;
        assert_eq!((status.as_u16(), &answer["error"]["code"]), (413, &Value::from("payload_too_large")));
        for (reader, piece) in [("/echo", 65_536), ("/bytes", 65_536), ("/echo", BODY_LIMIT)] {
            let chunks: Vec<_> = over.chunks(piece).map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec())).collect();
            let stream = Body::from_stream(futures_util::stream::iter(chunks));
            let (status, _, answer) = call(Request::builder().method("POST").uri(reader), stream).await;
            assert_eq!((status.as_u16(), &answer["error"]["code"]), (413, &Value::from("payload_too_large")));
        }
        for announced in [&[][..], &[("content-length", BODY_LIMIT)]] {
            let request =
                announced.iter().fold(Request::builder().method("POST").uri("/echo"), |request, (name, length)| {
                    request.header(*name, *length)
                });
            assert_eq!(call(request, Body::from(vec![b'1'; BODY_LIMIT])).await.0, 200);
        }
    }

    #[tokio::test]
    async fn of_a_body_that_is_refused_for_its_length_no_more_is_read_than_its_sender_needs_to_hear_so() {
        const PIECE: usize = 1 << 20;
        let read = Arc::new(AtomicUsize::new(0));
        let counted = read.clone();
        let pieces = futures_util::stream::iter(0..100).map(move |_| {
            counted.fetch_add(PIECE, Ordering::Relaxed);
            Ok::<_, std::io::Error>(vec![b'x'; PIECE])
        });
        let announced = Request::builder().method("POST").uri("/echo").header("content-length", 100 * PIECE);
        assert_eq!(call(announced, Body::from_stream(pieces)).await.0, 413);
        assert_eq!(read.load(Ordering::Relaxed), 32 * PIECE);
    }
}
