//! Errors, headers and what keeps a stream alive, as they are written (anthropic-sdk-python `_streaming.py`,
//! `types/shared/error_object.py`).

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use crate::answer_headers;
use crate::error::{Code, Error};
use crate::formats::events::event_of;

/// The version of the API that is spoken, and the header that says so.
pub const VERSION: (HeaderName, HeaderValue) =
    (HeaderName::from_static("anthropic-version"), HeaderValue::from_static("2023-06-01"));

/// In which Anthropic's SDKs look for a request's name.
pub const REQUEST_ID: HeaderName = answer_headers::ANTHROPIC_REQUEST_ID;

/// The event that tells a waiting client that its stream is alive. The SDKs drop it, before the first event, too.
pub const PING: &[u8] = b"event: ping\ndata: {\"type\": \"ping\"}\n\n";

/// The headers of every request to a provider.
#[must_use]
pub fn headers() -> HeaderMap {
    HeaderMap::from_iter([VERSION])
}

/// The body that tells of an error. `code`, `param` and what else we know of it stand beside Anthropic's own members.
#[must_use]
pub fn error_body(error: &Error) -> Value {
    let mut object = error.to_object();
    object["type"] = json!(kind(error));
    if error.code == Code::ContextLengthExceeded && !error.message.starts_with(TOO_LONG) {
        // Claude Code makes its conversation shorter when a message begins so.
        object["message"] = json!(format!("{TOO_LONG}. {}", error.message));
    }
    json!({ "type": "error", "error": object })
}

const TOO_LONG: &str = "prompt is too long";

/// Of a body that was read member by member and is no JSON to the last text: half a surrogate pair, say.
#[must_use]
pub fn no_text(_: &serde_json::Error) -> Error {
    Error::new(Code::InvalidJson).with_message("The body holds a text that is no Unicode; this model needs every one.")
}

/// The last event of a stream that has failed.
#[must_use]
pub fn error_event(error: &Error) -> Bytes {
    event_of(&error_body(error))
}

fn kind(error: &Error) -> &'static str {
    match error.http_status().as_u16() {
        408 | 504 => "timeout_error",
        413 => "request_too_large",
        529 => "overloaded_error",
        _ => error.kind(),
    }
}

/// The status that stands for an error's `type` where a stream reports one.
#[must_use]
pub fn status_of(kind: &str) -> Option<u16> {
    Some(match kind {
        "invalid_request_error" => 400,
        "authentication_error" => 401,
        "billing_error" => 402,
        "permission_error" => 403,
        "not_found_error" => 404,
        "request_too_large" => 413,
        "rate_limit_error" => 429,
        "api_error" => 500,
        "timeout_error" => 504,
        "overloaded_error" => 529,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_anthropics_shape_and_our_code() {
        let body = error_body(&Error::new(Code::DeadlineExceeded).with_detail("provider", "anthropic"));
        assert_eq!((&body["type"], &body["error"]["type"]), (&json!("error"), &json!("timeout_error")));
        assert_eq!(body["error"]["code"], "deadline_exceeded");
        assert_eq!(body["error"]["provider"], "anthropic");
        let long = error_body(&Error::new(Code::ContextLengthExceeded));
        assert!(long["error"]["message"].as_str().expect("text").starts_with("prompt is too long"));
        let event = error_event(&Error::new(Code::UpstreamError));
        assert!(event.starts_with(b"event: error\ndata: {") && event.ends_with(b"}\n\n"));
    }

    #[test]
    fn every_kind_of_error_has_a_status() {
        for status in [400, 401, 402, 403, 404, 413, 429, 500, 504, 529] {
            let status = http::StatusCode::from_u16(status).expect("a status");
            let kind = kind(&Error::new(Code::UpstreamRejected).with_status(status));
            assert_eq!(status_of(kind), Some(status.as_u16()), "{kind}");
        }
    }
}
