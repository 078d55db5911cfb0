//! Request bodies: how large they may be, and reading them whole.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use bytes::{Bytes, BytesMut};
use http::header;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use crate::error::{Code, Error};

/// The largest request body, in bytes: Vercel's own limit, 4.5 MB, so that no platform takes what another refuses.
pub const BODY_LIMIT: usize = 4_718_592;

/// How much of a refused body is still read: a client that is cut off while it sends never sees our answer.
const LINGER_BYTES: usize = 32 * 1024 * 1024;

/// How long a refused body is still read.
const LINGER_TIME: Duration = Duration::from_secs(5);

/// Refuses a body that announces more than [`BODY_LIMIT`], and ends one that turns out to be larger.
pub(super) async fn limit(request: Request, next: Next) -> Response {
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > BODY_LIMIT as u64) {
        linger(request.into_body()).await;
        return Error::new(Code::PayloadTooLarge).into_response();
    }
    next.run(request.map(|body| Body::new(Limited::new(body, BODY_LIMIT)))).await
}

async fn linger(mut body: Body) {
    let read = async {
        let mut seen = 0;
        while seen < LINGER_BYTES
            && let Some(Ok(frame)) = body.frame().await
        {
            seen += frame.data_ref().map_or(0, Bytes::len);
        }
    };
    // Whether it was all, enough or too slow: the answer is the same.
    let _ = tokio::time::timeout(LINGER_TIME, read).await;
}

/// A request body, read whole.
#[derive(Debug)]
pub struct Payload(pub Bytes);

impl<S: Sync> FromRequest<S> for Payload {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Self, Error> {
        let mut body = request.into_body();
        // Most bodies come in one piece, which then is the answer as it is.
        let mut first = Bytes::new();
        let mut joined: Option<BytesMut> = None;
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.map_err(refusal)?.into_data() else { continue };
            match &mut joined {
                Some(joined) => joined.extend_from_slice(&data),
                None if first.is_empty() => first = data,
                None => {
                    let mut whole = BytesMut::with_capacity(first.len() + data.len());
                    whole.extend_from_slice(&first);
                    whole.extend_from_slice(&data);
                    joined = Some(whole);
                }
            }
        }
        Ok(Self(joined.map_or(first, BytesMut::freeze)))
    }
}

fn refusal(error: axum::Error) -> Error {
    let error = error.into_inner();
    if is_too_large(error.as_ref()) {
        Error::new(Code::PayloadTooLarge)
    } else {
        Error::new(Code::InvalidRequest).with_message("The request body ended early.")
    }
}

fn is_too_large(error: &(dyn std::error::Error + 'static)) -> bool {
    error.is::<LengthLimitError>() || error.source().is_some_and(is_too_large)
}
