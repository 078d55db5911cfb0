//! Texts that only the gateway can read: Fernet tokens under the keyring of `ENCRYPTION_KEYS`.
//!
//! A token says nothing of the key that made it, so the key's version is kept beside it. Older keys of the ring still
//! open what they made; each kind of stored token has a job that renews it under the newest.

use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::config::{EncryptionKey, configured};
use crate::error::{Code, Error};

/// A sealed text.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Sealed {
    /// The Fernet token.
    pub ciphertext: String,
    /// The version of the key that made it.
    pub version: u32,
}

/// The keys, newest first.
///
/// # Errors
/// `not_configured` without a keyring.
pub fn keys(app: &App) -> Result<&[EncryptionKey], Error> {
    configured(&app.config.encryption_keys).map(Vec::as_slice)
}

/// The key that seals.
///
/// # Errors
/// `not_configured` without a keyring.
pub fn newest(app: &App) -> Result<&EncryptionKey, Error> {
    keys(app)?.first().ok_or_else(|| Error::new(Code::NotConfigured))
}

/// Encrypts a text under the newest key.
///
/// # Errors
/// `not_configured` without a keyring.
pub fn seal(app: &App, text: &str) -> Result<Sealed, Error> {
    let newest = newest(app)?;
    Ok(Sealed { ciphertext: newest.fernet.encrypt(text.as_bytes()), version: newest.version })
}

/// Decrypts a text.
///
/// # Errors
/// `not_configured` when the keyring lacks the version or has another key for it; a log line says so, since the operator may
/// still have that key.
pub fn open(app: &App, sealed: &Sealed) -> Result<String, Error> {
    let key = keys(app)?.iter().find(|key| key.version == sealed.version);
    let opened = key.and_then(|key| key.fernet.decrypt(&sealed.ciphertext).ok());
    opened.and_then(|text| String::from_utf8(text).ok()).ok_or_else(|| {
        tracing::error!(version = sealed.version, "ENCRYPTION_KEYS cannot decrypt what is stored");
        Error::new(Code::NotConfigured)
    })
}

/// Whether a newer key should have made it.
#[must_use]
pub fn is_outdated(app: &App, sealed: &Sealed) -> bool {
    newest(app).is_ok_and(|newest| sealed.version < newest.version)
}

/// The versions of the ring that are not the newest: what they made can be renewed.
#[must_use]
pub fn older_versions(app: &App) -> Vec<u32> {
    let Ok([newest, older @ ..]) = app.config.encryption_keys.as_deref() else { return Vec::new() };
    older.iter().map(|key| key.version).filter(|older| *older < newest.version).collect()
}
