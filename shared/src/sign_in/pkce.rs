//! What proves that whoever exchanges a code is who asked for it (RFC 7636): the challenge of a secret at first, the secret
//! itself at last. And the code between the two.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;

use crate::api_key::hash;
use crate::config::Pepper;
use crate::error::{Code, Error, Result};

/// The shortest and the longest verifier, and challenge (RFC 7636, 4.1 and 4.2).
const LENGTHS: std::ops::RangeInclusive<usize> = 43..=128;
/// What a code begins with.
const PREFIX: &str = "auth_code_";

/// How a challenge is made of a verifier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
pub enum ChallengeMethod {
    /// It is its SHA-256 in base64url.
    #[default]
    S256,
    /// It is the verifier.
    #[serde(rename = "plain")]
    Plain,
}

impl ChallengeMethod {
    /// As requests name it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::S256 => "S256",
            Self::Plain => "plain",
        }
    }

    /// The method of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::S256, Self::Plain].into_iter().find(|method| method.as_str() == name)
    }

    /// The challenge that this method makes of a verifier.
    #[must_use]
    pub fn challenge(self, verifier: &str) -> String {
        match self {
            Self::S256 => URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())),
            Self::Plain => verifier.to_owned(),
        }
    }

    /// Checks a challenge.
    ///
    /// # Errors
    /// 400 that names `code_challenge`.
    pub fn check(self, challenge: &str) -> Result<()> {
        // A SHA-256 has 43 characters.
        let has_length = match self {
            Self::S256 => challenge.len() == *LENGTHS.start(),
            Self::Plain => LENGTHS.contains(&challenge.len()),
        };
        if has_length && challenge.bytes().all(is_unreserved) {
            return Ok(());
        }
        Err(Error::invalid(
            "code_challenge",
            "`code_challenge` is the SHA-256 of the `code_verifier` in base64url, or with `code_challenge_method=plain` the \
             verifier itself, of 43 to 128 characters.",
        ))
    }
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// A new code, of 32 random bytes.
///
/// # Errors
/// `internal_error` when the system gives no randomness.
pub fn new_code() -> Result<String> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(|error| {
        tracing::error!(%error, "no randomness for a code");
        Error::new(Code::InternalError)
    })?;
    Ok(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(random)))
}

/// What is kept of a code.
#[must_use]
pub fn code_hash(code: &str, pepper: &Pepper) -> String {
    // No API key begins like a code, so the hash of one is never that of the other.
    hash(code, pepper)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_made_as_the_standard_says() {
        // RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(ChallengeMethod::S256.challenge(verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert_eq!(ChallengeMethod::Plain.challenge(verifier), verifier);
    }

    #[test]
    fn a_challenge_that_cannot_be_one_is_refused() {
        let (short, long) = ("a".repeat(42), "a".repeat(129));
        for (method, challenge, good) in [
            (ChallengeMethod::S256, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", true),
            (ChallengeMethod::S256, short.as_str(), false),
            (ChallengeMethod::S256, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw+cM", false),
            (ChallengeMethod::S256, &long[..128], false),
            (ChallengeMethod::Plain, &long[..128], true),
            (ChallengeMethod::Plain, &long, false),
            (ChallengeMethod::Plain, "", false),
        ] {
            assert_eq!(method.check(challenge).is_ok(), good, "{method:?} {challenge}");
        }
    }

    #[test]
    fn every_code_is_another_and_no_key() {
        let (one, other) = (new_code().expect("a code"), new_code().expect("a code"));
        assert!(one != other && one.starts_with(PREFIX) && one.len() == PREFIX.len() + 43);
    }
}
