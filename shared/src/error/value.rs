//! A failure as a value, and the response that it becomes.

use std::borrow::Cow;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::{Map, Value, json};

use super::Code;
use crate::answer_headers;

/// A failure on its way to the caller. Holds nothing that the caller may not see.
#[derive(Clone, Debug, PartialEq)]
pub struct Error {
    /// What went wrong; decides the status.
    pub code: Code,
    /// What the caller is told.
    pub message: Cow<'static, str>,
    /// The request field at fault.
    pub param: Option<Cow<'static, str>>,
    /// Sent as `retry-after` and `retry-after-ms`.
    pub retry_after: Option<Duration>,
    /// Sent as `x-should-retry`, which the SDKs obey above all else.
    pub should_retry: Option<bool>,
    /// Further members of the error object, such as `required` and `available`.
    pub details: Map<String, Value>,
    /// A status other than the code's own: a provider's refusal keeps its status.
    pub status: Option<StatusCode>,
    /// Further headers of the answer.
    pub headers: Option<Box<HeaderMap>>,
}

/// The result of everything that answers a caller.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// The failure `code` with its own message.
    #[must_use]
    pub fn new(code: Code) -> Self {
        let passing = matches!(
            code,
            Code::ServiceUnavailable
                | Code::AccountBusy
                | Code::SignInUnavailable
                | Code::MailUnavailable
                | Code::PaymentUnavailable
        );
        let retry_after = passing.then_some(Duration::from_secs(1));
        // Codes for which a retry of the same request cannot help. Without `x-should-retry: false` SDKs retry a 409, a 429 and a
        // 503, and agents a 401 and a 402 as well.
        let hopeless = match code.status().as_u16() {
            401 | 409 => true,
            402 => code != Code::CreditsInFlight,
            429 => matches!(
                code,
                Code::RequestLimitReached | Code::QuotaExceeded | Code::TrialRequestsUsed | Code::PaymentLimitReached
            ),
            503 => matches!(code, Code::ModelNotPriced | Code::NoProvider | Code::NotConfigured),
            _ => false,
        };
        Self {
            code,
            message: Cow::Borrowed(code.message()),
            param: None,
            retry_after,
            should_retry: hopeless.then_some(false),
            details: Map::new(),
            status: None,
            headers: None,
        }
    }

    /// A 400 that names the field at fault and says what is wrong with it.
    #[must_use]
    pub fn invalid(param: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::InvalidRequest).with_param(param).with_message(message)
    }

    /// Replaces the message.
    #[must_use]
    pub fn with_message(mut self, message: impl Into<Cow<'static, str>>) -> Self {
        self.message = message.into();
        self
    }

    /// Names the request field at fault.
    #[must_use]
    pub fn with_param(mut self, param: impl Into<Cow<'static, str>>) -> Self {
        self.param = Some(param.into());
        self
    }

    /// Tells the caller when to come back.
    #[must_use]
    pub fn with_retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }

    /// Tells the SDKs whether a retry can help at all.
    #[must_use]
    pub fn with_should_retry(mut self, retry: bool) -> Self {
        self.should_retry = Some(retry);
        self
    }

    /// Adds a member to the error object.
    #[must_use]
    pub fn with_detail(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }

    /// Answers with this status and not the code's own.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = Some(status);
        self
    }

    /// Adds headers to the answer.
    #[must_use]
    pub fn with_headers(mut self, write: impl FnOnce(&mut HeaderMap)) -> Self {
        write(self.headers.get_or_insert_default());
        self
    }

    /// The HTTP status of the answer.
    #[must_use]
    pub fn http_status(&self) -> StatusCode {
        self.status.unwrap_or_else(|| self.code.status())
    }

    /// OpenAI's `type`, which follows from the status. A 429 that no short wait mends is `insufficient_quota`: by that an
    /// agent gives up, where it would sleep for as long as `retry-after` says.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.http_status().as_u16() {
            429 if self.should_retry == Some(false) && self.code != Code::TooManyAttempts => "insufficient_quota",
            401 => "authentication_error",
            402 => "billing_error",
            403 => "permission_error",
            404 => "not_found_error",
            429 => "rate_limit_error",
            400..=499 => "invalid_request_error",
            _ => "api_error",
        }
    }

    /// The error object, as it stands in a body or in a stream's last chunk.
    #[must_use]
    pub fn to_object(&self) -> Value {
        let mut object = json!({
            "message": self.message,
            "type": self.kind(),
            "param": self.param,
            "code": self.code.as_str(),
        });
        if let Value::Object(members) = &mut object {
            members.extend(self.details.clone());
        }
        object
    }
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.message)
    }
}

impl std::error::Error for Error {}

impl From<Code> for Error {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}

impl IntoResponse for Error {
    fn into_response(mut self) -> Response {
        let body = json!({ "error": self.to_object() }).to_string();
        let mut response = (self.http_status(), [(header::CONTENT_TYPE, "application/json")], body).into_response();
        let headers = response.headers_mut();
        if let Some(further) = self.headers.take() {
            headers.extend(*further);
        }
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(after) = self.retry_after {
            // Whole seconds, rounded up, for HTTP; the SDKs read the exact figure from retry-after-ms.
            let ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
            headers.insert(header::RETRY_AFTER, HeaderValue::from(ms.div_ceil(1000)));
            headers.insert(answer_headers::RETRY_AFTER_MS, HeaderValue::from(ms));
        }
        if let Some(retry) = self.should_retry {
            headers
                .insert(answer_headers::SHOULD_RETRY, HeaderValue::from_static(if retry { "true" } else { "false" }));
        }
        // Layers that write the body in another wire format find the error here.
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_is_told_in_seconds_and_milliseconds() {
        let response = Error::new(Code::RateLimitExceeded)
            .with_retry_after(Duration::from_millis(1200))
            .with_should_retry(false)
            .into_response();
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers()["retry-after"], "2");
        assert_eq!(response.headers()["retry-after-ms"], "1200");
        assert_eq!(response.headers()["x-should-retry"], "false");
    }
}
