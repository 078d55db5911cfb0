//! Events, failures and names as they are written (openai-python `types/responses/response_error.py`).

use serde_json::{Value, json};

use crate::error::{Code, Error};

/// The event that tells a waiting client that its stream is alive: the SDKs pass over a type that they do not know, and
/// agents that measure silence count no comment. It comes behind `response.created` only, since the SDKs take no other
/// event for the first one.
pub const KEEP_ALIVE: &[u8] = b"event: keepalive\ndata: {\"type\":\"keepalive\"}\n\n";

/// The event in which a response ends that is so.
#[must_use]
pub fn last_event(status: &str) -> &'static str {
    if status == "incomplete" { "response.incomplete" } else { "response.completed" }
}

/// `error` of a response that has failed. Its `code` is one of OpenAI's, by which clients choose what to do next; ours
/// stands in `gateway_code`.
#[must_use]
pub fn failure(error: &Error) -> Value {
    let mut object = error.to_object();
    object["gateway_code"] = object["code"].take();
    object["code"] = json!(code(error));
    object
}

/// OpenAI's code for a failure, as its clients know it.
fn code(error: &Error) -> &'static str {
    match (error.code, error.http_status().as_u16()) {
        (Code::ContextLengthExceeded, _) => "context_length_exceeded",
        (_, 402) => "insufficient_quota",
        (_, 429) => "rate_limit_exceeded",
        (_, 400..=499) => "invalid_prompt",
        _ => "server_error",
    }
}

/// The status that stands for the `code` of a failed response or of an `error` event.
#[must_use]
pub fn status_of(code: &str) -> Option<u16> {
    Some(match code {
        "server_error" | "vector_store_timeout" => 500,
        "rate_limit_exceeded" => 429,
        "insufficient_quota" => 402,
        "server_is_overloaded" | "slow_down" => 503,
        "context_length_exceeded" | "invalid_prompt" | "bio_policy" | "cyber_policy" => 400,
        code if code.contains("image") => 400,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_has_a_code_that_clients_know_and_ours_beside_it() {
        for (ours, theirs) in [
            (Code::UpstreamError, "server_error"),
            (Code::DeadlineExceeded, "server_error"),
            (Code::UpstreamRateLimited, "rate_limit_exceeded"),
            (Code::ContextLengthExceeded, "context_length_exceeded"),
            (Code::InsufficientCredits, "insufficient_quota"),
            (Code::UpstreamRejected, "invalid_prompt"),
        ] {
            let told = failure(&Error::new(ours).with_detail("provider", "openrouter"));
            assert_eq!((&told["code"], &told["gateway_code"]), (&json!(theirs), &json!(ours.as_str())));
            assert_eq!(told["provider"], "openrouter");
            assert!(status_of(theirs).is_some());
        }
    }
}
