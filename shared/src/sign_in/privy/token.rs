//! Verifying a token: ES256 and nothing else, whatever its header says.

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Unproven;
use super::keys::KeyCache;
use super::user::LinkedAccount;
use crate::config::PrivySettings;

/// Who issues the tokens.
const ISSUER: &str = "privy.io";
/// How far the clocks may be apart, in seconds.
const SKEW: u64 = 60;
/// Longer than any token of Privy's.
const LONGEST: usize = 64 * 1024;

/// What both kinds of token say.
#[derive(Deserialize)]
struct Common {
    sub: String,
    iat: u64,
}

/// An access token belongs to a session; an identity token does not.
#[derive(Deserialize)]
struct Access {
    #[serde(flatten)]
    common: Common,
    sid: Option<String>,
    linked_accounts: Option<serde::de::IgnoredAny>,
}

/// An identity token says, in a text that is JSON, what its user has proven.
#[derive(Deserialize)]
struct Identity {
    #[serde(flatten)]
    common: Common,
    linked_accounts: Option<String>,
}

/// What it takes to verify the tokens of an app.
pub struct Verifier<'a> {
    /// The app.
    pub settings: &'a PrivySettings,
    /// Asks for the app's JWKS.
    pub http: &'a reqwest::Client,
    /// What of it is remembered.
    pub keys: &'a KeyCache,
}

impl Verifier<'_> {
    /// The user whose access token this is, by the DID.
    pub async fn verify_access(&self, token: &str) -> Result<String, Unproven> {
        let access: Access = self.verify(token).await?;
        let did = access.common.check()?;
        if access.sid.is_none() || access.linked_accounts.is_some() {
            return Err(Unproven::Refused("not_an_access_token"));
        }
        Ok(did)
    }

    /// What the user `did` has proven, as this identity token says, which must be the same user's.
    pub async fn verify_identity(&self, token: &str, did: &str) -> Result<Vec<LinkedAccount>, Unproven> {
        let identity: Identity = self.verify(token).await?;
        if identity.common.check()? != did {
            return Err(Unproven::Refused("identity_of_another"));
        }
        let linked = identity.linked_accounts.ok_or(Unproven::Refused("not_an_identity_token"))?;
        LinkedAccount::read(linked.as_bytes()).ok_or(Unproven::Refused("token_malformed"))
    }

    /// The claims of a token of the app's, if it is one and it is time.
    async fn verify<T: DeserializeOwned>(&self, token: &str) -> Result<T, Unproven> {
        if token.len() > LONGEST {
            return Err(Unproven::Refused("token_malformed"));
        }
        let header = decode_header(token).map_err(|error| refused(error.kind()))?;
        if header.alg != Algorithm::ES256 {
            return Err(Unproven::Refused("token_algorithm"));
        }
        if header.crit.is_some() {
            // `crit` lists extensions that a verifier must understand (RFC 7515, 4.1.11); this one knows none.
            return Err(Unproven::Refused("token_malformed"));
        }
        let key: DecodingKey = match &self.settings.verification_key {
            Some(key) => key.clone(),
            None => {
                let id = header.kid.ok_or(Unproven::Refused("token_key"))?;
                let key = self.keys.find(self.http, self.settings, &id).await?;
                key.ok_or(Unproven::Refused("token_key"))?
            }
        };
        let mut wanted = Validation::new(Algorithm::ES256);
        wanted.leeway = SKEW;
        wanted.validate_nbf = true;
        wanted.set_audience(&[&self.settings.app_id]);
        wanted.set_issuer(&[ISSUER]);
        wanted.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        let token = decode(token, &key, &wanted).map_err(|error| refused(error.kind()))?;
        Ok(token.claims)
    }
}

impl Common {
    /// The user's DID, in a token that was not issued in the future.
    fn check(self) -> Result<String, Unproven> {
        if self.iat > jsonwebtoken::get_current_timestamp() + SKEW {
            return Err(Unproven::Refused("token_not_yet_valid"));
        }
        let id = self.sub.strip_prefix("did:privy:").unwrap_or_default();
        let plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        if (1..=128).contains(&id.len()) && plain { Ok(self.sub) } else { Err(Unproven::Refused("token_subject")) }
    }
}

fn refused(kind: &ErrorKind) -> Unproven {
    Unproven::Refused(match kind {
        ErrorKind::InvalidSignature => "token_signature",
        ErrorKind::ExpiredSignature => "token_expired",
        ErrorKind::ImmatureSignature => "token_not_yet_valid",
        ErrorKind::InvalidIssuer => "token_issuer",
        ErrorKind::InvalidAudience => "token_audience",
        ErrorKind::InvalidAlgorithm => "token_algorithm",
        _ => "token_malformed",
    })
}
