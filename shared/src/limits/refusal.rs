//! What a caller is told whose call was not let in.

use std::time::Duration;

use super::script::Answer;
use crate::error::{Code, Error};

/// The refusal of a verdict, with the time to wait and the limit that is exhausted.
pub(super) fn refusal(answer: &Answer) -> Error {
    let wait = Duration::from_millis(answer.retry_ms);
    let named = |what: &str| format!("Too many {what}. Wait as retry-after says.");
    match answer.verdict.as_str() {
        "concurrency" => {
            Error::new(Code::ConcurrencyExceeded).with_retry_after(wait).with_detail("limit", "concurrency")
        }
        "rm" => Error::new(Code::RateLimitExceeded)
            .with_message(named("requests per minute"))
            .with_retry_after(wait)
            .with_detail("limit", "requests_per_minute"),
        "rb" => Error::new(Code::RateLimitExceeded)
            .with_message(named("requests within 10 seconds"))
            .with_retry_after(wait)
            .with_detail("limit", "burst"),
        "rh" => Error::new(Code::RateLimitExceeded)
            .with_message(named("requests per hour"))
            .with_retry_after(wait)
            .with_detail("limit", "requests_per_hour"),
        "tm" => Error::new(Code::RateLimitExceeded)
            .with_message(named("tokens per minute"))
            .with_retry_after(wait)
            .with_detail("limit", "tokens_per_minute"),
        // A day is too long for an SDK to wait in a retry.
        "td" => Error::new(Code::RateLimitExceeded)
            .with_message(named("tokens per day"))
            .with_retry_after(wait)
            .with_should_retry(false)
            .with_detail("limit", "tokens_per_day"),
        _ => Error::new(Code::RateLimitExceeded)
            .with_message(named("requests per day"))
            .with_retry_after(wait)
            .with_should_retry(false)
            .with_detail("limit", "requests_per_day"),
    }
}
