//! What a provider's failure means: for the caller, for the next candidate and for the provider's breaker.

use std::time::Duration;

use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;

use super::Credential;
use crate::error::{Code, Error};

/// An attempt that gave no answer.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What the caller is told if nobody else can answer.
    pub error: Error,
    /// Whether another provider may do better.
    pub fall_back: bool,
    /// Whether it speaks against the provider, and not against the request.
    pub providers_fault: bool,
}

impl Failure {
    /// No connection, or one that ended before anything came.
    #[must_use]
    pub fn unreachable(provider: &str, fall_back: bool) -> Self {
        Self::new(Error::new(Code::UpstreamError), provider, fall_back)
    }

    /// Nothing came within the time for a first byte.
    #[must_use]
    pub fn silent(provider: &str) -> Self {
        Self::new(Error::new(Code::UpstreamTimeout), provider, true)
    }

    /// The call's time was up: nobody's fault, and nobody else has more of it.
    #[must_use]
    pub fn deadline() -> Self {
        Self { error: Error::new(Code::DeadlineExceeded), fall_back: false, providers_fault: false }
    }

    /// A success that is not what it should be: not JSON, no choices.
    #[must_use]
    pub fn garbled(provider: &str) -> Self {
        Self::new(Error::new(Code::UpstreamError), provider, false)
    }

    /// An error status, or an error object where an answer should be.
    #[must_use]
    pub fn refused(
        provider: &str,
        credential: &Credential,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Self {
        let code = status.as_u16();
        match code {
            // The caller's own key: theirs to mend, and nobody else is asked in its place.
            401..=403 if matches!(credential, Credential::Own(_)) => {
                Self::new(Error::new(Code::ProviderKeyRejected).with_status(status), provider, false)
            }
            // Our account's trouble there; the caller cannot mend it.
            401..=403 => {
                tracing::error!(provider, status = code, "a provider refuses our account");
                Self::new(Error::new(Code::UpstreamError), provider, true)
            }
            408 => Self::new(Error::new(Code::UpstreamTimeout), provider, true),
            409 => Self::new(Error::new(Code::UpstreamError), provider, true),
            429 => {
                let mut error = Error::new(Code::UpstreamRateLimited);
                error.retry_after = Some(retry_after(headers).unwrap_or(Duration::from_secs(1)));
                Self::new(error, provider, true)
            }
            404 => {
                // What a caller's own account there has not is no matter of the catalog.
                if matches!(credential, Credential::Ours) {
                    tracing::error!(provider, "a provider does not know a model of the catalog");
                }
                Self::new(Error::new(Code::UpstreamError), provider, false)
            }
            // What the gateway asked for and how: no caller chooses that.
            405..=407 | 410 | 411 | 414 | 421 | 425 | 426 | 431 => {
                Self::new(Error::new(Code::UpstreamError), provider, true)
            }
            400..=499 => Self { providers_fault: false, ..Self::new(callers_fault(status, body), provider, false) },
            // The provider's trouble, or no status of a failure at all: a redirect, say.
            _ => Self::new(Error::new(Code::UpstreamError), provider, true),
        }
    }

    fn new(error: Error, provider: &str, fall_back: bool) -> Self {
        Self { error: error.with_detail("provider", provider), fall_back, providers_fault: true }
    }
}

/// A 4xx that the request itself has earned. Of the provider's own words only names of members and codes are passed
/// on, never text.
fn callers_fault(status: StatusCode, body: &[u8]) -> Error {
    #[derive(Default, Deserialize)]
    struct Body {
        #[serde(default)]
        error: Inner,
    }
    #[derive(Default, Deserialize)]
    struct Inner {
        param: Option<String>,
        code: Option<serde_json::Value>,
    }
    let inner = serde_json::from_slice::<Body>(body).unwrap_or_default().error;
    let name = |text: &str| {
        !text.is_empty() && text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-[]".contains(&b))
    };
    let code = inner.code.as_ref().and_then(|code| code.as_str()).filter(|code| name(code));
    if code == Some("context_length_exceeded") {
        return Error::new(Code::ContextLengthExceeded).with_param("messages");
    }
    let mut error = Error::new(Code::UpstreamRejected).with_status(status);
    if let Some(param) = inner.param.filter(|param| name(param)) {
        error = error.with_message(format!("The provider refused the request because of `{param}`.")).with_param(param);
    }
    if let Some(code) = code {
        error = error.with_detail("provider_code", code);
    }
    error
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds: f64 = headers.get(header::RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Duration::try_from_secs_f64(seconds.clamp(0.0, 3600.0)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, body: &str) -> Failure {
        refused_with(&Credential::Ours, status, body)
    }

    fn refused_with(credential: &Credential, status: u16, body: &str) -> Failure {
        let status = StatusCode::from_u16(status).expect("a status");
        Failure::refused("chutes", credential, status, &HeaderMap::new(), body.as_bytes())
    }

    #[test]
    fn a_refused_key_of_the_callers_own_is_told_to_the_caller_and_nobody_else_is_asked() {
        let own = Credential::Own("k".to_owned());
        for status in [401, 402, 403] {
            let failure = refused_with(&own, status, "");
            assert_eq!((failure.error.code, failure.error.http_status().as_u16()), (Code::ProviderKeyRejected, status));
            assert!(!failure.fall_back);
        }
        assert!(refused_with(&own, 500, "").fall_back);
    }

    #[test]
    fn only_the_providers_own_trouble_falls_back() {
        for status in [401, 402, 403, 408, 409, 429, 500, 502, 503, 529] {
            assert!(refused(status, "").fall_back, "{status}");
        }
        for status in [400, 404, 413, 422, 451] {
            assert!(!refused(status, "").fall_back, "{status}");
        }
        for status in 100..=999 {
            let failure = refused(status, "");
            let told = failure.error.http_status().as_u16();
            assert!((400..=599).contains(&told), "{status} is told as {told}");
            assert_eq!(failure.fall_back, failure.providers_fault && status != 404, "{status}");
        }
    }

    #[test]
    fn nothing_of_a_providers_text_reaches_the_caller() {
        let body = r#"{"error":{"message":"key sk-secret is bad","param":"temperature","code":"out of range!"}}"#;
        let error = refused(400, body).error;
        let told = error.to_object().to_string();
        assert!(!told.contains("sk-secret") && !told.contains("range"), "{told}");
        assert_eq!((error.param.as_deref(), error.details["provider"].as_str()), (Some("temperature"), Some("chutes")));
        assert_eq!(refused(401, body).error.http_status(), 502);
        assert_eq!(refused(422, "<html>").error.http_status(), 422);
        assert_eq!(
            refused(400, r#"{"error":{"code":"context_length_exceeded"}}"#).error.code,
            Code::ContextLengthExceeded
        );
    }
}
