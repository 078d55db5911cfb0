//! The error of a call that is not admitted.

use std::time::Duration;

use super::script::Answer;
use super::windows::Limit;
use crate::error::{Code, Error};

/// The refusal of a verdict, with the time to wait and the limit that is exhausted.
pub(super) fn refusal(answer: &Answer) -> Error {
    let wait = Duration::from_millis(answer.retry_ms);
    let window = Limit::named(&answer.verdict).and_then(Limit::window);
    let code = if window.is_some() { Code::RateLimitExceeded } else { Code::ConcurrencyExceeded };
    let error = Error::new(code).with_retry_after(wait).with_detail("limit", answer.verdict.as_str());
    let Some(window) = window else { return error };
    // Agents look for "too many tokens" to find out that a prompt is longer than its model's context.
    let error =
        error.with_message(format!("The rate limit of {} is reached. Wait as retry-after says.", window.wording));
    if window.outlasts_retries() { error.with_should_retry(false) } else { error }
}
