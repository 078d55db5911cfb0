//! The console: static files, which stand in `public/console`. Vercel serves them before any function; everywhere else they
//! are part of the program. The page that fetches them is a function's everywhere, since its policy goes by the variables.

pub mod file;
mod files;
pub mod page;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, header};

use super::cached::{ASKED, Cached, FOR_EVER};
use crate::config::Config;

/// Nothing from anywhere but here, no script or style within a page, and in nobody's frame. `vercel.json` has the same for
/// the files.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                          base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What goes with every file of the console.
pub fn headers() -> [(HeaderName, HeaderValue); 2] {
    [
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ]
}

/// What goes with the page. Its scripts may ask this gateway, and Privy where the operator has an app there.
fn page_headers(config: &Config) -> [(HeaderName, HeaderValue); 2] {
    let [(name, policy), referrer] = headers();
    let with_privy = config.privy.as_ref().ok().and_then(|privy| {
        let policy = POLICY.replace("connect-src 'self'", &format!("connect-src 'self' {}", privy.origin));
        HeaderValue::from_str(&policy).ok()
    });
    [(name, with_privy.unwrap_or(policy)), referrer]
}

/// A file by its name below `/console/`, as it is sent; nothing for a kind of file that the console does not consist of.
pub fn sent(name: &str, content: Bytes) -> Option<Cached> {
    let kind = match name.rsplit_once('.')?.1 {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "txt" => "text/plain; charset=utf-8",
        _ => return None,
    };
    let keep = if name.starts_with("vendor/") { FOR_EVER } else { ASKED };
    Some(Cached::text(kind, keep, content))
}
