//! What an inference answer says about the limits, in OpenAI's header names.

use http::{HeaderMap, HeaderValue};

/// What is left of a minute's window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowStatus {
    /// How many it admits.
    pub limit: u64,
    /// How many it still admits.
    pub remaining: u64,
    /// When it starts anew.
    pub reset_ms: u64,
}

/// The rate-limit status of a caller: the tighter of key and account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateLimitStatus {
    windows: Option<(WindowStatus, WindowStatus)>,
}

impl RateLimitStatus {
    /// The figures that Redis counted: requests, tokens.
    pub(super) const fn counted(requests: WindowStatus, tokens: WindowStatus) -> Self {
        Self { windows: Some((requests, tokens)) }
    }

    /// Redis is away: nothing is known, and the caller is told so.
    pub(super) const fn degraded() -> Self {
        Self { windows: None }
    }

    /// Writes the headers.
    pub fn write(&self, headers: &mut HeaderMap) {
        let Some((requests, tokens)) = &self.windows else {
            headers.insert("x-ratelimit-degraded", HeaderValue::from_static("true"));
            return;
        };
        headers.insert("x-ratelimit-limit-requests", requests.limit.into());
        headers.insert("x-ratelimit-remaining-requests", requests.remaining.into());
        headers.insert("x-ratelimit-limit-tokens", tokens.limit.into());
        headers.insert("x-ratelimit-remaining-tokens", tokens.remaining.into());
        for (name, window) in [("x-ratelimit-reset-requests", requests), ("x-ratelimit-reset-tokens", tokens)] {
            if let Ok(value) = HeaderValue::from_str(&duration(window.reset_ms)) {
                headers.insert(name, value);
            }
        }
    }
}

/// A duration as OpenAI writes it: `820ms`, `59s`, `6m0s`.
fn duration(ms: u64) -> String {
    match ms {
        0..1000 => format!("{ms}ms"),
        1000..60_000 => format!("{}s", ms.div_ceil(1000)),
        _ => format!("{}m{}s", ms / 60_000, ms % 60_000 / 1000),
    }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_read_as_openais() {
        assert_eq!([duration(820), duration(59_000), duration(360_000)], ["820ms", "59s", "6m0s"]);
    }
}
