//! Files that a browser keeps: each has an entity tag, and whoever has it already is told so and sent nothing (RFC 9110
//! §8.8.3 and §13.1.2).

use std::io::Write as _;

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use sha2::{Digest as _, Sha256};

/// How long a browser goes by what it has without asking again.
pub const A_WHILE: HeaderValue = HeaderValue::from_static("public, max-age=300");
/// Never without asking: for files that go together, of which no two may be of different versions.
pub const ASKED: HeaderValue = HeaderValue::from_static("public, no-cache");
/// Of a file whose name says its version: always.
pub const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// A file as it is sent.
pub struct Cached {
    kind: HeaderValue,
    keep: HeaderValue,
    /// As it is, unless only its compressed form is here.
    plain: Option<Tagged>,
    gzip: Option<Tagged>,
}

/// One form of a file. Each has a tag of its own, as RFC 9110 §8.8.3.3 asks.
struct Tagged {
    body: Bytes,
    tag: HeaderValue,
}

impl Tagged {
    fn of(body: Bytes) -> Self {
        let tag = format!("\"{}\"", hex::encode(&Sha256::digest(&body)[..16]));
        // Hex digits in quotes are a header.
        let tag = HeaderValue::from_str(&tag).unwrap_or_else(|_| HeaderValue::from_static("\"\""));
        Self { body, tag }
    }
}

impl Cached {
    /// A text, sent compressed to whoever takes it so.
    pub fn text(kind: &'static str, keep: HeaderValue, text: impl Into<Bytes>) -> Self {
        let text = text.into();
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        let gzip = encoder.write_all(&text).and_then(|()| encoder.finish());
        Self {
            kind: HeaderValue::from_static(kind),
            keep,
            gzip: gzip.ok().map(|gzip| Tagged::of(gzip.into())),
            plain: Some(Tagged::of(text)),
        }
    }

    /// A file that is only here as gzip has it, which every browser takes.
    pub fn compressed(kind: &'static str, keep: HeaderValue, gzip: &'static [u8]) -> Self {
        let gzip = Some(Tagged::of(Bytes::from_static(gzip)));
        Self { kind: HeaderValue::from_static(kind), keep, plain: None, gzip }
    }

    /// The answer to whoever asks with these headers, with further ones.
    pub fn answer(&self, asked: &HeaderMap, further: &[(HeaderName, HeaderValue)]) -> Response {
        let zipped = self.gzip.as_ref().filter(|_| self.plain.is_none() || takes_gzip(asked));
        let Some(sent) = zipped.or(self.plain.as_ref()) else { return StatusCode::NOT_FOUND.into_response() };
        let known = has(asked, &sent.tag);
        let mut response = match known {
            true => StatusCode::NOT_MODIFIED.into_response(),
            false => Body::from(sent.body.clone()).into_response(),
        };
        let headers = response.headers_mut();
        headers.insert(header::ETAG, sent.tag.clone());
        headers.insert(header::CACHE_CONTROL, self.keep.clone());
        headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        headers.extend(further.iter().cloned());
        if !known {
            headers.insert(header::CONTENT_TYPE, self.kind.clone());
            headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
            if zipped.is_some() {
                headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            }
        }
        response
    }
}

/// Whether the client has what goes by this tag: `*`, or one of a list, strong or weak.
fn has(asked: &HeaderMap, tag: &HeaderValue) -> bool {
    let lists = asked.get_all(header::IF_NONE_MATCH).iter().filter_map(|list| list.to_str().ok());
    let mut tags = lists.flat_map(|list| list.split(',')).map(str::trim);
    tags.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known).as_bytes() == tag.as_bytes())
}

/// Whether the client takes gzip (RFC 9110 §12.5.3).
pub fn takes_gzip(asked: &HeaderMap) -> bool {
    let lists = asked.get_all(header::ACCEPT_ENCODING).iter().filter_map(|list| list.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let refused = weight.trim().strip_prefix("q=").and_then(|q| q.parse::<f32>().ok()) == Some(0.0);
        matches!(name.trim().to_ascii_lowercase().as_str(), "gzip" | "*") && !refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt as _;

    async fn ask(file: &Cached, headers: &[(HeaderName, &str)]) -> (u16, HeaderMap, Bytes) {
        let asked = headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).expect("a value")));
        let (head, body) = file.answer(&asked.collect(), &[]).into_parts();
        (head.status.as_u16(), head.headers, body.collect().await.expect("a body").to_bytes())
    }

    #[tokio::test]
    async fn who_has_it_is_sent_nothing() {
        let file = Cached::text("text/css", A_WHILE, "a{}");
        let (status, headers, body) = ask(&file, &[]).await;
        assert_eq!((status, &body[..]), (200, &b"a{}"[..]));
        let tag = headers[header::ETAG].to_str().expect("text").to_owned();
        for known in [tag.clone(), format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
            let (status, headers, body) = ask(&file, &[(header::IF_NONE_MATCH, &known)]).await;
            assert_eq!((status, body.len(), headers[header::ETAG].to_str().ok()), (304, 0, Some(tag.as_str())));
            assert_eq!(headers[header::CACHE_CONTROL], "public, max-age=300");
        }
        assert_eq!(ask(&file, &[(header::IF_NONE_MATCH, "\"x\"")]).await.0, 200);
    }

    #[tokio::test]
    async fn a_compressed_form_has_a_tag_of_its_own_and_goes_to_whoever_takes_it() {
        let file = Cached::text("text/css", A_WHILE, "a{}");
        let plain = ask(&file, &[(header::ACCEPT_ENCODING, "br, gzip;q=0")]).await.1;
        assert!(!plain.contains_key(header::CONTENT_ENCODING));
        for taken in ["gzip", "br;q=1.0, GZIP;q=0.5", "*"] {
            let (_, headers, body) = ask(&file, &[(header::ACCEPT_ENCODING, taken)]).await;
            assert_eq!(
                (&headers[header::CONTENT_ENCODING], &headers[header::VARY]),
                (&HeaderValue::from_static("gzip"), &HeaderValue::from_static("accept-encoding"))
            );
            assert_ne!(headers[header::ETAG], plain[header::ETAG]);
            assert!(body.starts_with(&[0x1f, 0x8b]));
        }
    }
}
