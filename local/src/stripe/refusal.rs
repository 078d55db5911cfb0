//! Stripe's errors (<https://docs.stripe.com/api/errors>).

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::{Map, Value, json};

/// A refusal: its status and the members of its error object.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The status.
    pub status: StatusCode,
    /// `type`, `code`, `message` and what else there is.
    pub error: Map<String, Value>,
}

impl Refusal {
    pub(super) fn new(status: u16, kind: &str, code: &str, message: &str) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let error = json!({ "type": kind, "code": code, "message": message });
        Self { status, error: error.as_object().cloned().unwrap_or_default() }
    }

    /// A 400 that blames a parameter.
    pub(super) fn parameter(code: &str, param: &str, message: &str) -> Self {
        Self::new(400, "invalid_request_error", code, message).with("param", param)
    }

    /// A 400 about the state of something.
    pub(super) fn state(code: &str, message: &str) -> Self {
        Self::new(400, "invalid_request_error", code, message)
    }

    /// A 404 for an id that nothing has.
    pub(super) fn missing(kind: &str, id: &str) -> Self {
        Self::new(404, "invalid_request_error", "resource_missing", &format!("No such {kind}: '{id}'"))
            .with("param", "id")
    }

    /// A card that was declined: a 402.
    pub(super) fn card(code: &str, decline: &str, intent: &Value) -> Self {
        Self::new(402, "card_error", code, "Your card was declined.")
            .with("decline_code", decline)
            .with("payment_intent", intent.clone())
    }

    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.error.insert(name.to_owned(), value.into());
        self
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.error }))).into_response()
    }
}
