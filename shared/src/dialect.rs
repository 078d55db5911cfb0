//! Two dialects of one API. What OpenAI's clients and OpenRouter's want different is told as each of them reads it; the rest
//! is told to both.
//!
//! OpenRouter's clients are built for a base URL that ends in `/api/v1`, OpenAI's for one that ends in `/v1`, so the path says
//! which of the two is spoken. Where a platform has rewritten the path, its rewrite leaves a mark (`serve::path`).

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::request::Parts;
use serde_json::{Value, json};

use crate::error::{Code, Error};

/// In whose words a caller is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// At `/v1`, and wherever no other is.
    #[default]
    OpenAi,
    /// At `/api/v1`.
    OpenRouter,
}

impl Dialect {
    /// The error object. OpenRouter's has the HTTP status as its `code`, which its SDKs insist on, and all else in `metadata`
    /// (openrouter.ai/docs, "Errors and debugging").
    #[must_use]
    pub fn error(self, error: &Error) -> Value {
        match self {
            Self::OpenAi => error.to_object(),
            Self::OpenRouter => openrouters(error),
        }
    }
}

/// What the layers around every endpoint have found.
impl<S: Sync> FromRequestParts<S> for Dialect {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().copied().unwrap_or_default())
    }
}

fn openrouters(error: &Error) -> Value {
    let mut metadata = error.details.clone();
    if let Some(provider) = metadata.get("provider").cloned() {
        metadata.insert("provider_name".to_owned(), provider);
    }
    let mut told = |name: &str, value: Value| metadata.insert(name.to_owned(), value);
    told("error_type", json!(kind(error)));
    told("error_code", json!(error.code.as_str()));
    if let Some(param) = &error.param {
        told("param", json!(param));
    }
    // Whose limit it was, and whether waiting helps.
    let refused_for = match error.code {
        Code::InsufficientCredits | Code::AccountInDebt => Some(("openrouter_credits", "weight_exceeds_budget")),
        Code::CreditsInFlight => Some(("openrouter_in_flight_budget", "in_flight_budget_exhausted")),
        Code::SpendLimitReached => Some(("openrouter_key_limit", "weight_exceeds_budget")),
        Code::EndUserBudgetReached => Some(("gateway_end_user_budget", "weight_exceeds_budget")),
        _ => None,
    };
    if let Some((limit, reason)) = refused_for {
        told("limit_source", json!(limit));
        told("reason", json!(reason));
    }
    let message = affordable(error).unwrap_or_else(|| error.message.to_string());
    json!({ "code": error.http_status().as_u16(), "message": message, "metadata": metadata })
}

/// The sentence from which OpenRouter's clients cut how many tokens to ask for instead.
fn affordable(error: &Error) -> Option<String> {
    let tokens = |name: &str| error.details.get(name).and_then(Value::as_u64);
    let (requested, affordable) = (tokens("requested_max_tokens")?, tokens("affordable_max_tokens")?);
    Some(format!(
        "This request requires more credits, or fewer max_tokens. You requested up to {requested} tokens, but can only afford \
         {affordable}."
    ))
}

/// OpenRouter's name of a kind of error.
fn kind(error: &Error) -> &'static str {
    match error.code {
        Code::ContextLengthExceeded => "context_length_exceeded",
        Code::UpstreamTimeout | Code::DeadlineExceeded => "timeout",
        Code::UpstreamUnavailable => "provider_overloaded",
        Code::UpstreamError | Code::NoProvider => "provider_unavailable",
        _ => match error.http_status().as_u16() {
            400 | 405 => "invalid_request",
            401 => "authentication",
            402 => "payment_required",
            403 => "permission_denied",
            404 => "not_found",
            409 | 412 => "precondition_failed",
            413 => "payload_too_large",
            415 | 422 => "unprocessable",
            429 => "rate_limit_exceeded",
            500.. => "server",
            _ => "unmapped",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openrouters_errors_have_their_status_as_code_and_all_else_beside() {
        let error = Error::new(Code::InsufficientCredits).with_detail("available", 1.5).with_param("model");
        assert_eq!(Dialect::OpenAi.error(&error), error.to_object());
        let told = Dialect::OpenRouter.error(&error);
        assert_eq!((&told["code"], &told["message"]), (&json!(402), &json!(error.message)));
        assert_eq!(
            told["metadata"],
            json!({ "error_type": "payment_required", "error_code": "insufficient_credits", "param": "model",
                    "available": 1.5, "limit_source": "openrouter_credits", "reason": "weight_exceeds_budget" })
        );
    }

    #[test]
    fn who_asks_for_too_much_is_told_how_much_there_is_credit_for() {
        let error = Error::new(Code::InsufficientCredits)
            .with_detail("requested_max_tokens", 65_536)
            .with_detail("affordable_max_tokens", 30_104);
        let message = Dialect::OpenRouter.error(&error)["message"].to_string();
        assert!(message.contains("up to 65536 tokens, but can only afford 30104."), "{message}");
    }

    #[test]
    fn every_error_has_a_kind_that_openrouters_clients_know() {
        for code in Code::ALL {
            let told = Dialect::OpenRouter.error(&Error::new(*code));
            assert!(told["code"].is_u64() && told["metadata"]["error_type"] != "unmapped", "{code:?}: {told}");
        }
    }
}
