//! The app that calls, as OpenRouter's clients name it.

use std::borrow::Cow;

use http::{HeaderMap, Uri, header};

use crate::api_key::without_keys;
use crate::caller::text;

/// What is kept of an app's name.
const APP_NAME_LENGTH: usize = 128;

/// The app's name: its `X-Title`, which newer clients call `X-OpenRouter-Title`, else the site of `Referer`. Of a page's address only whose it is: the rest may be a secret of
/// the page's.
pub fn app_name(headers: &HeaderMap) -> Option<String> {
    let title = text(headers, "x-title").or_else(|| text(headers, "x-openrouter-title")).map(Cow::Borrowed);
    let address = || text(headers, header::REFERER).or_else(|| text(headers, "http-referer")).map(site);
    title.or_else(address).map(|name| without_keys(&name).chars().take(APP_NAME_LENGTH).collect())
}

/// The scheme, host and port of an address; of what is none all but a query.
fn site(address: &str) -> Cow<'_, str> {
    let parsed = address.parse::<Uri>().ok();
    let parts = parsed.as_ref().and_then(|uri| Some((uri.scheme_str()?, uri.authority()?.as_str())));
    match parts {
        Some((scheme, authority)) => {
            // Without who logs in there.
            let host = authority.rsplit('@').next().unwrap_or_default();
            Cow::Owned(format!("{scheme}://{host}"))
        }
        None => Cow::Borrowed(address.split(['?', '#']).next().unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn an_app_is_named_by_its_title_or_its_site_and_by_nothing_secret() {
        for (header, value, name) in [
            ("x-title", "My app", "My app"),
            ("x-openrouter-title", "My app", "My app"),
            ("x-title", "mine gw_live_abc", "mine gw_live_…"),
            ("referer", "https://app.example:8443/reset?token=abc#x", "https://app.example:8443"),
            ("http-referer", "https://ann:secret@app.example/", "https://app.example"),
            ("referer", "my-app?token=abc", "my-app"),
        ] {
            let headers = HeaderMap::from_iter([(header.parse().expect("a name"), HeaderValue::from_static(value))]);
            assert_eq!(app_name(&headers).as_deref(), Some(name));
        }
        assert_eq!(app_name(&HeaderMap::new()), None);
    }
}
