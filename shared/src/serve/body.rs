//! Request bodies: how large they may be, and reading them whole.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::middleware::Next;
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, header};
use http_body_util::BodyExt as _;

use super::encoding;
use crate::answer_cache;
use crate::error::{Code, Error};
use crate::idempotency::Presented;

/// The largest request body, in bytes: Vercel's own limit, 4.5 MB, so that no platform takes what another refuses.
pub const BODY_LIMIT: usize = 4_718_592;

/// How much of a refused body is still read and dropped: a client whose upload is cut off never reads the answer.
const LINGER_BYTES: usize = 32 * 1024 * 1024;

/// How long a refused body is still read.
const LINGER_TIME: Duration = Duration::from_secs(5);

/// Keeps a body back that announces more than [`BODY_LIMIT`]: what it is answered with, by its key above all, is settled
/// without it, since [`Payload`] refuses it by its length. Whoever asks before sending it (`Expect: 100-continue`,
/// RFC 9110 §10.1.1) is then answered at once; anybody else is sending already.
pub(super) async fn keep_back(request: Request, next: Next) -> Response {
    if !announces_too_much(request.headers()) {
        return next.run(request).await;
    }
    let asks_first = request.headers().contains_key(header::EXPECT);
    let (head, body) = request.into_parts();
    let response = next.run(Request::from_parts(head, Body::empty())).await;
    if !asks_first {
        linger(body).await;
    }
    response
}

/// Whether the body announces more than [`BODY_LIMIT`].
fn announces_too_much(headers: &HeaderMap) -> bool {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    announced.is_some_and(|length| length > BODY_LIMIT as u64)
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
    // The answer is the same whether all of it was read, the bound was reached or the time was over.
    let _ = tokio::time::timeout(LINGER_TIME, read).await;
}

/// A request body of at most [`BODY_LIMIT`] bytes, read whole and decoded.
///
/// It is extracted behind the caller, whose missing or malformed key is refused before a byte is read; and a key that the
/// database refuses goes before a 413, too (`key_first`).
#[derive(Debug)]
pub struct Payload(pub Bytes);

impl<S: Sync> FromRequest<S> for Payload {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Self, Error> {
        let (head, mut body) = request.into_parts();
        if announces_too_much(&head.headers) {
            return Err(Error::new(Code::PayloadTooLarge));
        }
        // Most bodies come in one piece, which then is the answer as it is.
        let mut first = Bytes::new();
        let mut joined = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let ended_early = |_| Error::new(Code::InvalidRequest).with_message("The request body ended early.");
            let Ok(data) = frame.map_err(ended_early)?.into_data() else { continue };
            if first.len().max(joined.len()) + data.len() > BODY_LIMIT {
                linger(body).await;
                return Err(Error::new(Code::PayloadTooLarge));
            }
            if first.is_empty() {
                first = data;
                continue;
            }
            if joined.is_empty() {
                joined.extend_from_slice(&first);
            }
            joined.extend_from_slice(&data);
        }
        let read = if joined.is_empty() { first } else { joined.freeze() };
        let body = encoding::decoded(&head.headers, read, BODY_LIMIT)?;
        // A form is another one each time that it is written, by its boundary.
        let is_form =
            head.headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"multipart/"));
        if !is_form {
            if let Some(presented) = head.extensions.get::<Presented>() {
                presented.stands_for(&body);
            }
            if let Some(presented) = head.extensions.get::<answer_cache::Presented>() {
                presented.stands_for(&body);
            }
        }
        Ok(Self(body))
    }
}
