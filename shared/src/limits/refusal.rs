//! The error of a call that is not admitted.

use std::time::Duration;

use super::text::{limit, plan_of};
use super::verdict::Answer;
use super::windows::{Limit, Window};
use crate::error::{Code, Error};

/// The plan of an account that has neither a trial nor a subscription nor credit that was bought.
const FREE: &str = "free";

/// The refusal of a verdict, with the time to wait and the limit that is exhausted.
pub(super) fn refusal(answer: &Answer) -> Error {
    let wait = Duration::from_millis(answer.retry_ms);
    let window = Limit::named(&answer.verdict).and_then(Limit::window);
    let code = if window.is_some() { Code::RateLimitExceeded } else { Code::ConcurrencyExceeded };
    let error = Error::new(code).with_retry_after(wait).with_detail("limit", answer.verdict.as_str());
    let Some(window) = window else { return error };
    let error = error.with_message(message(answer, window));
    if window.outlasts_retries() { error.with_should_retry(false) } else { error }
}

/// Which limit it is and whose, and what can be done besides waiting. Agents look for "too many tokens" to find out that a
/// prompt is longer than its model's context.
fn message(answer: &Answer, window: &Window) -> String {
    let what = window.wording;
    let Some((of_key, of_account)) = limit(&answer.limits, &answer.verdict) else {
        return format!("The rate limit of {what} is reached. Wait as retry-after says.");
    };
    let plan = plan_of(&answer.limits);
    if of_key < of_account {
        return format!(
            "The rate limit of {what} is reached: this key has {of_key}, its account (plan `{plan}`) has {of_account}. Wait as \
             retry-after says, or use a key of the live environment without a lower limit of its own."
        );
    }
    let instead = if plan == FREE {
        "Credit that is bought raises it, and so does a larger plan."
    } else {
        "A larger plan raises it."
    };
    format!(
        "The rate limit of {what} is reached: the account has {of_account} (plan `{plan}`). Wait as retry-after says. {instead}"
    )
}
