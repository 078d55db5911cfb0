//! Errors in the shape that their clients know: what axum refuses by itself like all others, and all in the route's
//! format and the caller's dialect.

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, header};
use serde_json::json;

use super::path;
use crate::dialect::Dialect;
use crate::error::{Code, Error};
use crate::formats::format::Format;
use crate::request_id::RequestId;

/// Longer than any of axum's own messages, in bytes.
const LONGEST: usize = 4096;

/// Gives every error its shape, and tells the handlers the caller's dialect.
pub(super) async fn shape(mut request: Request, next: Next) -> Response {
    let id = request.extensions().get::<RequestId>().cloned();
    let dialect = path::dialect(&mut request);
    request.extensions_mut().insert(dialect);
    let response = next.run(request).await;
    let format = response.extensions().get::<Format>().copied();
    let mut response = own(response).await;
    let header = format.and_then(Format::request_id_header).zip(id.as_ref().and_then(RequestId::to_header));
    if let Some((name, value)) = header {
        response.headers_mut().insert(name, value);
    }
    let Some(error) = response.extensions().get::<Error>() else { return response };
    if format.is_none() && dialect == Dialect::OpenAi {
        // Its own body is that already.
        return response;
    }
    let id = id.as_ref().map(RequestId::as_str).unwrap_or_default();
    let body = match format {
        Some(format) => format.error_body(error, dialect, id),
        None => json!({ "error": dialect.error(error) }),
    };
    let (mut head, _) = response.into_parts();
    head.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(head, Body::from(body.to_string()))
}

/// Turns a rejection of axum's extractors, which is plain text, into our error with the text as its message.
async fn own(response: Response) -> Response {
    let status = response.status();
    let plain =
        response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if !(plain && (status.is_client_error() || status.is_server_error())) {
        return response;
    }
    let code = match status {
        StatusCode::PAYLOAD_TOO_LARGE => Code::PayloadTooLarge,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::UnsupportedMediaType,
        status if status.is_client_error() => Code::InvalidRequest,
        _ => Code::InternalError,
    };
    let mut error = Error::new(code);
    if code == Code::InvalidRequest
        && let Ok(text) = to_bytes(response.into_body(), LONGEST).await
        && let Ok(text) = std::str::from_utf8(&text)
        && !text.is_empty()
        // This message quotes the path, which may hold a key.
        && !text.starts_with("Invalid URL")
    {
        error = error.with_message(text.to_owned()).with_status(status);
    }
    error.into_response()
}
