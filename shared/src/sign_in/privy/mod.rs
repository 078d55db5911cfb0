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
use crate::app::{App, configured};
use crate::error::{Code, Error};

pub use keys::KeyCache;

/// Why nobody is proven to be anyone.
#[derive(Debug)]
pub enum Unproven {
    /// A token is not good. Why, in one word for the audit trail; the caller is not told.
    Refused(&'static str),
    /// It could not be found out.
    Unknown(Error),
}

impl From<Error> for Unproven {
    fn from(error: Error) -> Self {
        Self::Unknown(error)
    }
}

/// What these tokens prove, the Privy id first.
///
/// # Errors
/// [`Unproven`].
pub async fn prove(app: &App, access: &str, identity: Option<&str>) -> Result<Vec<Proof>, Unproven> {
    let settings = configured(&app.config.privy)?;
    let did = token::verify_access(app, settings, access).await?;
    let linked = match (identity, &settings.app_secret) {
        (Some(identity), _) => token::verify_identity(app, settings, identity, &did).await?,
        (None, Some(secret)) => user::ask(app, settings, secret, &did).await?,
        (None, None) => Vec::new(),
    };
    Ok(std::iter::once(Proof::Privy(did)).chain(user::proofs(linked)).collect())
}

/// Privy cannot be asked: a line for the operator, and the caller's answer.
fn unavailable(what: &'static str, reason: &str) -> Error {
    tracing::error!(what, reason, "Privy cannot be asked");
    Error::new(Code::SignInUnavailable)
}
