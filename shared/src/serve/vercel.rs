//! The Vercel function.
//!
//! vercel_runtime's own axum layer drops `AppState`, and with it `wait_until`, buffers the request and streams only
//! two content types; so the router is driven here, through its service interface.

use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt as _;
use sync_wrapper::SyncWrapper;
use tower::ServiceExt as _;
use vercel_runtime::{AppState, ResponseBody, service_fn};

use super::{Invocation, ServeError, Tasks, application};
use crate::app::SharedApp;

/// Serves until the platform stops the process; its runtime then drains the tasks.
pub(super) async fn serve(endpoints: Router<SharedApp>, app: SharedApp) -> Result<(), ServeError> {
    let router = application(endpoints, app);
    let service = service_fn(move |request: vercel_runtime::Request, state: AppState| {
        let mut request = request.map(Body::new);
        let invocation = Invocation::limited_by_route(client_ip(request.headers()), Tasks::of_vercel(state));
        request.extensions_mut().insert(invocation);
        let answer = router.clone().oneshot(request);
        async move {
            let response = answer.await?;
            Ok::<_, vercel_runtime::Error>(response.map(|body| ResponseBody(SyncBody::new(body).boxed())))
        }
    });
    vercel_runtime::run(service).await.map_err(ServeError::Vercel)
}

/// Vercel's proxy sets this header itself, whatever the client sent (vercel.com/docs/headers/request-headers).
fn client_ip(headers: &HeaderMap) -> Option<IpAddr> {
    let addresses = headers.get("x-vercel-forwarded-for")?.to_str().ok()?;
    addresses.split(',').next()?.trim().parse::<IpAddr>().ok().map(|address| address.to_canonical())
}

/// A body that is `Sync`, as `ResponseBody` requires; axum's is only `Send`. `SyncWrapper` makes it so, since polling takes an
/// exclusive reference. Size and end can be asked through a shared one, so they are taken once, at the start.
struct SyncBody {
    inner: SyncWrapper<Body>,
    hint: SizeHint,
    end: bool,
}

impl SyncBody {
    fn new(body: Body) -> Self {
        // A known length becomes content-length.
        let (hint, end) = (http_body::Body::size_hint(&body), http_body::Body::is_end_stream(&body));
        Self { inner: SyncWrapper::new(body), hint, end }
    }
}

impl http_body::Body for SyncBody {
    type Data = Bytes;
    type Error = vercel_runtime::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = &mut *self;
        let body = this.inner.get_mut();
        let polled = Pin::new(&mut *body).poll_frame(context);
        (this.hint, this.end) = (http_body::Body::size_hint(body), http_body::Body::is_end_stream(body));
        polled.map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.end
    }

    fn size_hint(&self) -> SizeHint {
        self.hint
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_address_of_vercels_own_header_is_the_clients() {
        let ip = |name: &'static str, value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().expect("a header value"));
            client_ip(&headers).map(|address| address.to_string())
        };
        assert_eq!(ip("x-vercel-forwarded-for", "203.0.113.7, 10.0.0.1").as_deref(), Some("203.0.113.7"));
        assert_eq!(ip("x-vercel-forwarded-for", "::ffff:203.0.113.7").as_deref(), Some("203.0.113.7"));
        assert_eq!(ip("x-vercel-forwarded-for", "unknown"), None);
        assert_eq!(ip("x-forwarded-for", "203.0.113.7"), None);
    }

    #[tokio::test]
    async fn a_known_length_survives_the_wrapping() {
        let body = SyncBody::new(Body::from("pong"));
        assert_eq!(http_body::Body::size_hint(&body).exact(), Some(4));
        assert_eq!(body.collect().await.expect("a body").to_bytes(), "pong");
        assert!(http_body::Body::is_end_stream(&SyncBody::new(Body::empty())));
    }
}
