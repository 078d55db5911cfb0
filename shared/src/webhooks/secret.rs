//! What deliveries are signed with, as Standard Webhooks has it
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>): `whsec_` and a key in base64; the
//! signature is `v1,` and an HMAC-SHA256 of `id.timestamp.body`, also in base64, one for each secret, with spaces between them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::error::{Code, Error, Result};

const PREFIX: &str = "whsec_";

/// A new secret: 32 random bytes.
///
/// # Errors
/// `internal_error` when the system gives no randomness.
pub fn generate() -> Result<String> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(|error| {
        tracing::error!(%error, "no randomness for a webhook's secret");
        Error::new(Code::InternalError)
    })?;
    Ok(format!("{PREFIX}{}", STANDARD.encode(random)))
}

/// The signatures of a message under these secrets. A secret that is none signs nothing.
pub fn signatures<'a>(secrets: impl Iterator<Item = &'a str>, id: &str, at: i64, body: &str) -> String {
    let signed = secrets.filter_map(|secret| {
        let key = STANDARD.decode(secret.strip_prefix(PREFIX)?).ok().filter(|key| !key.is_empty())?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
        mac.update(format!("{id}.{at}.{body}").as_bytes());
        Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
    });
    signed.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_specification_is_signed_so() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let body = r#"{"test": 2432232314}"#;
        let signed =
            |secrets: &[&str]| signatures(secrets.iter().copied(), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body);
        assert_eq!(signed(&[secret]), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
        let both = signed(&[secret, "whsec_", "none", &generate().expect("a secret")]);
        assert_eq!(both.split(' ').count(), 2, "{both}");
    }

    #[test]
    fn a_new_secret_is_like_no_other() {
        let (one, other) = (generate().expect("a secret"), generate().expect("a secret"));
        assert!(one != other && one.len() == 50, "{one}");
    }
}
