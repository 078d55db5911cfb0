//! Where a call comes from, as its headers say it: the app, as OpenRouter's clients name it, and tags.

use http::HeaderMap;

use super::app_name::app_name;
use crate::call::Origin;
use crate::formats::labels::add_tag;

/// The header that sorts a call under tags, with commas between them. It may stand several times.
const TAGS: &str = "x-gateway-tag";

/// Where a request with these headers comes from.
pub fn origin(headers: &HeaderMap) -> Origin {
    let mut tags = Vec::new();
    let said = headers.get_all(TAGS).iter().filter_map(|value| std::str::from_utf8(value.as_bytes()).ok());
    said.flat_map(|list| list.split(',')).for_each(|tag| add_tag(&mut tags, tag));
    Origin { app: app_name(headers), tags }
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
