//! What an inference answer says about the limits, in OpenAI's header names.

use std::time::Duration;

use http::{HeaderMap, HeaderValue};

use crate::answer_headers;

/// What is left of a window: a minute's, or the one that has refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowStatus {
    /// How many it admits.
    pub limit: u64,
    /// How many it still admits.
    pub remaining: u64,
    /// When it is whole again; of a window that has refused, when a retry can succeed.
    pub reset_ms: u64,
}

/// The rate-limit status of a caller: the tighter of key and account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateLimitStatus {
    /// Of requests, and of tokens where they are counted.
    windows: Option<(WindowStatus, Option<WindowStatus>)>,
}

impl RateLimitStatus {
    /// The figures that Redis counted: requests, tokens.
    pub(super) const fn counted(requests: WindowStatus, tokens: WindowStatus) -> Self {
        Self { windows: Some((requests, Some(tokens))) }
    }

    /// The same of what uses no tokens.
    pub(super) fn without_tokens(self) -> Self {
        Self { windows: self.windows.map(|(requests, _)| (requests, None)) }
    }

    /// Redis is away, so no figure is known: the answer carries `x-ratelimit-degraded`.
    pub(super) const fn degraded() -> Self {
        Self { windows: None }
    }

    /// Writes when a closed window of requests opens, of a refusal that was given a while ago.
    pub(super) fn write_reset(headers: &mut HeaderMap, wait: Duration) {
        let ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        if let Ok(value) = HeaderValue::from_str(&duration(ms)) {
            headers.insert(answer_headers::RESET_REQUESTS, value);
        }
    }

    /// Writes the headers.
    pub fn write(&self, headers: &mut HeaderMap) {
        let Some((requests, tokens)) = &self.windows else {
            headers.insert(answer_headers::DEGRADED, HeaderValue::from_static("true"));
            return;
        };
        let of_requests =
            [answer_headers::LIMIT_REQUESTS, answer_headers::REMAINING_REQUESTS, answer_headers::RESET_REQUESTS];
        let of_tokens = [answer_headers::LIMIT_TOKENS, answer_headers::REMAINING_TOKENS, answer_headers::RESET_TOKENS];
        for (names, window) in std::iter::once((of_requests, requests)).chain(tokens.as_ref().map(|it| (of_tokens, it)))
        {
            let [limit, remaining, reset] = names;
            headers.insert(limit, window.limit.into());
            headers.insert(remaining, window.remaining.into());
            if let Ok(value) = HeaderValue::from_str(&duration(window.reset_ms)) {
                headers.insert(reset, value);
            }
        }
    }
}

/// A duration as OpenAI writes it: `820ms`, `59s`, `6m0s`, `23h0m5s`. Rounded up as `retry-after` is, so that both say
/// the same.
fn duration(ms: u64) -> String {
    let seconds = ms.div_ceil(1000);
    match seconds {
        0..60 if ms < 1000 => format!("{ms}ms"),
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m{}s", seconds / 60, seconds % 60),
        _ => format!("{}h{}m{}s", seconds / 3600, seconds % 3600 / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_read_as_openais() {
        assert_eq!([duration(820), duration(59_000), duration(360_000)], ["820ms", "59s", "6m0s"]);
        assert_eq!([duration(59_001), duration(83_400), duration(82_805_000)], ["1m0s", "1m24s", "23h0m5s"]);
        assert_eq!([duration(0), duration(999), duration(1000), duration(1001)], ["0ms", "999ms", "1s", "2s"]);
        assert_eq!([duration(3_599_000), duration(3_600_000), duration(86_400_000)], ["59m59s", "1h0m0s", "24h0m0s"]);
    }
}
