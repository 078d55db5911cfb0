//! API keys: what they look like, how they are made, and the hash that is all anyone keeps of them.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use serde::Serialize;
use sha2::Sha256;

use crate::config::Pepper;
use crate::error::{Code, Error};
use crate::key_environment::KeyEnvironment;

/// Base64url characters of a key's 32 random bytes.
const SECRET_LENGTH: usize = 43;

/// A new key: the key itself, to be shown once, and what is stored of it.
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
    environment: KeyEnvironment,
}

impl NewKey {
    /// Makes a key and hashes it under the newest of `peppers`.
    ///
    /// # Errors
    /// `internal_error` when the system gives no randomness, `not_configured` without a pepper.
    pub fn generate(environment: KeyEnvironment, name: String, peppers: &[Pepper]) -> Result<Self, Error> {
        let mut random = [0; 32];
        getrandom::fill(&mut random).map_err(|error| {
            tracing::error!(%error, "no randomness for a key");
            Error::new(Code::InternalError)
        })?;
        let prefix = environment.prefix();
        let secret = format!("{prefix}{}", URL_SAFE_NO_PAD.encode(random));
        let pepper = peppers.first().ok_or(Code::NotConfigured)?;
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

/// Whether this can be a key at all: nobody need be asked about one that cannot.
pub(crate) fn is_well_formed(key: &str) -> bool {
    KeyEnvironment::ALL.iter().find_map(|environment| key.strip_prefix(environment.prefix())).is_some_and(|secret| {
        secret.len() == SECRET_LENGTH && secret.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    })
}

/// Whether a key or its beginning stands anywhere in this.
pub(crate) fn holds_key(text: &str) -> bool {
    end_of_prefix(text).is_some()
}

/// A path, a model's name or a user agent in which nothing is left of a key but its prefix: some callers put theirs
/// there.
pub(crate) fn without_keys(text: &str) -> Cow<'_, str> {
    if !holds_key(text) {
        return Cow::Borrowed(text);
    }
    let segments: Vec<Cow<'_, str>> = text
        .split('/')
        .map(|segment| match end_of_prefix(segment) {
            Some(end) => Cow::Owned(format!("{}…", &segment[..end])),
            None => Cow::Borrowed(segment),
        })
        .collect();
    Cow::Owned(segments.join("/"))
}

/// A text that people have written, in which of each key no more than its prefix is left.
pub(crate) fn masked(text: &str) -> Cow<'_, str> {
    if !holds_key(text) {
        return Cow::Borrowed(text);
    }
    let (mut shown, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(end) = end_of_prefix(rest) {
        let secret = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_');
        shown.push_str(&rest[..end]);
        shown.push('…');
        rest = rest[end..].trim_start_matches(secret);
    }
    shown.push_str(rest);
    Cow::Owned(shown)
}

/// Where the first key's prefix ends.
fn end_of_prefix(text: &str) -> Option<usize> {
    let found = KeyEnvironment::ALL.iter().filter_map(|environment| {
        let prefix = environment.prefix();
        text.find(prefix).map(|at| (at, at + prefix.len()))
    });
    found.min().map(|(_, end)| end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pepper() -> Pepper {
        Pepper { version: 1, secret: "0123456789abcdef0123456789abcdef".to_owned() }
    }

    #[test]
    fn a_new_key_is_well_formed_and_only_its_hash_is_stored() {
        let key = NewKey::generate(KeyEnvironment::Test, "k".to_owned(), &[pepper()]).expect("a key");
        assert!(is_well_formed(&key.secret));
        assert!(key.secret.ends_with(&key.stored.last_four) && key.stored.last_four.len() == 4);
        assert_eq!(key.stored.hash, hash(&key.secret, &pepper()));
        assert!(!serde_json::to_string(&key.stored).expect("json").contains(&key.secret));
    }

    #[test]
    fn malformed_keys_are_known_without_asking_anyone() {
        for key in ["", "sk-1", "gw_live_", "gw_live_short", &format!("gw_live_{}", "é".repeat(22))] {
            assert!(!is_well_formed(key), "{key:?}");
        }
    }

    #[test]
    fn a_secret_is_of_base64urls_letters_alone_and_of_its_length() {
        let key = |last: &str| format!("gw_live_{}{last}", "a".repeat(SECRET_LENGTH - 1));
        for last in ["Z", "z", "0", "9", "-", "_"] {
            assert!(is_well_formed(&key(last)), "{last}");
        }
        for last in ["", "+", "/", "=", ".", "~", " ", "aa", "\n", "\0"] {
            assert!(!is_well_formed(&key(last)), "{last:?}");
        }
        assert!(!is_well_formed(&key("a").replace("gw_live_", "gw_none_")));
    }

    #[test]
    fn a_text_keeps_no_key() {
        for (path, kept) in [
            ("/user/api-keys/gw_live_abc/rotate", "/user/api-keys/gw_live_…/rotate"),
            ("/x=gw_dev_abc", "/x=gw_dev_…"),
            ("curl/8.1 (gw_test_abc)", "curl/8.1 (gw_test_…"),
            ("x gw_test_abc gw_live_def", "x gw_test_…"),
            ("/v1/models/gw_/x", "/v1/models/gw_/x"),
            ("/", "/"),
        ] {
            assert_eq!(without_keys(path), kept);
        }
    }
}
