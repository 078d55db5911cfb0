//! The address that a user is sent back to with a code: what it may be, and how people are shown whose it is.

use reqwest::Url;

use crate::error::{Error, Result};

/// The longest address, in bytes.
const LONGEST: usize = 2000;

/// An address that a code may be sent to.
#[derive(Debug)]
pub struct Callback {
    /// As the app wrote it: some keep a secret of their own in its path.
    pub url: String,
    /// Scheme, host and port, which say whose it is. A name in other letters than ASCII's is in its encoded form, in which none
    /// looks like another.
    pub site: String,
}

impl Callback {
    /// Reads an address.
    ///
    /// # Errors
    /// 400 that names `callback_url`.
    pub fn read(url: &str) -> Result<Self> {
        let wrong = |why: &str| {
            let message = format!(
                "`callback_url` {why}. It is an https address, or http at localhost or 127.0.0.1, of at most {LONGEST} characters."
            );
            Error::invalid("callback_url", message)
        };
        let parsed = Url::parse(url).map_err(|_| wrong("is no address"))?;
        // Parsers disagree about what is not written as it is meant, and a browser goes by its own.
        if url.len() > LONGEST
            || url.bytes().any(|byte| !byte.is_ascii_graphic() || matches!(byte, b'\\' | b'"' | b'<' | b'>'))
        {
            return Err(wrong("is too long, or has characters that are not written so in an address"));
        }
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err(wrong("names a user, which hides whose address it is"));
        }
        if parsed.fragment().is_some() {
            return Err(wrong("has a fragment"));
        }
        // The parser has written every spelling of an IP address in its usual form.
        let is_here = matches!(parsed.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        if !parsed.has_host() || !(parsed.scheme() == "https" || parsed.scheme() == "http" && is_here) {
            return Err(wrong("is neither"));
        }
        Ok(Self { url: url.to_owned(), site: parsed.origin().ascii_serialization() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_goes_over_https_or_stays_on_the_machine() {
        for (url, site) in [
            ("https://app.example/back/nonce?x=1", "https://app.example"),
            ("https://app.example:8443/", "https://app.example:8443"),
            ("HTTPS://APP.example", "https://app.example"),
            ("http://localhost:3000/cb", "http://localhost:3000"),
            ("http://127.0.0.1:1/", "http://127.0.0.1:1"),
            ("http://[::1]/", "http://[::1]"),
        ] {
            let callback = Callback::read(url).expect(url);
            assert_eq!((callback.url.as_str(), callback.site.as_str()), (url, site));
        }
        let long = format!("https://app.example/{}", "a".repeat(LONGEST));
        for url in [
            "",
            "app.example",
            "/back",
            "//app.example",
            "http://app.example/",
            "http://localhost.app.example/",
            "http://127.0.0.1.app.example/",
            "http://10.0.0.1/",
            "http://0.0.0.0/",
            "ftp://localhost/",
            "javascript:alert(1)",
            "data:text/html,x",
            "myapp://back",
            "https://",
            "https://gateway.example@app.example/",
            "https://:secret@app.example/",
            "https://app.example/#token",
            "https://app.example/\\@other.example",
            "https:\\\\app.example",
            "https://app.example/a b",
            "https://app.example/\n",
            "https://аpp.example/",
            "https://app.example/\"><script>",
            &long,
        ] {
            let refused = Callback::read(url).expect_err(url);
            assert_eq!(refused.param.as_deref(), Some("callback_url"), "{url}");
        }
    }
}
