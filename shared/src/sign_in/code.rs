//! Codes that are mailed: six digits, of which only an HMAC is kept.
//!
//! A code is made of the pepper, an address and a nonce, and of nothing else: the outbox of mail holds the nonce, and whoever sends the
//! mail, now or after a crash, makes the same code of it. So a code stands nowhere, and without the pepper nobody makes it.

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::api_key::hash;
use crate::config::Pepper;

/// How many codes there are.
const CODES: u64 = 1_000_000;

/// What a mail's code is made of, as the outbox holds it.
#[derive(Clone, Copy, Debug, Deserialize, Serialize)]
pub struct Recipe {
    /// What is new with each code.
    nonce: Uuid,
    /// The version of the pepper.
    pepper: u32,
}

impl Recipe {
    /// Of a new code.
    #[must_use]
    pub fn new(pepper: &Pepper) -> Self {
        Self { nonce: Uuid::new_v4(), pepper: pepper.version }
    }

    /// The code for an address; nothing if the pepper is not there any more.
    #[must_use]
    pub fn code(&self, email: &str, peppers: &[Pepper]) -> Option<Code> {
        let pepper = peppers.iter().find(|pepper| pepper.version == self.pepper)?;
        // Domain separation: no API key begins like this, and neither does what is kept of a code.
        let digest = hash(&format!("sign-in code of\n{email}\n{}", self.nonce), pepper);
        // Of 2^64 numbers the lowest codes get one in 10^13 more than the highest.
        let number = u64::from_str_radix(digest.get(..16)?, 16).ok()?;
        u32::try_from(number % CODES).ok().map(Code)
    }
}

/// A code, to be mailed once. `Debug` does not show it.
pub struct Code(u32);

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
    fn a_code_has_six_digits_and_is_its_nonces_its_addresss_and_its_peppers_own() {
        let peppers = [1, 2].map(|version| Pepper { version, secret: version.to_string().repeat(32) });
        let made = |recipe: &Recipe, email: &str| recipe.code(email, &peppers).map(|code| code.to_string());
        let recipes: Vec<Recipe> = (0..100).map(|_| Recipe::new(&peppers[0])).collect();
        let codes: Vec<String> = recipes.iter().filter_map(|recipe| made(recipe, "a@x.y")).collect();
        assert!(codes.iter().all(|code| code.len() == 6 && code.bytes().all(|b| b.is_ascii_digit())), "{codes:?}");
        assert!(codes.len() == 100 && codes.iter().any(|code| code != &codes[0]));
        let again: Vec<String> = recipes.iter().filter_map(|recipe| made(recipe, "a@x.y")).collect();
        assert_eq!(again, codes);
        let others = |email: &str, pepper: u32| {
            recipes.iter().filter_map(|recipe| made(&Recipe { pepper, ..*recipe }, email)).collect::<Vec<_>>()
        };
        assert!(others("b@x.y", 1) != codes && others("a@x.y", 2) != codes && others("a@x.y", 3).is_empty());
        assert_eq!(Code(7).to_string(), "000007");
        assert_eq!(format!("{:?}", Code(123_456)), "Code");
        let one = hash_for("a@x.y", "000007", &peppers[0]);
        assert_ne!(one, hash_for("b@x.y", "000007", &peppers[0]));
        assert_ne!(one, hash_for("a@x.y", "000007", &peppers[1]));
        assert_ne!(one, hash_for("a@x.y", "000008", &peppers[0]));
    }
}
