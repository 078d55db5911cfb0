//! Sends requests to Stripe, again where that is safe and of use.

use std::time::Duration;

use http::{HeaderMap, StatusCode, header};
use serde_json::Value;
use stripe_client_core::{RequestBuilder, StripeMethod};

use super::VERSION;
use crate::app::App;
use crate::config::configured;
use crate::error::{Code, Error};
use crate::reason::reason;

/// How long each attempt may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How long after a failure the next attempt comes.
const PAUSES: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(1)];

/// Why a request came to nothing.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum StripeError {
    /// Stripe will not: it has changed nothing.
    #[error("status {status}, {code}: {message}")]
    Refused {
        /// The status.
        status: u16,
        /// Its code, else its type.
        code: String,
        /// The parameter at fault.
        param: Option<String>,
        /// Its words, which are for us.
        message: String,
        /// The payment intent, of a card that was declined.
        intent: Option<Box<Value>>,
    },
    /// Whether Stripe has done it is unknown.
    #[error("{0}")]
    Unknown(String),
    /// A variable is missing.
    #[error("{0}")]
    Unconfigured(Error),
}

impl From<StripeError> for Error {
    /// What a caller hears. Stripe's words are for the operator's log: they may name what is ours.
    fn from(error: StripeError) -> Self {
        match error {
            StripeError::Unconfigured(error) => error,
            error => {
                tracing::error!(%error, "Stripe does not do what it was asked for");
                Self::new(Code::PaymentUnavailable)
            }
        }
    }
}

/// Sends a request and reads the object that it answers with. Whoever may make something twice gives a key, under which Stripe
/// makes it once.
///
/// # Errors
/// Why it came to nothing.
pub async fn send(app: &App, request: RequestBuilder, key: Option<&str>) -> Result<Value, StripeError> {
    let mut pauses = PAUSES.into_iter();
    loop {
        let (error, again) = match attempt(app, &request, key).await {
            Ok(object) => return Ok(object),
            Err(failed) => failed,
        };
        match pauses.next().filter(|_| again) {
            Some(pause) => tokio::time::sleep(pause).await,
            None => return Err(error),
        }
    }
}

/// Answers, with an error, whether another attempt may help.
async fn attempt(app: &App, request: &RequestBuilder, key: Option<&str>) -> Result<Value, (StripeError, bool)> {
    let unknown = |why: String, again: bool| (StripeError::Unknown(why), again);
    let settings = configured(&app.config.stripe).map_err(|error| (StripeError::Unconfigured(error), false))?;
    let query = request.query.as_deref().map(|query| format!("?{query}")).unwrap_or_default();
    let address = format!("{}/v1{}{query}", settings.url, request.path);
    let method = match request.method {
        StripeMethod::Get => http::Method::GET,
        StripeMethod::Post => http::Method::POST,
        StripeMethod::Delete => http::Method::DELETE,
    };
    let mut sent = app.http.request(method, address).timeout(TIMEOUT).bearer_auth(&settings.key);
    sent = sent.header("stripe-version", VERSION);
    if let Some(key) = key {
        sent = sent.header("idempotency-key", key);
    }
    if let Some(body) = &request.body {
        sent = sent.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(body.clone());
    }
    let response = sent.send().await.map_err(|error| {
        let again = error.is_connect();
        unknown(reason(error), again)
    })?;
    let (status, headers) = (response.status(), response.headers().clone());
    let body = response.bytes().await.map_err(|error| unknown(reason(error), true))?;
    let object: Option<Value> = serde_json::from_slice(&body).ok().filter(Value::is_object);
    match object {
        Some(object) if status.is_success() => Ok(object),
        object => Err(failure(status, &headers, object)),
    }
}

fn failure(status: StatusCode, headers: &HeaderMap, object: Option<Value>) -> (StripeError, bool) {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let id = text("request-id").unwrap_or_default();
    let own = text("stripe-should-retry").and_then(|word| word.parse::<bool>().ok());
    let passing = status.is_server_error() || matches!(status.as_u16(), 409 | 429);
    let again = own.unwrap_or(passing);
    let mut error = object.map(|mut object| object["error"].take()).unwrap_or_default();
    let intent = error.get_mut("payment_intent").map(Value::take).filter(Value::is_object).map(Box::new);
    let member = |name: &str| error[name].as_str().map(str::to_owned);
    let code = member("code").or_else(|| member("type")).unwrap_or_default();
    if !status.is_client_error() || passing || error.is_null() {
        return (StripeError::Unknown(format!("status {status}, {code}, request {id}")), again);
    }
    let message = format!("{}, request {id}", member("message").unwrap_or_default());
    (StripeError::Refused { status: status.as_u16(), code, param: member("param"), message, intent }, again)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_stripe_has_not_decided_is_not_taken_for_a_refusal() {
        let failed = |status: u16, headers: &[(&'static str, &'static str)], body: Value| {
            let headers =
                headers.iter().map(|(name, value)| (name.parse().expect("name"), value.parse().expect("value")));
            failure(StatusCode::from_u16(status).expect("a status"), &headers.collect(), Some(body))
        };
        let refusal = json!({"error": {"type": "invalid_request_error", "code": "parameter_unknown", "param": "x", "message": "No."}});
        let (error, again) = failed(400, &[("request-id", "req_1")], refusal.clone());
        let StripeError::Refused { code, message, .. } = error else { panic!("{error}") };
        assert_eq!((code.as_str(), message.as_str(), again), ("parameter_unknown", "No., request req_1", false));
        for (status, headers, retried) in [
            (409, &[][..], true),
            (429, &[], true),
            (500, &[], true),
            (500, &[("stripe-should-retry", "false")], false),
        ] {
            let (error, again) = failed(status, headers, refusal.clone());
            assert!(matches!(error, StripeError::Unknown(_)) && again == retried, "{status}: {error}");
        }
        assert!(matches!(failed(404, &[], json!({})).0, StripeError::Unknown(_)));
        assert_eq!(Error::from(failed(400, &[], refusal).0).code, Code::PaymentUnavailable);
    }
}
