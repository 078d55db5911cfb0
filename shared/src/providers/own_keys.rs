//! Users' own keys at the providers: Fernet tokens under a keyring, in the clear only while a call needs them.
//!
//! A token says nothing of the key that made it, so its version is kept beside it. When the keyring gets a newer
//! version, a token is renewed after the next call that used it, and the cron job renews the rest.

use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::App;
use crate::config::EncryptionKey;
use crate::config::configured;
use crate::error::{Code, Error};

/// A provider key as it is kept.
#[derive(Clone, Debug, Deserialize)]
pub struct SealedKey {
    /// The Fernet token.
    pub ciphertext: String,
    /// The version of the keyring that made it.
    pub version: u32,
}

/// A sealed key whose version is not the newest, and whose it is.
#[derive(Debug, Deserialize)]
pub struct Outdated {
    /// The account.
    pub account_id: Uuid,
    /// The provider.
    pub provider: String,
    /// The key.
    #[serde(flatten)]
    pub sealed: SealedKey,
}

/// Encrypts a key under the newest version.
///
/// # Errors
/// `not_configured` without a keyring.
pub fn seal(app: &App, key: &str) -> Result<SealedKey, Error> {
    let newest = newest(app)?;
    Ok(SealedKey { ciphertext: newest.fernet.encrypt(key.as_bytes()), version: newest.version })
}

/// Decrypts a key.
///
/// # Errors
/// `not_configured` when the keyring has not the version, or not the key that this was made with: after a log line
/// for the operator, who may still have it.
pub fn open(app: &App, sealed: &SealedKey) -> Result<String, Error> {
    let ring = configured(&app.config.encryption_keys)?;
    let key = ring.iter().find(|key| key.version == sealed.version);
    let opened = key.and_then(|key| key.fernet.decrypt(&sealed.ciphertext).ok());
    opened.and_then(|key| String::from_utf8(key).ok()).ok_or_else(|| {
        tracing::error!(version = sealed.version, "ENCRYPTION_KEYS cannot decrypt a user's provider key");
        Error::new(Code::NotConfigured)
            .with_message("Your own provider key cannot be read at present. Store it again, or delete it.")
    })
}

/// Whether a newer version should have made it.
#[must_use]
pub fn is_outdated(app: &App, sealed: &SealedKey) -> bool {
    newest(app).is_ok_and(|newest| sealed.version < newest.version)
}

/// Encrypts a key under the newest version and keeps that token, unless the user has replaced the key meanwhile.
/// What goes wrong is logged: the older token still works.
pub async fn renew(app: &App, outdated: &Outdated) -> bool {
    let renewed = async {
        let sealed = seal(app, &open(app, &outdated.sealed)?)?;
        let arguments = json!({
            "account_id": outdated.account_id, "provider": outdated.provider,
            "outdated": outdated.sealed.ciphertext, "ciphertext": sealed.ciphertext, "version": sealed.version,
        });
        app.supabase()?.rpc::<Value>("renew_provider_key", &arguments).await.map_err(Error::from)
    };
    match renewed.await {
        Ok(_) => true,
        Err(error) => {
            tracing::warn!(%error, account_id = %outdated.account_id, "a provider key stays under an older version");
            false
        }
    }
}

/// Renews some of the keys that older versions made; answers how many. A keyring of one has nothing to renew from.
///
/// # Errors
/// `service_unavailable`.
pub async fn renew_outdated(app: &App) -> Result<usize, Error> {
    let Ok([newest, older @ ..]) = app.config.encryption_keys.as_deref() else { return Ok(0) };
    let versions: Vec<u32> = older.iter().map(|key| key.version).filter(|older| *older < newest.version).collect();
    if versions.is_empty() {
        return Ok(0);
    }
    let arguments = json!({ "versions": versions });
    let outdated: Vec<Outdated> = app.supabase()?.rpc("list_outdated_provider_keys", &arguments).await?;
    let mut renewed = 0;
    for key in &outdated {
        renewed += usize::from(renew(app, key).await);
    }
    Ok(renewed)
}

fn newest(app: &App) -> Result<&EncryptionKey, Error> {
    configured(&app.config.encryption_keys)?.first().ok_or_else(|| Error::new(Code::NotConfigured))
}
