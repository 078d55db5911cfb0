//! The id that names a request in answers and in the log. It decides nothing where a caller has chosen it; one that was made here is the id
//! of the request's call as well.

use std::convert::Infallible;
use std::fmt;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

use crate::answer_headers;
use crate::api_key::holds_key;

/// The header it arrives in and leaves in.
pub const HEADER: HeaderName = answer_headers::REQUEST_ID;

/// The longest id that is taken over from a caller, in bytes.
const LONGEST: usize = 128;

/// A request's id: 1 to 128 visible ASCII characters, in which there is no API key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId {
    text: Arc<str>,
    own: Option<Uuid>,
}

impl RequestId {
    /// The caller's id if it is one that we can repeat, else a new UUIDv7.
    #[must_use]
    pub fn choose(headers: &HeaderMap) -> Self {
        let callers = headers.get(HEADER).and_then(|value| value.to_str().ok());
        match callers {
            Some(id) if is_repeatable(id) => Self { text: id.into(), own: None },
            _ => {
                let id = Uuid::now_v7();
                Self { text: id.to_string().into(), own: Some(id) }
            }
        }
    }

    /// The id itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The same as a UUID, if it was made here: nobody but us has chosen it.
    #[must_use]
    pub const fn own(&self) -> Option<Uuid> {
        self.own
    }

    /// The id as a header's value.
    #[must_use]
    pub fn to_header(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.text).ok()
    }
}

/// Whether an id may stand in answers, tables and the log.
fn is_repeatable(id: &str) -> bool {
    (1..=LONGEST).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic()) && !holds_key(id)
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl<S: Sync> FromRequestParts<S> for RequestId {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().cloned().unwrap_or_else(|| Self::choose(&parts.headers)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(value: &[u8]) -> RequestId {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, HeaderValue::from_bytes(value).expect("a header value"));
        RequestId::choose(&headers)
    }

    #[test]
    fn a_callers_id_is_kept_if_it_is_short_and_visible() {
        assert_eq!(chosen(b"order-7/retry#2").as_str(), "order-7/retry#2");
        let longest = [b'x'; LONGEST];
        assert_eq!(chosen(&longest).as_str().as_bytes(), longest);
    }

    #[test]
    fn any_other_id_is_replaced_by_a_uuid() {
        for value in [&b""[..], b"two words", b"tab\there", "é".as_bytes(), b"job-gw_live_abc", &[b'x'; LONGEST + 1]] {
            let id = chosen(value);
            let uuid = Uuid::parse_str(id.as_str()).expect("a UUID");
            assert_eq!(uuid.get_version_num(), 7);
        }
        assert_ne!(RequestId::choose(&HeaderMap::new()), RequestId::choose(&HeaderMap::new()));
    }
}
