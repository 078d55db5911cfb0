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
    /// What it counts against.
    pub against: Against,
    /// The provider's own sentence, cleaned, for the log.
    pub said: Option<String>,
}

/// What a failure counts against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// Nothing: it would not have befallen anyone else.
    Nothing,
    /// The provider as it serves this model.
    Route,
    /// The provider at every model: our account there is refused.
    Account,
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
        Self { error: Error::new(Code::DeadlineExceeded), fall_back: false, against: Against::Nothing, said: None }
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
        let callers = |error: Error| Self { against: Against::Nothing, ..Self::new(error, provider, false) };
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
            402 => Self::out_of_credit(refusal, words),
            400 | 403 | 412 | 429 if words.are_about_credit() => Self::out_of_credit(refusal, words),
            401 | 403 => Self::refused_account(refusal, status),
            400 if words.are_about_the_key() => Self::refused_account(refusal, StatusCode::UNAUTHORIZED),
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

    /// An account there has no credit. Where ours is only too poor for this very call, a smaller one may still pass, so no
    /// caller can shut the provider for the others by asking for much.
    fn out_of_credit(refusal: &Refusal<'_>, words: &Words) -> Self {
        let Refusal { provider, status, .. } = *refusal;
        if matches!(refusal.credential, Credential::Own(_)) {
            let told = "Your own account at the provider has no credit left. Add some there, or delete your key here to \
                        use the gateway's account.";
            return Self::own_account(provider, StatusCode::PAYMENT_REQUIRED, Some(told));
        }
        tracing::error!(provider, status = status.as_u16(), "our account at a provider is out of credit");
        let against = if words.are_about_this_calls_price() { Against::Route } else { Against::Account };
        Self::our_account(provider, against)
    }

    /// An account there is refused: its key is not known, or may not do this. What is forbidden at one model may be
    /// allowed at others.
    fn refused_account(refusal: &Refusal<'_>, status: StatusCode) -> Self {
        let provider = refusal.provider;
        if matches!(refusal.credential, Credential::Own(_)) {
            return Self::own_account(provider, status, None);
        }
        tracing::error!(provider, status = status.as_u16(), "a provider refuses our account");
        let against = if status == StatusCode::UNAUTHORIZED { Against::Account } else { Against::Route };
        Self::our_account(provider, against)
    }

    /// The caller's own account is theirs to mend, and nobody else is asked in its place.
    fn own_account(provider: &str, status: StatusCode, message: Option<&'static str>) -> Self {
        let mut error = Error::new(Code::ProviderKeyRejected).with_status(status);
        if let Some(message) = message {
            error = error.with_message(message);
        }
        Self { against: Against::Nothing, ..Self::new(error, provider, false) }
    }

    /// Of our account the caller need not know more than that this provider cannot serve them.
    fn our_account(provider: &str, against: Against) -> Self {
        let told = "The provider cannot serve this right now. Choose another model, or retry later.";
        let error = Error::new(Code::UpstreamUnavailable).with_message(told);
        Self { against, ..Self::new(error, provider, true) }
    }

    fn new(error: Error, provider: &str, fall_back: bool) -> Self {
        Self { error: error.with_detail("provider", provider), fall_back, against: Against::Route, said: None }
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
            assert!(!failure.fall_back && failure.against == Against::Nothing);
            let says_so = failure.error.message.contains("no credit left");
            assert_eq!(says_so, told == 402, "{body}");
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
            assert_eq!(failure.fall_back, failure.against != Against::Nothing || status == 404, "{status}");
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
            assert_eq!((failure.fall_back, failure.against), (status == 404, Against::Nothing), "{body}");
        }
        assert_eq!(refused(422, r#"{"detail":[{"loc":["body","n"],"msg":"x"}]}"#).error.param.as_deref(), Some("n"));
    }

    #[test]
    fn what_would_befall_anyone_counts_and_our_account_is_not_spoken_of() {
        let unknown = r#"{"error":{"message":"The model `m` does not exist","code":"model_not_found"}}"#;
        for status in [400, 404] {
            let failure = refused(status, unknown);
            assert!(failure.fall_back && failure.against == Against::Route);
            assert_eq!(failure.error.http_status(), 404);
        }
        let poor =
            r#"{"error":{"message":"This request requires more credits. You can only afford 3 tokens.","code":402}}"#;
        for status in [400, 402, 403, 429] {
            let failure = refused(status, poor);
            // A dear call may not shut the provider for the cheap ones of others.
            assert_eq!((failure.fall_back, failure.against), (true, Against::Route), "{status}");
            assert_eq!(failure.error.http_status(), 503, "{status}");
            let told = failure.error.to_object().to_string();
            assert!(!told.contains("credit") && !told.contains("afford"), "{told}");
            assert!(failure.said.is_some_and(|said| said.contains("afford")), "the log has it");
        }
    }

    #[test]
    fn an_account_of_ours_that_is_empty_or_unknown_counts_against_the_provider_at_every_model() {
        for (status, body) in [
            (401, ""),
            (402, ""),
            (
                402,
                r#"{"error":{"message":"Insufficient credits. Add more using https://x.example/credits","code":402}}"#,
            ),
            (
                429,
                r#"{"error":{"message":"You exceeded your current quota, please check your plan and billing details.","type":"insufficient_quota","code":"insufficient_quota"}}"#,
            ),
            (
                400,
                r#"{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing."}}"#,
            ),
            (
                400,
                r#"{"type":"error","error":{"type":"invalid_request_error","message":"You have reached your specified API usage limits. You will regain access on 2027-01-01."}}"#,
            ),
            (403, r#"{"error":{"message":"Key limit exceeded (total limit). Manage it.","code":403}}"#),
            (412, r#"{"error":{"message":"Account suspended: monthly spending limit reached"}}"#),
        ] {
            let failure = refused(status, body);
            assert_eq!((failure.fall_back, failure.against), (true, Against::Account), "{status} {body}");
            assert_eq!((failure.error.code, failure.error.http_status().as_u16()), (Code::UpstreamUnavailable, 503));
            let told = failure.error.to_object().to_string().to_lowercase();
            assert!(["credit", "quota", "account", "limit"].iter().all(|word| !told.contains(word)), "{told}");
        }
        assert_eq!(refused(403, "").against, Against::Route, "a model may be forbidden by itself");
        // What is refused to whom an aggregator asked is not refused to us.
        let behind = r#"{"error":{"message":"Provider returned error","code":429,"metadata":{"raw":"{\"error\":{\"message\":\"You exceeded your current quota\",\"code\":429}}"}}}"#;
        let failure = refused(429, behind);
        assert_eq!((failure.error.code, failure.against), (Code::UpstreamRateLimited, Against::Route));
    }

    #[test]
    fn a_prompt_that_is_too_long_has_one_code() {
        let long = r#"{"error":{"message":"prompt is too long: 210000 tokens > 200000 maximum"}}"#;
        for status in [400, 413, 422] {
            let failure = refused(status, long);
            assert_eq!(failure.error.code, Code::ContextLengthExceeded, "{status}");
            assert_eq!(failure.error.message, "prompt is too long: 210000 tokens > 200000 maximum");
            assert!(!failure.fall_back && failure.against == Against::Nothing);
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
