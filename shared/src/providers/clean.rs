//! A provider's sentence as a caller and the log may see it: of one line and a bounded length, without anything that
//! could be a key, an address, or the name of an account.
//!
//! What is left out is not known by name alone: providers quote the ends of keys, organizations, hosts of their own.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

/// Characters that are kept of a sentence; a few times as many are looked at.
const LONGEST: usize = 500;
/// What stands for something left out.
const LEFT_OUT: &str = "[…]";
/// Behind these, validators quote the request.
const QUOTES: [&str; 4] = ["input_value=", "[input=", "'input':", "\"input\":"];
/// How keys, and ids of accounts, begin.
const BEGINNINGS: [&str; 18] = [
    "sk-", "sk_", "pk-", "pk_", "rk_", "rc_", "cpk_", "gw_", "gsk_", "xai-", "key-", "key_", "org-", "org_", "acct_",
    "proj_", "user_", "user-",
];
/// A name follows.
const OWNERS: [&str; 7] = ["organization", "organisation", "org", "account", "workspace", "team", "project"];
/// Endings of internal host names.
const INSIDE: [&str; 5] = [".local", ".internal", ".svc", ".lan", ".intranet"];

/// The sentence without what nobody may see; `None` if nothing is left of it. `hidden` is known to be secret.
pub fn clean(text: &str, hidden: &[&str]) -> Option<String> {
    let end = QUOTES.iter().filter_map(|quote| text.find(quote)).min().unwrap_or(text.len());
    let line: String = text[..end].chars().take(4 * LONGEST).filter_map(printed).collect();
    let (mut cleaned, mut owner) = (String::new(), false);
    for word in line.split_whitespace() {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        let is_name = owner && !bare.bytes().all(|byte| byte.is_ascii_lowercase());
        let shown =
            if is_name || is_secret(word, bare, hidden) { Cow::Borrowed(LEFT_OUT) } else { Cow::Borrowed(word) };
        if !cleaned.is_empty() {
            cleaned.push(' ');
        }
        cleaned.push_str(&shown);
        owner = OWNERS.contains(&bare.to_lowercase().as_str());
    }
    if cleaned.chars().count() > LONGEST {
        cleaned = cleaned.chars().take(LONGEST - 1).chain(['…']).collect();
    }
    (!cleaned.is_empty()).then_some(cleaned)
}

/// A character as it is printed: on one line, and in the direction of the others.
fn printed(character: char) -> Option<char> {
    match character {
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => None,
        character if character.is_control() => Some(' '),
        character => Some(character),
    }
}

fn is_secret(word: &str, bare: &str, hidden: &[&str]) -> bool {
    let is_hidden = hidden.iter().any(|secret| secret.len() >= 6 && word.contains(secret));
    let is_address = word.contains("://")
        || bare.split_once('@').is_some_and(|(_, host)| host.contains('.'))
        || bare.parse::<IpAddr>().is_ok()
        || bare.parse::<SocketAddr>().is_ok()
        || INSIDE.iter().any(|end| bare.split(':').next().is_some_and(|host| host.ends_with(end)));
    let is_masked = word.contains("***") || word.contains("•••");
    is_hidden || is_address || is_masked || parts(word).any(is_key)
}

/// The runs of a word that a key could be.
fn parts(word: &str) -> impl Iterator<Item = &str> {
    word.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_'))
}

/// Whether this begins as keys do, is a UUID, or has a run in it that nobody would write by hand.
fn is_key(part: &str) -> bool {
    let begins = BEGINNINGS.iter().any(|beginning| part.len() > beginning.len() && part.starts_with(beginning));
    let is_random = |run: &str| {
        let has = |of: fn(&u8) -> bool| run.as_bytes().iter().any(of);
        run.len() >= 16 && has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic)
    };
    begins || uuid::Uuid::try_parse(part).is_ok() || part.split(['-', '_']).any(is_random)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_stays_and_what_is_secret_goes() {
        let hidden = ["upstream-secret", "gateway.example"];
        for (text, kept) in [
            ("'temperature': must be at most 2", "'temperature': must be at most 2"),
            ("claude-3-5-sonnet-20241022 takes\n\n\tno `logprobs`", "claude-3-5-sonnet-20241022 takes no `logprobs`"),
            ("meta-llama/llama-3.3-70b-instruct at 1.5", "meta-llama/llama-3.3-70b-instruct at 1.5"),
            ("the key upstream-secret, sk-abc and ****3f9c", "the key […] […] and […]"),
            ("(key=sk-proj-abcdef)", "[…]"),
            ("id 0b4c1c1e-7a3c-4f5e-9d38-0b6f1c2d3e4f of deadbeefdeadbeef01", "id […] of […]"),
            ("see https://gateway.example/x or 10.0.0.7:8000, a@b.example", "see […] or […] […]"),
            ("gateway.example and vllm-0.svc.cluster.local", "[…] and […]"),
            ("in organization Acme-Corp on tokens", "in organization […] on tokens"),
            ("Your organization must be verified", "Your organization must be verified"),
            ("1 error: [type=x, input_value='my prompt']", "1 error: [type=x,"),
            ("a\u{202e}b\u{0}c", "ab c"),
        ] {
            assert_eq!(clean(text, &hidden).as_deref(), Some(kept), "{text}");
        }
        assert_eq!(clean(" \n", &hidden), None);
        assert_eq!(clean(&"é ".repeat(3000), &[]).map(|text| text.chars().count()), Some(LONGEST));
    }
}
