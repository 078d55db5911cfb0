//! Codes that are mailed: six digits, of which only an HMAC is kept.

use std::fmt;

use crate::api_key::hash;
use crate::config::Pepper;
use crate::error::{Code as ErrorCode, Error, Result};

/// How many codes there are.
const CODES: u32 = 1_000_000;

/// A new code, to be mailed once. `Debug` does not show it.
pub struct Code(u32);

impl Code {
    /// Any of the million, each as likely as the others.
    ///
    /// # Errors
    /// `internal_error` when the system gives no randomness.
    pub fn generate() -> Result<Self> {
        // Rejection sampling: the remainder at the top of the range would make the lowest codes a little likelier.
        const FAIR: u32 = u32::MAX - u32::MAX % CODES;
        loop {
            let random = getrandom::u32().map_err(|error| {
                tracing::error!(%error, "no randomness for a code");
                Error::new(ErrorCode::InternalError)
            })?;
            if random < FAIR {
                return Ok(Self(random % CODES));
            }
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06}", self.0)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code")
    }
}

/// What is kept of the code `code` for the address `email`: under another address the same code is another hash, and
/// without the pepper a million tries would find nothing.
#[must_use]
pub fn hash_for(email: &str, code: &str, pepper: &Pepper) -> String {
    // Domain separation: no API key begins like this, and no address holds a line feed.
    hash(&format!("sign-in code\n{email}\n{code}"), pepper)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_six_digits_and_its_hash_is_the_addresss_own() {
        let codes: Vec<String> = (0..100).map(|_| Code::generate().expect("a code").to_string()).collect();
        assert!(codes.iter().all(|code| code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit())), "{codes:?}");
        assert!(codes.iter().any(|code| code != &codes[0]));
        assert_eq!(Code(7).to_string(), "000007");
        assert_eq!(format!("{:?}", Code(123_456)), "Code");
        let peppers = [1, 2].map(|version| Pepper { version, secret: version.to_string().repeat(32) });
        let one = hash_for("a@x.y", "000007", &peppers[0]);
        assert_ne!(one, hash_for("b@x.y", "000007", &peppers[0]));
        assert_ne!(one, hash_for("a@x.y", "000007", &peppers[1]));
        assert_ne!(one, hash_for("a@x.y", "000008", &peppers[0]));
    }
}
