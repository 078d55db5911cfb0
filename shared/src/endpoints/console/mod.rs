//! The console: static files, which stand in `public/console`. Vercel serves them before any function; everywhere else they
//! are part of the program.

pub mod file;
mod files;
pub mod page;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, header};

use super::cached::{ASKED, Cached, FOR_EVER};

/// Nothing from anywhere but here, no script or style within a page, and in nobody's frame. `vercel.json` has the same.
pub const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
                          base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// What goes with every file of the console.
pub fn headers() -> [(HeaderName, HeaderValue); 2] {
    [
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY)),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ]
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
