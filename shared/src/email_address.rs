//! E-mail addresses, checked as far as that is possible without sending a mail.

use crate::error::{Error, Result};
use crate::host::is_host;

/// The longest address that SMTP carries, in bytes.
const LONGEST: usize = 254;
/// The longest part before the `@` (RFC 5321), in bytes.
const LONGEST_LOCAL: usize = 64;

/// The address as accounts have it, in lower case, or nothing if it is none.
///
/// ASCII only: other letters have more than one lower case, and two mailboxes must never be one account. Nothing
/// quoted: whoever is to deliver a mail must read no other address in it than we do.
#[must_use]
pub fn normal(address: &str) -> Option<String> {
    let (local, domain) = address.split_once('@')?;
    let is_atom = |atom: &str| {
        !atom.is_empty()
            && atom.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte))
    };
    let is_local = local.len() <= LONGEST_LOCAL && local.split('.').all(is_atom);
    let plain = is_local && is_host(domain) && domain.contains('.');
    (plain && address.len() <= LONGEST).then(|| address.to_ascii_lowercase())
}

/// The address of a request's member `email`, in lower case.
///
/// # Errors
/// 400, naming the member.
pub fn check(address: &str) -> Result<String> {
    normal(address).ok_or_else(|| Error::invalid("email", "`email` is not an e-mail address."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_addresses_are_taken_and_none_becomes_another() {
        assert_eq!(normal("A.b+c@Example.COM").as_deref(), Some("a.b+c@example.com"));
        // U+212A, the Kelvin sign, has the lower case `k`.
        let others = ["", "a", "@x.y", "a@", "a@x", "a@x.y@z.w", "a b@x.y", "a@x.y\n", "\u{212a}@x.y", "a@x.\0y"];
        for other in others.into_iter().chain(["a<b@x.y>", "a@x.y,b", "\"a\"@x.y", "a:b@x.y"]) {
            assert_eq!(normal(other), None, "{other:?}");
        }
        for nowhere in ["a@.", "a@..", "a@b..c", "a@x.y.", "a@-x.y", "a@x-.y", ".a@x.y", "a.@x.y", "a..b@x.y"] {
            assert_eq!(normal(nowhere), None, "{nowhere:?}");
        }
        assert_eq!(normal(&format!("{}@x.yz", "a".repeat(65))), None);
        assert_eq!(normal(&format!("{}@{}yz", "a".repeat(64), "x.".repeat(94))), None);
    }
}
