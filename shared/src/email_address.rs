//! E-mail addresses, as far as they can be told without writing to them.

use crate::error::{Error, Result};

/// The longest address that SMTP carries, in bytes.
const LONGEST: usize = 254;

/// The address as accounts have it, in lower case, or nothing if it is none.
///
/// ASCII only: other letters have more than one lower case, and two mailboxes must never be one account. Nothing
/// quoted: whoever is to deliver a mail must read no other address in it than we do.
#[must_use]
pub fn normal(address: &str) -> Option<String> {
    let (local, domain) = address.split_once('@')?;
    let all = |part: &str, further: &[u8]| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || further.contains(&byte))
    };
    let plain = all(local, b"!#$%&'*+-/=?^_`{|}~.") && all(domain, b"-.");
    (plain && domain.contains('.') && address.len() <= LONGEST).then(|| address.to_ascii_lowercase())
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
        assert_eq!(normal(&format!("{}@x.yz", "a".repeat(250))), None);
    }
}
