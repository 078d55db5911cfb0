//! What a provider's failure means: for the caller, for the next candidate and for the provider's breaker.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use jiff::fmt::rfc2822;
use jiff::{Timestamp, Unit};

use super::Credential;
use super::words::Words;
use crate::error::{Code, Error};

/// An attempt that gave no answer.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What the caller is told if nobody else can answer.
    pub error: Error,
    /// Whether another provider may do better.
    pub fall_back: bool,
    /// Whether it would have befallen anyone: then it counts against the route, and else neither for nor against it.
    pub providers_fault: bool,
    /// The provider's own sentence, cleaned, for the log.
    pub said: Option<String>,
}

/// A refusal as it came.
pub struct Refusal<'a> {
    /// Who refuses.
    pub provider: &'a str,
    /// Whose account was used.
    pub credential: &'a Credential,
    /// Its status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its body, or the event of a stream that has the error.
    pub body: &'a [u8],
    /// What nobody may see: keys and addresses of ours.
    pub hidden: Vec<&'a str>,
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
        Self { error: Error::new(Code::DeadlineExceeded), fall_back: false, providers_fault: false, said: None }
    }

    /// A success that is not what it should be: not JSON, no choices.
    #[must_use]
    pub fn garbled(provider: &str) -> Self {
        Self::new(Error::new(Code::UpstreamError), provider, false)
    }

    /// An error status, or an error object where an answer should be.
    #[must_use]
    pub fn refused(refusal: &Refusal<'_>) -> Self {
        let words = Words::read(refusal.body, &refusal.hidden);
        let said = words.message.clone();
        Self { said, ..Self::sorted(refusal, &words) }
    }

    fn sorted(refusal: &Refusal<'_>, words: &Words) -> Self {
        let Refusal { provider, credential, status, headers, .. } = *refusal;
        let ours = matches!(credential, Credential::Ours);
        let told = |code: Code, fall_back| Self::new(Error::new(code), provider, fall_back);
        let callers = |error: Error| Self { providers_fault: false, ..Self::new(error, provider, false) };
        match status.as_u16() {
            // What would pass with another content, or a shorter one.
            400 | 403 | 413 | 422 if words.are_about_content() => callers(rejected(status, words)),
            400 | 413 | 422 if words.are_about_context() => {
                let error = Error::new(Code::ContextLengthExceeded);
                callers(match &words.message {
                    Some(message) => error.with_message(message.clone()),
                    None => error,
                })
            }
            402 => Self::account(refusal, StatusCode::PAYMENT_REQUIRED),
            400 | 403 | 429 if words.are_about_credit() => Self::account(refusal, StatusCode::PAYMENT_REQUIRED),
            401 | 403 => Self::account(refusal, status),
            408 => told(Code::UpstreamTimeout, true),
            429 => {
                let mut error = Error::new(Code::UpstreamRateLimited);
                error.retry_after = Some(retry_after(headers).unwrap_or(Duration::from_secs(1)));
                Self::new(error, provider, true)
            }
            400 | 404 | 422 if words.are_about_an_unknown_model() => {
                // What a caller's own account there has not is no matter of the catalog.
                if ours {
                    tracing::error!(provider, "a provider does not know a model of the catalog");
                }
                Self::new(rejected(StatusCode::NOT_FOUND, words), provider, true)
            }
            // Nothing there serves the model as it is asked for; elsewhere something may.
            404 => Self { fall_back: true, ..callers(rejected(status, words)) },
            // What the gateway asked for and how, which no caller chooses, or the provider's own trouble by an unusual name:
            // 424 and 498 (Groq) are dependencies and capacity, 499 is a request that it has given up itself.
            405..=407 | 409..=411 | 414 | 421 | 424..=426 | 431 | 498 | 499 => told(Code::UpstreamError, true),
            400..=499 => callers(rejected(status, words)),
            // Overloaded, by its standard name or by Anthropic's, and it says until when.
            503 | 529 if retry_after(headers).is_some() => {
                let mut error = Error::new(Code::UpstreamUnavailable);
                error.retry_after = retry_after(headers);
                Self::new(error, provider, true)
            }
            // The provider's trouble, or no status of a failure at all: a redirect, say.
            _ => told(Code::UpstreamError, true),
        }
    }

    /// An account there is refused or has no credit. The caller's own is theirs to mend, and nobody else is asked in its
    /// place; of ours the caller need not know.
    fn account(refusal: &Refusal<'_>, status: StatusCode) -> Self {
        let provider = refusal.provider;
        if matches!(refusal.credential, Credential::Own(_)) {
            let error = Error::new(Code::ProviderKeyRejected).with_status(status);
            return Self { providers_fault: false, ..Self::new(error, provider, false) };
        }
        tracing::error!(provider, status = refusal.status.as_u16(), "a provider refuses our account");
        Self::new(Error::new(Code::UpstreamError), provider, true)
    }

    fn new(error: Error, provider: &str, fall_back: bool) -> Self {
        Self { error: error.with_detail("provider", provider), fall_back, providers_fault: true, said: None }
    }
}

