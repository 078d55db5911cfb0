//! An answer read whole, and what all refusals have in common.

use std::time::Duration;

use http::HeaderMap;
use reqwest::RequestBuilder;
use serde_json::Value;
use shared::error::Code;

use crate::certain;
use crate::wire::Wire;
use crate::world::{events, send};

/// A response with its body.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub text: String,
}

impl Answer {
    /// Sends a request that must be answered and reads the answer.
    ///
    /// # Panics
    /// When it is not answered with text.
    pub async fn to(request: RequestBuilder) -> Self {
        let response = send(request).await;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = certain("a body", response.text()).await.expect("a body");
        Self { status, headers, text }
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// When it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    /// A header's text; empty where it is not there.
    ///
    /// # Panics
    /// When it is no text.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().expect("text")).unwrap_or_default()
    }

    /// The text of a call's one choice, plain or streamed.
    ///
    /// # Panics
    /// When the answer is not one of this wire.
    #[must_use]
    pub fn content(&self, wire: &Wire) -> String {
        assert_eq!(self.status, 200, "{}", self.text);
        let streamed = self.header("content-type") == "text/event-stream";
        if streamed { wire.pieces(&self.text).concat() } else { wire.text(&self.json()) }
    }

    /// The events of a stream.
    ///
    /// # Panics
    /// When the answer is none.
    #[must_use]
    pub fn events(&self) -> Vec<Value> {
        assert_eq!(self.status, 200, "{}", self.text);
        events(&self.text)
    }

    /// The JSON of an answer that must be a success.
    ///
    /// # Panics
    /// When it is none, or not JSON.
    pub fn success(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json()
    }

    /// Status and code of a refusal, or status and nothing of a success.
    ///
    /// # Panics
    /// When a refusal is not in the error shape.
    #[must_use]
    pub fn outcome(&self) -> (u16, String) {
        if self.status < 300 {
            return (self.status, String::new());
        }
        let error = self.error();
        (self.status, error["code"].as_str().unwrap_or_default().to_owned())
    }

    /// How long the caller is told to wait.
    ///
    /// # Panics
    /// When that is not said in milliseconds.
    #[must_use]
    pub fn wait(&self) -> Duration {
        Duration::from_millis(self.header("retry-after-ms").parse().expect("milliseconds"))
    }

    /// The error object of a refusal.
    ///
    /// # Panics
    /// When the answer is no refusal in the error shape, with the headers that go with it.
    #[must_use]
    pub fn error(&self) -> Value {
        let what = format!("{} {}", self.status, self.text.chars().take(500).collect::<String>());
        assert!(self.status >= 400, "{what}");
        assert_eq!(
            self.headers.get("content-type").map(|kind| kind.as_bytes()),
            Some(&b"application/json"[..]),
            "{what}"
        );
        assert!(self.headers.contains_key("x-request-id"), "{what}");
        let body: Value = serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {what}"));
        // Anthropic's clients are told of an error in a body of theirs.
        let of_messages = body["type"] == "error";
        if of_messages {
            assert_eq!(body["request_id"], self.header("x-request-id"), "{what}");
            assert_eq!(self.header("request-id"), self.header("x-request-id"), "{what}");
        }
        let members = if of_messages { 3 } else { 1 };
        assert_eq!(body.as_object().map(serde_json::Map::len), Some(members), "{what}");
        let mut error = body["error"].clone();
        // OpenRouter's clients read the status where others read the code.
        if error["code"].is_number() {
            assert_eq!(error["code"], self.status, "{what}");
            error["code"] = error["metadata"]["error_code"].clone();
            error["type"] = error["metadata"]["error_type"].clone();
            return error;
        }
        let text = |name: &str| error[name].as_str().unwrap_or_else(|| panic!("no {name}: {what}"));
        assert!(!text("message").is_empty(), "{what}");
        let code = Code::parse(text("code")).unwrap_or_else(|| panic!("an unknown code: {what}"));
        // These two keep the status that the provider gave.
        let providers = matches!(code, Code::UpstreamRejected | Code::ProviderKeyRejected);
        assert!(providers || code.status().as_u16() == self.status, "{what}");
        let kind = match self.status {
            401 => "authentication_error",
            402 => "billing_error",
            403 => "permission_error",
            404 => "not_found_error",
            // No wait that a client has the patience for would help.
            429 if self.header("x-should-retry") == "false" && code != Code::TooManyAttempts => "insufficient_quota",
            429 => "rate_limit_error",
            413 if of_messages => "request_too_large",
            408 | 504 if of_messages => "timeout_error",
            400..=499 => "invalid_request_error",
            _ => "api_error",
        };
        assert_eq!(text("type"), kind, "{what}");
        assert!(error.get("param").is_some_and(|param| param.is_null() || param.is_string()), "{what}");
        error
    }

    /// The answer is a success or blames the caller, in the error shape: bad input never breaks anything.
    ///
    /// # Panics
    /// When it is something else.
    #[track_caller]
    pub fn served_or_blamed(&self, what: &str) {
        let (status, code) = self.outcome();
        assert!(status < 300 || (400..500).contains(&status), "{what}: {status} {code}");
    }

    /// The answer is this refusal; gives its error object.
    ///
    /// # Panics
    /// When it is not.
    #[track_caller]
    pub fn refused(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.outcome(), (status, code.to_owned()), "{}", self.text);
        self.error()
    }

    /// The answer is the refusal of a limit, which it names.
    ///
    /// # Panics
    /// When it is not.
    #[track_caller]
    pub fn limited(&self, code: &str, limit: &str) {
        assert_eq!(self.refused(429, code)["limit"], limit, "{}", self.text);
    }
}
