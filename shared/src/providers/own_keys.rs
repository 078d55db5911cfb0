//! Users' own keys at the providers: sealed under the keyring, in the clear only while a call needs them.
//!
//! When the keyring gets a newer key, a token is renewed after the next call that used it, and the cron job renews the
//! rest.

use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::App;
use crate::error::Error;
use crate::keyring::{self, Sealed};

/// A sealed key whose version is not the newest, and whose it is.
#[derive(Debug, Deserialize)]
pub struct Outdated {
    /// The account.
    pub account_id: Uuid,
    /// Its id.
    pub id: Uuid,
    /// The key.
    #[serde(flatten)]
    pub sealed: Sealed,
}

/// Decrypts a key.
///
/// # Errors
/// As [`keyring::open`], with what its owner can do.
pub fn open(app: &App, sealed: &Sealed) -> Result<String, Error> {
    keyring::open(app, sealed).map_err(|error| {
        error.with_message("Your own provider key cannot be read at present. Store it again, or delete it.")
    })
}

/// Encrypts a key under the newest version and keeps that token, unless the user has replaced the key meanwhile.
/// A failure is only logged: the older token still works.
pub async fn renew(app: &App, outdated: &Outdated) -> bool {
    let renewed = async {
        let sealed = keyring::seal(app, &open(app, &outdated.sealed)?)?;
        let arguments = json!({
            "account_id": outdated.account_id, "id": outdated.id,
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
    let versions = keyring::older_versions(app);
    if versions.is_empty() {
        return Ok(0);
    }
    let (mut renewed, mut after) = (0, json!({}));
    // A round that renews nothing has met only keys that nobody can open; what is behind them is not.
    while renewed == 0 {
        let arguments = json!({ "versions": versions, "after": after });
        let outdated: Vec<Outdated> = app.supabase()?.rpc("list_outdated_provider_keys", &arguments).await?;
        let Some(last) = outdated.last() else { break };
        after = json!({ "account_id": last.account_id, "id": last.id });
        for key in &outdated {
            renewed += usize::from(renew(app, key).await);
        }
    }
    Ok(renewed)
}
