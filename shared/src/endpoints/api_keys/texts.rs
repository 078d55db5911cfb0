//! The texts in a key's settings: what each may be, for the gateway and for documentation.

use std::borrow::Cow;
use std::net::IpAddr;

use ipnet::IpNet;
use serde_json::json;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::host::{LONGEST_HOST, LONGEST_LABEL, is_host};

/// The longest model id.
const LONGEST_MODEL: usize = 200;

/// An IP address or network, as documentation sees it.
pub struct AddressRange;

impl AddressRange {
    /// The range in its usual form, if it is one.
    pub fn parse(text: &str) -> Option<String> {
        // Callers' addresses are compared in canonical form, never as IPv4-mapped IPv6, so ranges are kept in it, too.
        if !text.contains('/') {
            return text.parse::<IpAddr>().ok().map(|address| address.to_canonical().to_string());
        }
        let network = text.parse::<IpNet>().ok()?.trunc();
        let (address, length) = (network.network().to_canonical(), network.prefix_len());
        let canonical = match network {
            IpNet::V6(_) if address.is_ipv4() => IpNet::new(address, length.checked_sub(96)?).ok()?,
            _ => network,
        };
        Some(canonical.to_string())
    }
}

impl PartialSchema for AddressRange {
    fn schema() -> RefOr<Schema> {
        let byte = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
        let v4 = format!(r"{byte}(\.{byte}){{3}}(/(3[0-2]|[12]?[0-9]))?");
        let group = "[0-9A-Fa-f]{1,4}";
        // All eight groups, or a double colon in the place of one or more of them.
        let mut forms = vec![format!("({group}:){{7}}{group}"), format!("({group}:){{1,7}}:")];
        forms.extend((1..=6).map(|after| format!("({group}:){{1,{}}}(:{group}){{{after}}}", 7 - after)));
        forms.push(format!(":((:{group}){{1,7}}|:)"));
        let v6 = format!("({})(/(12[0-8]|1[01][0-9]|[1-9]?[0-9]))?", forms.join("|"));
        text(&format!("^({v4}|{v6})$"), "An IP address or a network in CIDR, of IPv4 or IPv6.", "192.0.2.0/24", 49)
    }
}

/// A host or all subdomains of one, as documentation sees it.
pub struct HostPattern;

impl HostPattern {
    /// The host in lower case, if it is one.
    pub fn parse(text: &str) -> Option<String> {
        let host = text.strip_prefix("*.").unwrap_or(text);
        (text.len() <= LONGEST_HOST && is_host(host)).then(|| text.to_ascii_lowercase())
    }
}

impl PartialSchema for HostPattern {
    fn schema() -> RefOr<Schema> {
        let label = format!("[A-Za-z0-9]([A-Za-z0-9-]{{0,{}}}[A-Za-z0-9])?", LONGEST_LABEL - 2);
        let description = "A host, or `*.` and a host for all of its subdomains.";
        text(&format!(r"^(\*\.)?{label}(\.{label})*$"), description, "*.example.com", LONGEST_HOST)
    }
}

/// Models, as documentation sees them.
pub struct ModelPattern;

impl ModelPattern {
    /// Whether this is a model's id, or `developer/*`. A provider in front of an id is no part of it.
    pub fn is_one(text: &str) -> bool {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
        text.len() <= LONGEST_MODEL
            && text.split_once('/').is_some_and(|(developer, model)| {
                let is_id = model.bytes().all(|b| plain(b) || matches!(b, b':' | b'/' | b'@' | b'+'));
                !developer.is_empty() && developer.bytes().all(plain) && (model == "*" || (!model.is_empty() && is_id))
            })
    }
}

impl PartialSchema for ModelPattern {
    fn schema() -> RefOr<Schema> {
        let pattern = "^[A-Za-z0-9._-]+/([*]|[A-Za-z0-9._:/@+-]+)$";
        text(pattern, "A model's id, or `developer/*` for all of a developer's.", "openai/*", LONGEST_MODEL)
    }
}

fn text(pattern: &str, description: &str, example: &str, longest: usize) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(pattern))
        .max_length(Some(longest))
        .description(Some(description))
        .examples([json!(example)])
        .into()
}

impl ToSchema for AddressRange {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("AddressRange")
    }
}

impl ToSchema for HostPattern {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("HostPattern")
    }
}

impl ToSchema for ModelPattern {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("ModelPattern")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_addresses_and_networks_of_both_families() {
        for (text, usual) in [
            ("192.0.2.1", "192.0.2.1"),
            ("192.0.2.77/24", "192.0.2.0/24"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("2001:DB8:0:0::1", "2001:db8::1"),
            ("2001:db8::/32", "2001:db8::/32"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.77/120", "192.0.2.0/24"),
            ("::ffff:0:0/96", "0.0.0.0/0"),
        ] {
            assert_eq!(AddressRange::parse(text).as_deref(), Some(usual), "{text}");
        }
        for text in
            ["", "192.0.2", "192.0.2.256", "192.0.2.1/33", "192.0.2.1/", "::/129", "fe80::1%eth0", "all", " ::1"]
        {
            assert_eq!(AddressRange::parse(text), None, "{text}");
        }
    }

    #[test]
    fn hosts_are_names_and_wildcards_of_them() {
        for text in ["example.com", "*.Example.com", "localhost", "a-b.c0", "xn--bcher-kva.example"] {
            assert_eq!(HostPattern::parse(text), Some(text.to_ascii_lowercase()), "{text}");
        }
        let long = format!("{}.example", "a".repeat(LONGEST_LABEL + 1));
        for text in
            ["", "*", "*.", "*.*.a", "a.*", "https://a.b", "a.b:80", "a..b", ".a", "a.", "-a.b", "a_b", "é.fr", &long]
        {
            assert_eq!(HostPattern::parse(text), None, "{text}");
        }
    }

    #[test]
    fn models_are_ids_and_developers() {
        for text in ["openai/gpt-4o", "openai/*", "openai/gpt-oss-20b:free", "test/a/b"] {
            assert!(ModelPattern::is_one(text), "{text}");
        }
        for text in
            ["", "*", "openai", "openai/", "/x", "openai/gpt-*", "openrouter:openai/gpt-4o", "open ai/x", "a/b\n"]
        {
            assert!(!ModelPattern::is_one(text), "{text}");
        }
    }
}
