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
    /// The status that it came with, if any.
    pub status: Option<u16>,
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
        Self {
            error: Error::new(Code::DeadlineExceeded),
            fall_back: false,
            against: Against::Nothing,
            said: None,
            status: None,
        }
    }

    /// A success that is not what it should be: not JSON, no choices.
    #[must_use]
    pub fn garbled(provider: &str) -> Self {
        Self::new(Error::new(Code::UpstreamError), provider, false)
    }

    /// Whether another of our keys at the provider may do better: this one is refused, or asked too often.
    #[must_use]
    pub fn is_about_our_key(&self) -> bool {
        self.against == Against::Account
            || (self.against == Against::Route && self.error.code == Code::UpstreamRateLimited)
    }

    /// An error status, or an error object where an answer should be.
    #[must_use]
    pub fn refused(refusal: &Refusal<'_>) -> Self {
        let words = Words::read(refusal.body, &refusal.hidden);
        let said = words.message.clone();
        Self { said, status: Some(refusal.status.as_u16()), ..Self::sorted(refusal, &words) }
    }

    fn sorted(refusal: &Refusal<'_>, words: &Words) -> Self {
        let Refusal { provider, credential, status, headers, .. } = *refusal;
        let ours = matches!(credential, Credential::Ours(_));
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

    /// The caller's own account is theirs to mend. Another of their keys may do, or ours where they have agreed to it: the call's
    /// candidates say so.
    fn own_account(provider: &str, status: StatusCode, message: Option<&'static str>) -> Self {
        let mut error = Error::new(Code::ProviderKeyRejected).with_status(status);
        if let Some(message) = message {
            error = error.with_message(message);
        }
        Self { against: Against::Nothing, ..Self::new(error, provider, true) }
    }

    /// Of our account the caller need not know more than that this provider cannot serve them.
    fn our_account(provider: &str, against: Against) -> Self {
        let told = "The provider cannot serve this right now. Choose another model, or retry later.";
        let error = Error::new(Code::UpstreamUnavailable).with_message(told);
        Self { against, ..Self::new(error, provider, true) }
    }

    fn new(error: Error, provider: &str, fall_back: bool) -> Self {
        Self {
            error: error.with_detail("provider", provider),
            fall_back,
            against: Against::Route,
            said: None,
            status: None,
        }
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
mod tests;
