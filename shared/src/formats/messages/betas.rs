//! Which of Anthropic's betas a request may use (`anthropic-beta`): those that change no price. Any other is left out,
//! as a provider that does not know it would.

use http::{HeaderMap, HeaderName, HeaderValue};

/// The header that names them, separated by commas.
pub const HEADER: HeaderName = HeaderName::from_static("anthropic-beta");

/// What their names begin with; a date follows. Not among them: a cache of an hour and a context of a million tokens,
/// which cost more; fast answers; tools that the provider runs; files and containers, which would be shared by everybody
/// who uses the gateway's account.
const PASSED_ON: [&str; 16] = [
    "advanced-tool-use-",
    "bash-",
    "claude-code-",
    "computer-use-",
    "context-management-",
    "effort-",
    "fine-grained-tool-streaming-",
    "interleaved-thinking-",
    "output-128k-",
    "pdfs-",
    "prompt-caching-",
    "structured-outputs-",
    "text-editor-",
    "token-counting-",
    "token-efficient-tools-",
    "tool-examples-",
];

/// The header as it goes on, if any of them do.
#[must_use]
pub fn passed_on(headers: &HeaderMap) -> Option<HeaderValue> {
    let texts = headers.get_all(HEADER).iter().filter_map(|value| value.to_str().ok());
    let names = texts.flat_map(|text| text.split(',')).map(str::trim);
    let passed: Vec<&str> = names.filter(|name| PASSED_ON.iter().any(|known| name.starts_with(known))).collect();
    if passed.is_empty() { None } else { HeaderValue::from_str(&passed.join(",")).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_a_price_stays_here() {
        let mut headers = HeaderMap::new();
        assert_eq!(passed_on(&headers), None);
        headers.append(HEADER, HeaderValue::from_static("claude-code-20250219, extended-cache-ttl-2025-04-11"));
        headers.append(HEADER, HeaderValue::from_static("context-1m-2025-08-07,interleaved-thinking-2025-05-14"));
        let passed = passed_on(&headers).expect("two of them");
        assert_eq!(passed, "claude-code-20250219,interleaved-thinking-2025-05-14");
    }
}
