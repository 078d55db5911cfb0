//! What a stand-in refuses, before it is put into a provider's dialect.

use http::StatusCode;

/// Part of every error text and of every broken answer of the stand-ins. It must never reach a caller of the gateway: of most
/// errors no word does, and of the sentences that do it is cleaned out, since it looks like a key.
pub const RAW_MARKER: &str = "sk-raw-upstream-3f9c";

/// An error answer; the fields are those of OpenAI's error object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ApiError {
    pub(super) status: StatusCode,
    pub(super) message: String,
    pub(super) kind: &'static str,
    pub(super) param: Option<String>,
    pub(super) code: Option<&'static str>,
}

impl ApiError {
    /// An error with the type that OpenAI gives to that status.
    pub(super) fn new(status: StatusCode, message: impl AsRef<str>) -> Self {
        let kind = match status.as_u16() {
            401 => "authentication_error",
            402 => "insufficient_quota",
            403 => "permission_error",
            429 => "rate_limit_error",
            400..500 => "invalid_request_error",
            _ => "server_error",
        };
        Self { status, message: format!("{} [{RAW_MARKER}]", message.as_ref()), kind, param: None, code: None }
    }

    /// The `type` that Anthropic gives to that status (<https://platform.claude.com/docs/en/api/errors>).
    pub(super) fn messages_kind(&self) -> &'static str {
        match self.status.as_u16() {
            401 => "authentication_error",
            402 => "billing_error",
            403 => "permission_error",
            404 => "not_found_error",
            413 => "request_too_large",
            429 => "rate_limit_error",
            504 => "timeout_error",
            529 => "overloaded_error",
            400..500 => "invalid_request_error",
            _ => "api_error",
        }
    }

    pub(super) fn unauthorised(message: impl AsRef<str>) -> Self {
        Self { code: Some("invalid_api_key"), ..Self::new(StatusCode::UNAUTHORIZED, message) }
    }

    pub(super) fn bad_request(message: impl AsRef<str>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// A 400 about one parameter. `code` is OpenAI's, such as `invalid_type`.
    pub(super) fn parameter(param: &str, code: &'static str, message: impl AsRef<str>) -> Self {
        let message = format!("'{param}': {}", message.as_ref());
        Self { param: Some(param.to_owned()), code: Some(code), ..Self::bad_request(message) }
    }

    pub(super) fn missing(param: &str) -> Self {
        Self::parameter(param, "missing_required_parameter", "is required")
    }

    pub(super) fn wrong_type(param: &str, expected: &str) -> Self {
        Self::parameter(param, "invalid_type", format!("must be {expected}"))
    }

    pub(super) fn wrong_value(param: &str, expected: &str) -> Self {
        Self::parameter(param, "invalid_value", format!("must be {expected}"))
    }

    pub(super) fn unsupported(param: &str) -> Self {
        Self::parameter(param, "unsupported_parameter", "is not supported here")
    }
}
