//! An ES256 key pair, and tokens signed with it.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// What comes before the secret number in a private key (PKCS #8, RFC 5915) and before the point in a public one
/// (RFC 5480), for the curve P-256.
const PRIVATE_HEAD: &[u8] =
    b"\x30\x41\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\
      \x04\x27\x30\x25\x02\x01\x01\x04\x20";
const PUBLIC_HEAD: &[u8] =
    b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00\x04";

/// A key pair with its id.
#[derive(Clone)]
pub struct KeyPair {
    id: String,
    private: EncodingKey,
    x: String,
    y: String,
}

impl KeyPair {
    /// The key pair that follows from `seed`.
    ///
    /// # Errors
    /// When the seed gives no key, which one in four billion does.
    pub fn derive(seed: &[u8]) -> Result<Self, Error> {
        let number = Sha256::digest(seed);
        let private = EncodingKey::from_ec_der(&[PRIVATE_HEAD, &number[..]].concat());
        let jwk = Jwk::from_encoding_key(&private, Algorithm::ES256)?;
        let AlgorithmParameters::EllipticCurve(point) = jwk.algorithm else {
            return Err(ErrorKind::InvalidEcdsaKey.into());
        };
        let id = URL_SAFE_NO_PAD.encode(&Sha256::digest(&point.x)[..16]);
        Ok(Self { id, private, x: point.x, y: point.y })
    }

    /// The public key, as a JWKS has it.
    #[must_use]
    pub fn jwk(&self) -> Value {
        json!({ "kty": "EC", "crv": "P-256", "x": self.x, "y": self.y, "kid": self.id, "use": "sig", "alg": "ES256" })
    }

    /// The public key as PEM, for `PRIVY_VERIFICATION_KEY`.
    #[must_use]
    pub fn pem(&self) -> String {
        let coordinate = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap_or_default();
        let der = STANDARD.encode([PUBLIC_HEAD, &coordinate(&self.x), &coordinate(&self.y)].concat());
        format!("-----BEGIN PUBLIC KEY-----\n{der}\n-----END PUBLIC KEY-----\n")
    }

    /// A token that says `claims`, whatever they are.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn sign(&self, claims: &Value) -> Result<String, Error> {
        self.sign_as(&self.id, claims)
    }

    /// A token that names another key than the one it is signed with.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn sign_as(&self, id: &str, claims: &Value) -> Result<String, Error> {
        self.sign_under(&Header { kid: Some(id.to_owned()), ..Header::new(Algorithm::ES256) }, claims)
    }

    /// A token with this head.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn sign_under(&self, header: &Header, claims: &Value) -> Result<String, Error> {
        encode(header, claims, &self.private)
    }

    /// The key's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_key_and_another_another() {
        let [one, same, other] = ["a", "a", "b"].map(|seed| KeyPair::derive(seed.as_bytes()).expect("a key"));
        assert_eq!((one.pem(), one.jwk()), (same.pem(), same.jwk()));
        assert_ne!(one.pem(), other.pem());
        assert_ne!(one.id(), other.id());
    }
}
