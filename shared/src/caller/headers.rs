//! What a caller shows of itself in a request's headers.

use http::{HeaderMap, HeaderValue, Uri, header};

use crate::api_key::{is_well_formed, without_keys};
use crate::error::Code;

/// What is kept of a user agent, in bytes.
const USER_AGENT_LENGTH: usize = 256;

pub(super) fn user_agent(headers: &HeaderMap) -> Option<String> {
    text(headers, header::USER_AGENT).map(|agent| cut(&without_keys(agent), USER_AGENT_LENGTH).to_owned())
}

/// The key from `Authorization`, else from `x-api-key`, as Anthropic's clients send it, else from `api-key`, as Azure's
/// do. A client that is made for one of them fills the others with `undefined`, `dummy` or another service's key, so the
/// first that can be a key counts.
pub(super) fn presented_key(headers: &HeaderMap) -> Result<&str, Code> {
    let named = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).map(str::trim);
    let shown = [authorization(headers), named("x-api-key"), named("api-key")];
    let mut shown = shown.into_iter().flatten().filter(|key| !key.is_empty()).peekable();
    shown.peek().ok_or(Code::MissingApiKey)?;
    shown.find(|key| is_well_formed(key)).ok_or(Code::InvalidApiKey)
}

/// The token of `Authorization: Bearer` or `Token`, or a key without any such word.
fn authorization(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?.trim();
    match value.split_once(' ') {
        Some((scheme, token)) => {
            ["bearer", "token"].iter().any(|known| scheme.eq_ignore_ascii_case(known)).then_some(token.trim())
        }
        None => is_well_formed(value).then_some(value),
    }
}

/// The token of `Authorization: Bearer`.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

pub(super) fn domain(headers: &HeaderMap) -> Option<String> {
    let host = |name| text(headers, name)?.parse::<Uri>().ok()?.host().map(str::to_ascii_lowercase);
    host(header::ORIGIN).or_else(|| host(header::REFERER))
}

/// A header's text, if it is one that Postgres can hold.
pub(crate) fn text(headers: &HeaderMap, name: impl header::AsHeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// The longest head of `text` that has at most `bytes` bytes.
fn cut(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| ((*name).parse().expect("name"), value.parse().expect("value"))).collect()
    }

    #[test]
    fn the_first_header_with_what_can_be_a_key_counts() {
        let (a, b) = (format!("gw_live_{}", "a".repeat(43)), format!("gw_live_{}", "b".repeat(43)));
        let bearer = |key: &str| format!("Bearer {key}");
        for (shown, key) in [
            (vec![("authorization", format!("bearer  {a} ")), ("x-api-key", b.clone())], Ok(&a)),
            (vec![("authorization", format!("Token {a}"))], Ok(&a)),
            (vec![("authorization", a.clone())], Ok(&a)),
            (vec![("authorization", "Basic dTpw".to_owned()), ("x-api-key", b.clone())], Ok(&b)),
            (vec![("api-key", b.clone())], Ok(&b)),
            (vec![("authorization", bearer("undefined")), ("x-api-key", b.clone())], Ok(&b)),
            (vec![("authorization", bearer("null")), ("api-key", b.clone())], Ok(&b)),
            (vec![("authorization", bearer("sk-abc")), ("x-api-key", "dummy".to_owned())], Err(Code::InvalidApiKey)),
            (vec![("authorization", "Bearer ".to_owned())], Err(Code::MissingApiKey)),
            (vec![("authorization", "Basic dTpw".to_owned())], Err(Code::MissingApiKey)),
        ] {
            let shown: Vec<_> = shown.iter().map(|(name, value)| (*name, value.as_str())).collect();
            assert_eq!(presented_key(&headers(&shown)), key.map(String::as_str), "{shown:?}");
        }
    }

    #[test]
    fn the_origin_names_the_domain_else_the_referer() {
        let both = headers(&[("origin", "https://App.Example:8443"), ("referer", "https://other.example/x")]);
        assert_eq!(domain(&both).as_deref(), Some("app.example"));
        assert_eq!(domain(&headers(&[("referer", "https://a.b/x?y")])).as_deref(), Some("a.b"));
        assert_eq!(domain(&headers(&[("origin", "null")])).as_deref(), Some("null"));
    }
}