/// A 4xx that the request itself has earned, in the provider's own words.
fn rejected(status: StatusCode, words: &Words) -> Error {
    let mut error = Error::new(Code::UpstreamRejected).with_status(status);
    if let Some(message) = &words.message {
        error = error.with_message(message.clone());
    }
    if let Some(param) = &words.param {
        error = error.with_param(param.clone());
    }
    if let Some(code) = &words.code {
        error = error.with_detail("provider_code", code.as_str());
    }
    error
}

/// When to come back: `retry-after-ms`, else `retry-after` in seconds or as an HTTP date (RFC 9110, 10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    let number = |text: &str| text.trim().parse::<f64>().ok();
    let until = |date: &str| (rfc2822::parse(date).ok()?.timestamp() - Timestamp::now()).total(Unit::Second).ok();
    let ms = text("retry-after-ms").and_then(number).map(|ms| ms / 1000.0);
    let seconds = ms.or_else(|| text("retry-after").and_then(|after| number(after).or_else(|| until(after))))?;
    Duration::try_from_secs_f64(seconds.clamp(0.0, 3600.0)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, body: &str) -> Failure {
        refused_with(&Credential::Ours, status, &[], body)
    }

    fn refused_with(credential: &Credential, status: u16, headers: &[(&'static str, &str)], body: &str) -> Failure {
        let status = StatusCode::from_u16(status).expect("a status");
        let headers = headers.iter().map(|(name, value)| {
            (http::HeaderName::from_static(name), http::HeaderValue::from_str(value).expect("a value"))
        });
        Failure::refused(&Refusal {
            provider: "chutes",
            credential,
            status,
            headers: &headers.collect(),
            body: body.as_bytes(),
            hidden: vec!["upstream-secret"],
        })
    }

    #[test]
    fn a_refused_key_of_the_callers_own_is_told_to_the_caller_and_nobody_else_is_asked() {
        let own = Credential::Own("k".to_owned());
        for (status, told, body) in [
            (401, 401, ""),
            (402, 402, ""),
            (403, 403, ""),
            (429, 402, r#"{"error":{"type":"insufficient_quota"}}"#),
            (400, 402, r#"{"error":{"message":"Your credit balance is too low to access the API."}}"#),
        ] {
            let failure = refused_with(&own, status, &[], body);
            assert_eq!((failure.error.code, failure.error.http_status().as_u16()), (Code::ProviderKeyRejected, told));
            assert!(!failure.fall_back && !failure.providers_fault);
        }
        assert!(refused_with(&own, 500, &[], "").fall_back);
    }

    #[test]
    fn what_another_provider_may_do_better_falls_back() {
        for status in [301, 308, 401, 402, 403, 404, 408, 409, 424, 429, 498, 499, 500, 502, 503, 520, 529, 599] {
            assert!(refused(status, "").fall_back, "{status}");
        }
        for status in [400, 413, 422, 451] {
            assert!(!refused(status, "").fall_back, "{status}");
        }
        for status in 100..=999 {
            let failure = refused(status, "");
            let told = failure.error.http_status().as_u16();
            assert!((400..=599).contains(&told), "{status} is told as {told}");
            assert_eq!(failure.fall_back, failure.providers_fault || status == 404, "{status}");
        }
    }

    #[test]
    fn what_the_caller_has_caused_is_theirs_in_the_providers_words_and_counts_against_nobody() {
        let flagged =
            r#"{"error":{"message":"Your input was flagged","code":403,"metadata":{"reasons":["violence"]}}}"#;
        for (status, body, message) in [
            (403, flagged, "Your input was flagged"),
            (400, r#"{"error":{"message":"too hot (key upstream-secret)","param":"temperature"}}"#, "too hot (key […]"),
            (413, r#"{"message":"too large"}"#, "too large"),
            (422, r#"{"detail":[{"loc":["body","n"],"msg":"too many"}]}"#, "too many"),
            (
                404,
                r#"{"error":{"message":"No endpoints found that support tool use"}}"#,
                "No endpoints found that support tool use",
            ),
            (400, "<html>", "The provider refused the request."),
        ] {
            let failure = refused(status, body);
            let error = &failure.error;
            assert_eq!((error.http_status().as_u16(), error.message.as_ref()), (status, message), "{body}");
            assert_eq!((error.code, error.details["provider"].as_str()), (Code::UpstreamRejected, Some("chutes")));
            assert_eq!((failure.fall_back, failure.providers_fault), (status == 404, false), "{body}");
        }
        assert_eq!(refused(422, r#"{"detail":[{"loc":["body","n"],"msg":"x"}]}"#).error.param.as_deref(), Some("n"));
    }

    #[test]
    fn what_would_befall_anyone_counts_and_our_account_is_not_spoken_of() {
        let unknown = r#"{"error":{"message":"The model `m` does not exist","code":"model_not_found"}}"#;
        for status in [400, 404] {
            let failure = refused(status, unknown);
            assert!(failure.fall_back && failure.providers_fault);
            assert_eq!(failure.error.http_status(), 404);
        }
        let poor =
            r#"{"error":{"message":"This request requires more credits. You can only afford 3 tokens.","code":402}}"#;
        for status in [400, 402, 403, 429] {
            let failure = refused(status, poor);
            assert!(failure.fall_back && failure.providers_fault, "{status}");
            assert_eq!(failure.error.code, Code::UpstreamError, "{status}");
            let told = failure.error.to_object().to_string();
            assert!(!told.contains("credit") && !told.contains("afford"), "{told}");
            assert!(failure.said.is_some_and(|said| said.contains("afford")), "the log has it");
        }
    }

    #[test]
    fn a_prompt_that_is_too_long_has_one_code() {
        let long = r#"{"error":{"message":"prompt is too long: 210000 tokens > 200000 maximum"}}"#;
        for status in [400, 413, 422] {
            let failure = refused(status, long);
            assert_eq!(failure.error.code, Code::ContextLengthExceeded, "{status}");
            assert_eq!(failure.error.message, "prompt is too long: 210000 tokens > 200000 maximum");
            assert!(!failure.fall_back && !failure.providers_fault);
        }
        assert_eq!(refused(429, r#"{"error":{"message":"prompt is too long"}}"#).error.code, Code::UpstreamRateLimited);
    }

    #[test]
    fn an_overload_that_says_until_when_is_told_so() {
        let told = |status, headers: &[(&'static str, &str)]| {
            let error = refused_with(&Credential::Ours, status, headers, "").error;
            (error.http_status().as_u16(), error.retry_after)
        };
        for status in [503, 529] {
            assert_eq!(told(status, &[("retry-after", "7")]), (503, Some(Duration::from_secs(7))));
            assert_eq!(told(status, &[]), (502, None));
        }
        assert_eq!(told(429, &[("retry-after-ms", "1500")]), (429, Some(Duration::from_millis(1500))));
        assert_eq!(told(503, &[("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")]), (503, Some(Duration::ZERO)));
        assert_eq!(told(503, &[("retry-after", "soon")]), (502, None));
    }
}
