//! Who calls: what a request shows of itself, as the database's key validation takes it.
//!
//! The key itself goes no further than this module; everything else sees its hash.

use axum::extract::FromRequestParts;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use http::request::Parts;
use http::{HeaderMap, Uri, header};
use serde::Serialize;
use sha2::Sha256;
use std::net::IpAddr;

use crate::app::{SharedApp, configured};
use crate::config::Pepper;
use crate::error::{Code, Error};
use crate::request_id::RequestId;
use crate::serve::Invocation;

/// The environments a key can be made for, as its prefix says.
const PREFIXES: [&str; 4] = ["gw_live_", "gw_test_", "gw_staging_", "gw_dev_"];
/// Base64url characters of a key's 32 random bytes.
const SECRET_LENGTH: usize = 43;
/// What is kept of a user agent, in bytes.
const USER_AGENT_LENGTH: usize = 256;

/// A caller that has shown a well-formed key. Whether the key is good, the database decides.
#[derive(Clone, Debug, Serialize)]
pub struct Caller {
    /// HMAC-SHA256 of the key in hex, under each pepper, the newest first.
    pub key_hashes: Vec<String>,
    /// The client's address, as the platform vouches for it.
    pub ip: Option<IpAddr>,
    /// The host of `Origin`, else of `Referer`.
    pub domain: Option<String>,
    /// Cut to 256 bytes.
    pub user_agent: Option<String>,
    /// The request's name.
    pub request_id: String,
}

impl Caller {
    /// The key's hash under the newest pepper: what limits are counted by.
    #[must_use]
    pub fn key_hash(&self) -> &str {
        self.key_hashes.first().map_or("", String::as_str)
    }
}

impl FromRequestParts<SharedApp> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &SharedApp) -> Result<Self, Error> {
        let invocation = Invocation::from_request_parts(parts, app).await?;
        let peppers = configured(&app.config.peppers)?;
        let key = presented_key(&parts.headers).ok_or(Code::MissingApiKey)?;
        if !is_well_formed(key) {
            return Err(Code::InvalidApiKey.into());
        }
        let request_id = parts.extensions.get::<RequestId>().map(ToString::to_string).unwrap_or_default();
        Ok(Self {
            key_hashes: peppers.iter().map(|pepper| hash(key, pepper)).collect(),
            ip: invocation.client_ip,
            domain: domain(&parts.headers),
            user_agent: text(&parts.headers, header::USER_AGENT).map(|agent| cut(agent, USER_AGENT_LENGTH).to_owned()),
            request_id,
        })
    }
}

/// A new key for this deployment's environment: the key itself, to be shown once, and what is stored of it.
#[derive(Debug)]
pub struct NewKey {
    /// The key, 32 random bytes behind its prefix.
    pub secret: String,
    /// What the database keeps.
    pub stored: StoredKey,
}

/// A key as the database knows it.
#[derive(Debug, Serialize)]
pub struct StoredKey {
    hash: String,
    prefix: &'static str,
    last_four: String,
    name: String,
    environment: &'static str,
}

impl NewKey {
    /// Makes a key and hashes it under the newest of `peppers`.
    ///
    /// # Errors
    /// `internal_error` when the system gives no randomness, `not_configured` without a pepper.
    pub fn generate(prefix: &'static str, name: String, peppers: &[Pepper]) -> Result<Self, Error> {
        let mut random = [0; 32];
        getrandom::fill(&mut random).map_err(|error| {
            tracing::error!(%error, "no randomness for a key");
            Error::new(Code::InternalError)
        })?;
        let secret = format!("{prefix}{}", URL_SAFE_NO_PAD.encode(random));
        let pepper = peppers.first().ok_or(Code::NotConfigured)?;
        let environment = match prefix {
            "gw_live_" => "live",
            "gw_staging_" => "staging",
            "gw_dev_" => "development",
            _ => "test",
        };
        let stored = StoredKey {
            hash: hash(&secret, pepper),
            prefix,
            last_four: secret.chars().skip(prefix.len() + SECRET_LENGTH - 4).collect(),
            name,
            environment,
        };
        Ok(Self { secret, stored })
    }
}

/// The HMAC-SHA256 of `key` under `pepper`, in hex.
#[must_use]
pub fn hash(key: &str, pepper: &Pepper) -> String {
    // HMAC takes a key of any length, so this cannot fail; an empty hash would match nothing.
    Hmac::<Sha256>::new_from_slice(pepper.secret.as_bytes())
        .map(|mut mac| {
            mac.update(key.as_bytes());
            hex::encode(mac.finalize().into_bytes())
        })
        .unwrap_or_default()
}

/// The key from `Authorization: Bearer`, else from `x-api-key`.
fn presented_key(headers: &HeaderMap) -> Option<&str> {
    bearer(headers).or_else(|| headers.get("x-api-key")?.to_str().ok()).map(str::trim).filter(|key| !key.is_empty())
}

/// The token of `Authorization: Bearer`.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

fn is_well_formed(key: &str) -> bool {
    PREFIXES.iter().find_map(|prefix| key.strip_prefix(prefix)).is_some_and(|secret| {
        secret.len() == SECRET_LENGTH && secret.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    })
}

fn domain(headers: &HeaderMap) -> Option<String> {
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

    fn pepper() -> Pepper {
        Pepper { version: 1, secret: "0123456789abcdef0123456789abcdef".to_owned() }
    }

    #[test]
    fn a_new_key_is_well_formed_and_only_its_hash_is_stored() {
        let key = NewKey::generate("gw_test_", "k".to_owned(), &[pepper()]).expect("a key");
        assert!(is_well_formed(&key.secret));
        assert!(key.secret.ends_with(&key.stored.last_four) && key.stored.last_four.len() == 4);
        assert_eq!(key.stored.hash, hash(&key.secret, &pepper()));
        assert!(!serde_json::to_string(&key.stored).expect("json").contains(&key.secret));
    }

    #[test]
    fn both_headers_carry_a_key_and_bearer_goes_first() {
        assert_eq!(presented_key(&headers(&[("authorization", "bearer a"), ("x-api-key", "b")])), Some("a"));
        assert_eq!(presented_key(&headers(&[("authorization", "Basic a"), ("x-api-key", "b")])), Some("b"));
        assert_eq!(presented_key(&headers(&[("authorization", "Bearer ")])), None);
    }

    #[test]
    fn malformed_keys_are_known_without_asking_anyone() {
        for key in ["", "sk-1", "gw_live_", "gw_live_short", &format!("gw_live_{}", "é".repeat(22))] {
            assert!(!is_well_formed(key), "{key:?}");
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
