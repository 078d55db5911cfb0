//! Privy: what its tokens prove (docs.privy.io, "Access tokens" and "Identity tokens").
//!
//! The access token proves the Privy id and nothing else. Addresses and wallets come from the identity token, or from
//! Privy itself, never from the client.
//!
//! - `token`: verifies a token.
//! - `keys`: the keys of tokens, from Privy's JWKS, kept for a while.
//! - `user`: what a Privy user has proven.

mod fetch;
mod keys;
mod token;
mod user;

use super::Proof;
use crate::config::{PrivySettings, Setting, configured};
use crate::error::{Code, Error};

use keys::KeyCache;
use token::Verifier;

/// Why a token proves nothing.
#[derive(Debug)]
pub enum Unproven {
    /// A token is not good. Why, in one word for the audit trail; the caller is not told.
    Refused(&'static str),
    /// Privy could not be asked.
    Unknown(Error),
}

impl From<Error> for Unproven {
    fn from(error: Error) -> Self {
        Self::Unknown(error)
    }
}

/// Who verifies the tokens of a Privy app, and remembers the keys of its JWKS.
pub struct Privy {
    settings: Setting<PrivySettings>,
    http: reqwest::Client,
    keys: KeyCache,
}

impl Privy {
    /// For the app of these settings.
    #[must_use]
    pub fn new(settings: Setting<PrivySettings>, http: reqwest::Client) -> Self {
        Self { settings, http, keys: KeyCache::default() }
    }

    /// What these tokens prove, the Privy id first.
    ///
    /// # Errors
    /// [`Unproven`].
    pub async fn prove(&self, access: &str, identity: Option<&str>) -> Result<Vec<Proof>, Unproven> {
        let settings = configured(&self.settings)?;
        let verifier = Verifier { settings, http: &self.http, keys: &self.keys };
        let did = verifier.verify_access(access).await?;
        let linked = match (identity, &settings.app_secret) {
            (Some(identity), _) => verifier.verify_identity(identity, &did).await?,
            (None, Some(secret)) => user::ask(&self.http, settings, secret, &did).await?,
            (None, None) => Vec::new(),
        };
        Ok(std::iter::once(Proof::Privy(did)).chain(user::proofs(linked)).collect())
    }
}

/// Privy cannot be asked: a line for the operator, and the caller's answer.
fn unavailable(what: &'static str, reason: &str) -> Error {
    tracing::error!(what, reason, "Privy cannot be asked");
    Error::new(Code::SignInUnavailable)
}
