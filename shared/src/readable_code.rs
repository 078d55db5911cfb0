//! Codes that people read out and type: coupons and referrals.

use crate::error::{Code, Error, Result};

/// Capital letters and digits without those that look like others: I, O, 0 and 1. 32 of them, five bits each.
const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// A code of so many characters, any as likely as the others.
///
/// # Errors
/// `internal_error` when the system gives no randomness.
pub fn generate(length: usize) -> Result<String> {
    let mut random = vec![0; length];
    getrandom::fill(&mut random).map_err(|error| {
        tracing::error!(%error, "no randomness for a code");
        Error::new(Code::InternalError)
    })?;
    Ok(random.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect())
}

/// Whether a text can be a code: what people and operators make up, too.
#[must_use]
pub fn is_code(text: &str) -> bool {
    (1..=40).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_of_the_alphabet_and_differ() {
        let codes: Vec<String> = (0..100).map(|_| generate(12).expect("a code")).collect();
        assert!(codes.iter().all(|code| code.len() == 12 && code.bytes().all(|byte| ALPHABET.contains(&byte))));
        assert_eq!(codes.iter().collect::<std::collections::BTreeSet<_>>().len(), 100);
        assert!(is_code("WELCOME-10") && is_code("a_b") && is_code(&codes[0]));
        assert!(!is_code("") && !is_code("a b") && !is_code(&"x".repeat(41)) && !is_code("é"));
    }
}
