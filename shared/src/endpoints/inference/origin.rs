//! Where a call comes from, as its headers say it: the app and the session, as OpenRouter's clients name
//! them, and tags.

use http::HeaderMap;

use super::app_name::app_name;
use crate::call::Origin;
use crate::caller::text;
use crate::formats::labels::add_tag;
use crate::providers::routing::is_session;

/// The header that sorts a call under tags, with commas between them. It may stand several times.
const TAGS: &str = "x-gateway-tag";

/// The header by which OpenRouter's clients name the session that a call is a part of.
const SESSION: &str = "x-session-id";

/// Where a request with these headers comes from.
pub fn origin(headers: &HeaderMap) -> Origin {
    let mut tags = Vec::new();
    let said = headers.get_all(TAGS).iter().filter_map(|value| std::str::from_utf8(value.as_bytes()).ok());
    said.flat_map(|list| list.split(',')).for_each(|tag| add_tag(&mut tags, tag));
    let session = text(headers, SESSION).filter(|named| is_session(named)).map(str::to_owned);
    Origin { app: app_name(headers), tags, session }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn tags_are_cut_apart_wherever_they_stand() {
        let mut headers = HeaderMap::new();
        for value in ["web, beta", "é", "web,,"] {
            headers.append(TAGS, HeaderValue::from_bytes(value.as_bytes()).expect("a value"));
        }
        headers.append(TAGS, HeaderValue::from_bytes(b"\xff").expect("a value"));
        assert_eq!(origin(&headers).tags, ["web", "beta", "é"]);
    }
}
