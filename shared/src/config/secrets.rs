//! The keyrings: secrets that can be replaced while what was made under the older ones still works.

use std::cmp::Reverse;

use fernet::Fernet;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::read::Reader;
use super::{Misconfigured, Setting, variables};

/// A secret under which API keys are hashed, with its version; the newest comes first.
#[derive(Clone)]
pub struct Pepper {
    /// Grows by one with every change of the pepper.
    pub version: u32,
    /// The HMAC key.
    pub secret: String,
}

/// A Fernet key with its version; the newest comes first. Never shown.
#[derive(Clone)]
pub struct EncryptionKey {
    /// Grows by one with every change of the key.
    pub version: u32,
    /// What encrypts under it.
    pub fernet: Fernet,
    /// Derived from it: what the words of encrypted texts are hashed under, so that they can be searched.
    pub search: [u8; 32],
}

impl EncryptionKey {
    fn read(version: &str, key: &str) -> Option<Self> {
        let mut derived = Hmac::<Sha256>::new_from_slice(key.as_bytes()).ok()?;
        derived.update(b"search");
        Some(Self {
            version: version.parse().ok()?,
            fernet: Fernet::new(key)?,
            search: derived.finalize().into_bytes().into(),
        })
    }
}

/// Reads the peppers, newest first.
pub(super) fn peppers<F: Fn(&str) -> Option<String>>(reader: &Reader<F>) -> Setting<Vec<Pepper>> {
    const SHORTEST: usize = 32;
    const REMEDY: &str = "make one with `openssl rand -hex 32` and never lose it: without it no API key is recognised";
    if let Some(ring) = reader.text(&variables::API_KEY_PEPPERS) {
        let malformed = |problem: &'static str| {
            let remedy = "write `2:…,1:…`, the newest first, each with the pepper of its version";
            Misconfigured::malformed(variables::API_KEY_PEPPERS.name, problem, remedy)
        };
        let mut peppers = Vec::new();
        for entry in ring.split(',') {
            let (version, secret) = entry.trim().split_once(':').ok_or_else(|| malformed("is not `2:…,1:…`"))?;
            let version = version.parse().map_err(|_| malformed("has a version that is no number"))?;
            if secret.len() < SHORTEST {
                return Err(malformed("holds a pepper under 32 characters"));
            }
            peppers.push(Pepper { version, secret: secret.to_owned() });
        }
        peppers.sort_by_key(|pepper| Reverse(pepper.version));
        return Ok(peppers);
    }
    match reader.text(&variables::API_KEY_PEPPER) {
        Some(secret) if secret.len() >= SHORTEST => Ok(vec![Pepper { version: 1, secret }]),
        Some(_) => {
            let problem = "is shorter than 32 characters";
            Err(Misconfigured::malformed(variables::API_KEY_PEPPER.name, problem, REMEDY))
        }
        None => Err(Misconfigured::missing(variables::API_KEY_PEPPER, "is not set", REMEDY)),
    }
}

/// Reads the keys of users' provider keys, newest first.
pub(super) fn encryption_keys<F: Fn(&str) -> Option<String>>(reader: &Reader<F>) -> Setting<Vec<EncryptionKey>> {
    const REMEDY: &str = "write `1:` and a Fernet key (`openssl rand -base64 32 | tr '+/' '-_'`); to change it, put \
                          `2:…,` before it and keep the older one";
    let variable = variables::ENCRYPTION_KEYS;
    let ring = reader.text(&variable).ok_or(Misconfigured::missing(variable, "is not set", REMEDY))?;
    let mut keys = Vec::new();
    for entry in ring.split(',') {
        let key = entry.trim().split_once(':').and_then(|(version, key)| EncryptionKey::read(version, key));
        let problem = "is not `2:KEY,1:KEY` with Fernet keys";
        keys.push(key.ok_or_else(|| Misconfigured::malformed(variable.name, problem, REMEDY))?);
    }
    keys.sort_by_key(|key| Reverse(key.version));
    Ok(keys)
}
