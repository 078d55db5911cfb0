//! `Idempotency-Key`: a client's word that this request is the same as an earlier one with the same key.
//!
//! Requests that give or take credit hand it to their SQL function. A call of a model carries it with its hold and its
//! settlement (`call::run`): the first one that begins has the key until it is over, its answer is kept for ten minutes, and
//! whoever comes with the same key and body in that time gets it, without a charge.

use std::sync::{Arc, OnceLock};

use http::HeaderMap;
use http::request::Parts;
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::error::Error;

/// The longest key, as at Stripe.
const LONGEST_KEY: usize = 255;

/// A key, and by what its requests are told to be the same.
#[derive(Clone, Debug, Serialize)]
pub struct Idempotency {
    key: String,
    fingerprint: String,
}

impl Idempotency {
    /// Of a request with this key to this path.
    #[must_use]
    pub fn new(key: String, path: &str, body: &[u8]) -> Self {
        let mut hash = Sha256::new();
        // Behind a rewrite the same endpoint answers under /api as well.
        hash.update(path.strip_prefix("/api").unwrap_or(path));
        hash.update([0]);
        hash.update(body);
        Self { key, fingerprint: hex::encode(hash.finalize()) }
    }
}

/// The key that came with a request, if one did.
///
/// # Errors
/// 400 when it is none.
pub fn key(headers: &HeaderMap) -> Result<Option<String>, Error> {
    match headers.get("idempotency-key").map(|key| key.to_str()) {
        None => Ok(None),
        Some(Ok(key)) if (1..=LONGEST_KEY).contains(&key.len()) => Ok(Some(key.to_owned())),
        Some(_) => Err(Error::invalid("Idempotency-Key", "An Idempotency-Key has 1 to 255 visible characters.")),
    }
}

/// A key on its way to the call: the extractor of the caller finds it, that of the body adds what it stands for.
#[derive(Clone, Debug)]
pub struct Presented(Arc<Shown>);

#[derive(Debug)]
struct Shown {
    key: Result<String, Error>,
    path: String,
    idempotency: OnceLock<Idempotency>,
}

impl Presented {
    /// What a request presents, if it does.
    #[must_use]
    pub fn of(parts: &Parts) -> Option<Self> {
        let key = key(&parts.headers).transpose()?;
        Some(Self(Arc::new(Shown { key, path: parts.uri.path().to_owned(), idempotency: OnceLock::new() })))
    }

    /// Notes the body that the key stands for.
    pub fn stands_for(&self, body: &[u8]) {
        if let Ok(key) = &self.0.key {
            self.0.idempotency.get_or_init(|| Idempotency::new(key.clone(), &self.0.path, body));
        }
    }

    /// The key with its body's fingerprint; none for a body that is not read as a whole, such as a form.
    ///
    /// # Errors
    /// 400 when it is none.
    pub fn read(&self) -> Result<Option<Idempotency>, Error> {
        self.0.key.as_ref().map(|_| self.0.idempotency.get().cloned()).map_err(Clone::clone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_endpoint_behind_a_rewrite_is_the_same() {
        let of = |path: &str| Idempotency::new("k".to_owned(), path, b"{}").fingerprint;
        assert_eq!(of("/admin/add_credits"), of("/api/admin/add_credits"));
        assert_ne!(of("/admin/add_credits"), of("/admin/create"));
    }

    #[test]
    fn what_is_the_paths_and_what_the_bodys_does_not_run_together() {
        let of = |path: &str, body: &[u8]| Idempotency::new("k".to_owned(), path, body).fingerprint;
        assert_ne!(of("/admin/create", b"{}"), of("/admin/create", b"{ }"));
        assert_ne!(of("/v1/responses", b"/x"), of("/v1/responses/x", b""));
    }
}
