//! A blind index: the words of a text as keyed hashes, by which it can be found without being readable.
//!
//! Words are those of Unicode's text segmentation (UAX #29), in lower case; of scripts that write no spaces each ideograph
//! is one. The hash is an HMAC under a key that is derived from the encryption key, so each key of the keyring has
//! its own terms. The database mixes in the account, so that no two accounts have the same term for a word.

use std::collections::BTreeSet;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use unicode_segmentation::UnicodeSegmentation as _;

use crate::config::EncryptionKey;

/// Of a message that has more different words, the first so many can be found.
const MOST: usize = 4000;

/// The different words of a text, in lower case, the first [`MOST`] of them.
#[must_use]
pub fn words(text: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    for word in text.unicode_words() {
        words.insert(word.to_lowercase());
        if words.len() == MOST {
            break;
        }
    }
    words
}

/// The terms of words under one key.
#[must_use]
pub fn terms(words: &BTreeSet<String>, key: &EncryptionKey) -> Vec<i64> {
    words.iter().filter_map(|word| term(word, key)).collect()
}

/// The term of a text as a whole, by which the database knows it again without reading it.
#[must_use]
pub fn term_of_all(text: &str, key: &EncryptionKey) -> Option<i64> {
    // No word has a control character.
    term(&format!("\0{text}"), key)
}

fn term(text: &str, key: &EncryptionKey) -> Option<i64> {
    let mut hash = Hmac::<Sha256>::new_from_slice(&key.search).ok()?;
    hash.update(text.as_bytes());
    hash.finalize().into_bytes().first_chunk().map(|first| i64::from_be_bytes(*first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_told_apart_in_every_script_and_their_case_is_none() {
        let all: Vec<String> = words("The Cat's Äpfel, 天気 GPT-4o 3.14 — the").into_iter().collect();
        assert_eq!(all, ["3.14", "4o", "cat's", "gpt", "the", "äpfel", "天", "気"]);
    }

    #[test]
    fn a_text_of_many_words_has_so_many_terms() {
        let text: String = (0..MOST + 10).map(|n| format!("w{n} ")).collect();
        assert_eq!(words(&text).len(), MOST);
    }
}
