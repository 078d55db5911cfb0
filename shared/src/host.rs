//! Names of hosts (RFC 1123).

/// The longest name, in bytes.
pub const LONGEST_HOST: usize = 253;
/// The longest part of a name between two dots, in bytes.
pub const LONGEST_LABEL: usize = 63;

/// Whether a host can have this name: letters, digits and inner hyphens between single dots.
#[must_use]
pub fn is_host(text: &str) -> bool {
    let is_label = |label: &str| {
        let ends = |byte: Option<u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric());
        (1..=LONGEST_LABEL).contains(&label.len())
            && ends(label.bytes().next())
            && ends(label.bytes().last())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    text.len() <= LONGEST_HOST && text.split('.').all(is_label)
}
